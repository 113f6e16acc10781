"""What each unit of work does: pure functions of what they read.

They read the study's copy of the data, the folders of the units they need and the parameters of their own unit, and
write into the folder they are given. Raise a kind's version in `kinds.py` when the result of its function changes.

The plan of a study names these functions. What takes torch is imported inside them, since neither a study's status nor
its answer must wait for it.
"""
