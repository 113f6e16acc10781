"""A study at work: its settings, the plan of its units, their results, and what would fail, refused before."""
