"""Classical augmentation of sentences: what it may do, and how it is done."""
