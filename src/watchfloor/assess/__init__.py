"""From records to numbers: tracking (GOSPA), exposure, defence, and honest statistics over replicates.

What comes in are recorded tables, truth included; nothing here feeds back into a run.
"""
