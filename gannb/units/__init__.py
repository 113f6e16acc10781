"""What each unit of work does: pure functions of what they read.

They read the study's copy of the data, the folders of the units they need and the parameters of their own unit, and
write into the folder they are given. Raise a unit's version in `wiring.py` when its result changes.
"""
