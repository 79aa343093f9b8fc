"""From records to numbers: tracking, exposure, defence, and honest statistics over replicates.

Of a tracker: ``gospa`` (one moment), ``trajectories`` (trajectory GOSPA, OSPA(2)), ``siap``, ``tracking`` (a run),
``consistency`` (NEES, NIS, whiteness, calibration). Of learning: ``ceilings`` (what it can gain at most),
``identity`` (posteriors over types against truth).

What comes in are recorded tables, truth included; nothing here feeds back into a run.
"""
