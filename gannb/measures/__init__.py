"""What synthetic items are like: fidelity, diversity, copying, in every feature space."""
