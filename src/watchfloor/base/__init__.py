"""The shared words of the house: tables, units, random streams, configuration, kinds, errors.

Nothing of ours is imported here, and what is here is needed by at least three rooms.
Read ``truth`` (what only the simulator knows) and ``picture`` (what an operator could know) first.
"""
