"""One time budget for search and track: which dwells of a frame are made, in which order, and what is left.

Nothing here knows geometry or draws numbers: a kind says what each dwell costs and how much it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.units import FloatArray, IntArray


class Allotment(NamedTuple):
    """What a frame's time goes to."""

    chosen: IntArray
    """(m,) rows of the dwells that are made, most needed first."""
    n_dropped: int
    """Dwells that are not."""
    left_s: float
    """Time that is left for search. [s]"""


def allot(need: FloatArray, cost_s: FloatArray, *, budget_s: float, search_share: float) -> Allotment:
    """Give a frame's time to the dwells that are needed most; search keeps at least its share.

    Parameters
    ----------
    need : (n,) array
        How much each dwell is needed; the larger first, rows of equal need in their order. [1]
    cost_s : (n,) array
        Time of each dwell, above 0. [s]
    budget_s : float
        Time of the frame. [s]
    search_share : float
        Least share of the frame that search gets, 0 to 1. [1]

    Returns
    -------
    Allotment
        Dwells are taken in the order of need until one does not fit; that one and all after it are dropped, so a dwell
        is never dropped for the sake of one that is needed less.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Examples
    --------
    >>> allot(np.array([1.0, 3.0, 2.0]), np.full(3, 0.3), budget_s=1.0, search_share=0.4)
    Allotment(chosen=array([1, 2]), n_dropped=1, left_s=0.4)
    """
    if not 0.0 <= search_share <= 1.0:
        raise ValueError(f"search_share must lie in [0, 1], got {search_share!r}")
    if not (np.isfinite(budget_s) and budget_s > 0.0):
        raise ValueError(f"budget_s must be above 0 and finite, got {budget_s!r}")
    if need.shape != cost_s.shape or not (np.isfinite(need).all() and (cost_s > 0.0).all()):
        raise ValueError("need must be finite and cost_s above 0, one of each a dwell")
    order = np.argsort(-need, kind="stable")
    spent = np.cumsum(cost_s[order])
    n = int(np.searchsorted(spent, (1.0 - search_share) * budget_s * (1.0 + 1e-12), side="right"))
    used_s = float(spent[n - 1]) if n else 0.0
    return Allotment(order[:n], len(need) - n, budget_s - used_s)


@dataclass(frozen=True, kw_only=True, eq=False)
class Load(Columns):
    """What a radar's time went to; one row a frame."""

    t_s: FloatArray
    """(n,) start of the frame. [s]"""
    track_s: FloatArray
    """(n,) time of dwells at tracks that were asked for. [s]"""
    confirm_s: FloatArray
    """(n,) time of dwells that look again where search found something. [s]"""
    search_s: FloatArray
    """(n,) time of the search. [s]"""
    n_dropped: IntArray
    """(n,) dwells that did not fit."""
