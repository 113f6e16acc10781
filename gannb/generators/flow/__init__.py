"""Flow matching: generators that carry noise to items along a learnt field of velocities, without an adversary."""
