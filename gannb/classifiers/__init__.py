"""Training classifiers on real and synthetic items."""
