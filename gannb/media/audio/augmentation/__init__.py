"""Classical augmentation of clips: what it may do, and how it is done."""
