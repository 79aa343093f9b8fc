"""One time budget for search and track: which dwells of a frame are made, what is left, and what it all radiates.

Nothing here knows geometry or draws numbers: a kind says what each dwell costs and how much it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.radar import Radar


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


def dwell_energy_j(radar: Radar) -> float:
    """Energy that a radar sends in one usual dwell: all pulses of all its looks.

    Parameters
    ----------
    radar : Radar
        The radar. All elevations that a rotating or staring radar takes at once are one dwell.

    Returns
    -------
    float
        Peak power times pulse width times pulses. [J]

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 1.2 (average power is peak power times duty cycle).
    """
    return radar.peak_power_w * radar.waveform.pulse_width_s * radar.n_coherent * radar.n_pulses


def mean_power_w(radar: Radar) -> float:
    """Mean power that a radar sends while it works: that of a usual dwell. [W]"""  # noqa: D400, D415
    return dwell_energy_j(radar) / radar.dwell_s


@dataclass(frozen=True, kw_only=True, eq=False)
class Load(Columns):
    """What radars spend their time and energy on; one row a frame of a steered face, a tick of any other radar."""

    sensor: IntArray
    """(n,) row of the sensor."""
    t_s: FloatArray
    """(n,) start of the frame or tick. [s]"""
    track_s: FloatArray
    """(n,) time of dwells at tracks that were asked for. [s]"""
    confirm_s: FloatArray
    """(n,) time of dwells that look again where search found something. [s]"""
    search_s: FloatArray
    """(n,) time of the search. [s]"""
    track_j: FloatArray
    """(n,) energy sent in dwells at tracks that were asked for. [J]"""
    confirm_j: FloatArray
    """(n,) energy sent in dwells that look again. [J]"""
    search_j: FloatArray
    """(n,) energy sent in the search. [J]"""
    n_dropped: IntArray
    """(n,) dwells that did not fit."""

    @classmethod
    def of(
        cls,
        radar: Radar,
        sensor: int,
        *,
        t_s: FloatArray,
        track_s: FloatArray,
        confirm_s: FloatArray,
        search_s: FloatArray,
        n_dropped: IntArray,
    ) -> Load:
        """Return the table of one radar: while it works it sends its mean power, whatever it works on."""
        power_w = mean_power_w(radar)
        return cls(
            sensor=np.full(len(t_s), sensor),
            t_s=t_s,
            track_s=track_s,
            confirm_s=confirm_s,
            search_s=search_s,
            track_j=power_w * track_s,
            confirm_j=power_w * confirm_s,
            search_j=power_w * search_s,
            n_dropped=n_dropped,
        )

    @classmethod
    def empty(cls) -> Load:
        """Return a table without rows."""
        none, nobody = np.empty(0), np.empty(0, np.int64)
        seconds = dict.fromkeys(("t_s", "track_s", "confirm_s", "search_s", "track_j", "confirm_j", "search_j"), none)
        return cls(sensor=nobody, n_dropped=nobody, **seconds)

    @property
    def energy_j(self) -> FloatArray:
        """(n,) all that was sent. [J]"""  # noqa: D400, D415
        return self.track_j + self.confirm_j + self.search_j


def steady_load(radar: Radar, sensor: int, since_s: float, until_s: float) -> Load:
    """What a radar spends that cannot choose: it searches all the time and sends its mean power.

    Parameters
    ----------
    radar : Radar
        One that turns or stares.
    sensor : int
        Its row in the run's sensor list.
    since_s, until_s : float
        Begin and end of a tick. [s]

    Returns
    -------
    Load
        One row, none if the tick has no length.
    """
    if until_s <= since_s:
        return Load.empty()
    none = np.zeros(1)
    return Load.of(
        radar,
        sensor,
        t_s=np.array([since_s]),
        track_s=none,
        confirm_s=none,
        search_s=np.array([until_s - since_s]),
        n_dropped=np.zeros(1, np.int64),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Dwells(Columns):
    """Dwells at tracks that a steered face has made; one row a dwell, in order."""

    t_s: FloatArray
    """(n,) centre. [s]"""
    sensor: IntArray
    """(n,) row of the sensor."""
    track: IntArray
    """(n,) track number that it was asked for, -1 where the face looked again on its own account."""
    dwell: FloatArray
    """(n,) length over the radar's usual one. [1]"""
