"""From what was measured to the answer: evidence, claims, options, verdict, and the sentences that say them."""
