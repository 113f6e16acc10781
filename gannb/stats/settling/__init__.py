"""Answers that settle: repeated folds and draws, the floor of an interval, looks, planning, pooling of studies."""
