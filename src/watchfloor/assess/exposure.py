"""How exposed a mover was: when it was tracked, identified, and fit to be shot at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watchfloor.base.picture import Identities, Status, Tracks
from watchfloor.base.truth import Flown
from watchfloor.base.units import BoolArray, FloatArray, IntArray

FOLLOWS_M = 5000.0
"""A track follows a mover while it is the nearest confirmed one and closer than this: a few VHF cells. [m]"""


@dataclass(frozen=True)
class Encounter:
    """One mover against one air picture, tick by tick; rows in time order."""

    tick_s: FloatArray
    """(n,) end of the tick. [s]"""
    range_m: FloatArray
    """(n,) slant range from the place asked about. [m]"""
    track: IntArray
    """(n,) number of the track that follows it, -1 for none."""
    p_type: FloatArray
    """(n,) probability that track's identity gives to the mover's true type, 0 without a track. [1]"""
    fire_control: BoolArray
    """(n,) whether that track is fed by a fire-control sensor and precise enough to shoot on."""

    def first_range_m(self, when: BoolArray, *, in_a_row: int = 2) -> float:
        """Return the range at the first tick from which ``when`` holds ``in_a_row`` ticks; 0 if it never does. [m]"""
        if len(when) < in_a_row:
            return 0.0
        runs = np.lib.stride_tricks.sliding_window_view(when, in_a_row).all(axis=1)
        return float(self.range_m[int(runs.argmax())]) if runs.any() else 0.0

    def share_since_track(self, when: BoolArray) -> float:
        """Return the share of the ticks since the first track in which ``when`` holds; 0 if there never was a track."""
        held = self.track >= 0
        return float(when[int(held.argmax()) :].mean()) if held.any() else 0.0


def encounter(
    flown: Flown,
    tracks: Tracks,
    track_tick_s: FloatArray,
    identities: Identities,
    identity_tick_s: FloatArray,
    *,
    mover: int,
    type_row: int,
    place_m: FloatArray,
    fire_control: list[int],
    position_sd_max_m: float,
    update_age_max_s: float,
) -> Encounter:
    """Lay one mover's truth beside the picture.

    Parameters
    ----------
    flown : Flown
        Where movers were at the ends of ticks.
    tracks, identities : Tracks, Identities
        The picture of every tick, stacked; ``track_tick_s`` and ``identity_tick_s`` say which tick a row belongs to.
    mover, type_row : int
        Who, and the row of its true type.
    place_m : (3,) array
        Place that ranges are measured from, ECEF. [m]
    fire_control : list of int
        Sensor rows that count as fire control.
    position_sd_max_m, update_age_max_s : float
        Quality asked of a track to shoot on. [m, s]

    Returns
    -------
    Encounter
        One row for each tick the mover was present.
    """
    rows = np.flatnonzero(flown.mover == mover)
    ticks_s, at_m = flown.tick_s[rows], flown.position_ecef_m[rows]
    n = len(rows)
    number, p_type, fit = np.full(n, -1), np.zeros(n), np.zeros(n, bool)
    first, last = np.searchsorted(track_tick_s, ticks_s, "left"), np.searchsorted(track_tick_s, ticks_s, "right")
    id_first, id_last = (np.searchsorted(identity_tick_s, ticks_s, side) for side in ("left", "right"))
    for i in range(n):
        here = slice(first[i], last[i])
        now_m = tracks.position_ecef_m[here] + (ticks_s[i] - tracks.t_s[here])[:, None] * tracks.velocity_ecef_mps[here]
        miss_m = np.linalg.norm(now_m - at_m[i], axis=1)
        miss_m[tracks.status[here] != Status.CONFIRMED] = np.inf
        if not len(miss_m) or miss_m.min() > FOLLOWS_M:
            continue
        row = first[i] + int(miss_m.argmin())
        number[i] = tracks.number[row]
        age_s = ticks_s[i] - tracks.updated_s[row, fire_control].max(initial=-np.inf)
        fit[i] = age_s <= update_age_max_s and np.trace(tracks.cov[row, :3, :3]) / 3.0 <= position_sd_max_m**2
        known = np.flatnonzero(identities.track[id_first[i] : id_last[i]] == number[i])
        if len(known):
            p_type[i] = identities.probability[id_first[i] + known[0], type_row]
    return Encounter(ticks_s, np.linalg.norm(at_m - place_m, axis=1), number, p_type, fit)


def n_false_tracks(flown: Flown, tracks: Tracks, track_tick_s: FloatArray) -> int:
    """Count the confirmed tracks that never came nearer to a mover than ``FOLLOWS_M``.

    Parameters
    ----------
    flown : Flown
        Where movers were at the ends of ticks.
    tracks : Tracks
        The picture of every tick, stacked; ``track_tick_s`` says which tick a row belongs to.
    track_tick_s : (n,) array
        End of the tick of each row. [s]

    Returns
    -------
    int
        Numbers that were confirmed at some tick and never near anything while they were.
    """
    confirmed = np.flatnonzero(tracks.status == Status.CONFIRMED)
    near: dict[int, bool] = {}
    for tick_s in np.unique(track_tick_s[confirmed]):
        rows = confirmed[track_tick_s[confirmed] == tick_s]
        there = flown.position_ecef_m[flown.tick_s == tick_s]
        now_m = tracks.position_ecef_m[rows] + (tick_s - tracks.t_s[rows])[:, None] * tracks.velocity_ecef_mps[rows]
        apart = np.linalg.norm(now_m[:, None] - there[None], axis=2).min(axis=1, initial=np.inf)
        for number, close in zip(tracks.number[rows].tolist(), (apart <= FOLLOWS_M).tolist(), strict=True):
            near[number] = near.get(number, False) or close
    return sum(not close for close in near.values())
