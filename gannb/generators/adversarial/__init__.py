"""GANs: one training loop for every family, its losses, its guard, its checkpoints, and sampling."""
