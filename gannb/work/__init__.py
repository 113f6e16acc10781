"""Units of work: keys, leases, engines, progress. It knows nothing of what a unit does."""
