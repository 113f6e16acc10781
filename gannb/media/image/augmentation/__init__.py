"""Classical augmentation of images: what it may do, and how it is done."""
