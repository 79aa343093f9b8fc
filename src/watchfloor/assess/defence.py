"""What the defence achieved: shots, kills, leakers, and why each shot ended as it did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watchfloor.base.truth import Effects, Outcome


@dataclass(frozen=True)
class Defence:
    """Outcome of one mission against one group of movers."""

    n_shots: int
    """Rounds fired, at anything."""
    n_arrived: int
    """Rounds that arrived at one of the movers with a track and inside the envelope: kill or miss."""
    n_killed: int
    """Movers of the group killed."""
    n_leakers: int
    """Movers of the group that survived."""
    n_others_killed: int
    """Movers outside the group killed."""
    first_shot_range_m: float
    """Slant range to the predicted point of arrival of the first round fired; NaN if none was. [m]"""
    p_survive: float
    """Expected share of the group that survives the rounds that arrived, before the dice: mean of prod(1 - pk). [1]"""
    causes: dict[str, int]
    """Rounds by outcome, every outcome named."""


def defence(effects: Effects, *, group: np.ndarray) -> Defence:
    """Sum up a mission's effects.

    Parameters
    ----------
    effects : Effects
        All rows of the mission.
    group : (g,) int array
        Movers the question is about.

    Returns
    -------
    Defence
        Counts and expectations. Rounds that arrive after a kill are not counted in ``p_survive``: they met nothing.
    """
    fired = effects.outcome != Outcome.NOT_FIRED
    arrived = np.isin(effects.outcome, (Outcome.KILL, Outcome.MISS)) & np.isin(effects.mover, group)
    killed = effects.mover[effects.outcome == Outcome.KILL]
    n_killed = len(np.intersect1d(killed, group))
    survive = [np.prod(1.0 - effects.pk[arrived & (effects.mover == mover)]) for mover in group]
    first = np.flatnonzero(fired)
    first_range_m = np.nan
    if len(first):
        first_range_m = float(effects.range_m[first[effects.launch_s[first].argmin()]])
    return Defence(
        n_shots=int(fired.sum()),
        n_arrived=int(arrived.sum()),
        n_killed=n_killed,
        n_leakers=len(group) - n_killed,
        n_others_killed=len(np.setdiff1d(killed, group)),
        first_shot_range_m=first_range_m,
        p_survive=float(np.mean(survive)) if len(group) else np.nan,
        causes={outcome.name.lower(): int((effects.outcome == outcome).sum()) for outcome in Outcome},
    )
