"""Tables that an operator could know: what sensors declare, what trackers, learners and commanders make of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np

from watchfloor.base.columns import Columns, filled
from watchfloor.base.units import FloatArray, IntArray

SIGMA_GRID_DBSM: FloatArray = np.arange(-70.0, 40.25, 0.5)
"""Levels of mean radar cross-section on which knowledge is held. [dBsm]"""
SIGMA_GRID_DBSM.setflags(write=False)


def _whole(*shape: int) -> IntArray:
    return np.empty(shape, np.int64)


class LabelSource(IntEnum):
    """Who declared a type."""

    NONE = -1
    TRANSPONDER = 0
    FLIGHT_PLAN = 1
    VISUAL = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Plots(Columns):
    """What sensors declare; one row a plot, rows sorted by time, then range.

    Polar about the sensor: azimuth clockwise from true north, elevation up from the horizon.
    """

    t_s: FloatArray
    """(n,) centre of the dwell, since the scenario's epoch. [s]"""
    sensor: IntArray
    """(n,) row of the sensor in the run's sensor list."""
    measurement: FloatArray
    """(n, 4) range, azimuth, elevation, range rate; NaN where not measured. [m, rad, rad, m/s]"""
    cov: FloatArray
    """(n, 4, 4) error covariance of ``measurement``, units likewise; NaN rows and columns where not measured."""
    snr_db: FloatArray
    """(n,) measured power at the detector over mean noise power, signal and noise together; NaN if not a radar. [dB]"""
    pfa: FloatArray
    """(n,) probability of false alarm a cell of the threshold it crossed (lower inside a task's gate). [1]"""
    address: IntArray
    """(n,) cooperative address (transponder), -1 for none."""
    label: IntArray
    """(n,) type that is declared with the plot, a row of the run's type list, -1 for none."""
    label_source: IntArray = filled(int(LabelSource.NONE))
    """(n,) who declares it, a ``LabelSource``."""
    modulation_hz: FloatArray = filled(np.nan)
    """(n,) spacing of the lines that turning blades put about the echo; NaN where none was measured. [Hz]"""
    noise_db: FloatArray = filled(0.0)
    """(n,) noise and jamming over the receiver's own noise, as the radar measures it in that direction. [dB]"""
    dwell_db: FloatArray = filled(0.0)
    """(n,) signal of this dwell over that of the radar's usual look, by its length and by where it points. [dB]"""

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        return cls(
            t_s=np.empty(0),
            sensor=_whole(0),
            measurement=np.empty((0, 4)),
            cov=np.empty((0, 4, 4)),
            snr_db=np.empty(0),
            pfa=np.empty(0),
            address=_whole(0),
            label=_whole(0),
        )


class Status(IntEnum):
    """Life of a track."""

    TENTATIVE = 0
    CONFIRMED = 1
    DROPPED = 2
    """Ended in this tick; appears once, then never again. Numbers are not reused."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tracks(Columns):
    """The tracker's estimates at the end of a tick; one row a track, sorted by number."""

    number: IntArray
    """(n,) track number, never reused."""
    t_s: FloatArray
    """(n,) time of the estimate (its last update). [s]"""
    position_ecef_m: FloatArray
    """(n, 3) WGS-84 earth-centred position. [m]"""
    velocity_ecef_mps: FloatArray
    """(n, 3) velocity. [m/s]"""
    cov: FloatArray
    """(n, 6, 6) covariance of position and velocity at ``t_s``. [m2, m2/s, m2/s2]"""
    status: IntArray
    """(n,) a ``Status``."""
    existence: FloatArray
    """(n,) probability that there is such a target; NaN from a tracker that does not estimate it. [1]"""
    n_hits: IntArray
    """(n,) plots used so far."""
    updated_s: FloatArray
    """(n, sensors) time of the last plot used from each sensor, -inf for never. [s]"""
    address: IntArray
    """(n,) cooperative address last heard, -1 for none."""
    label: IntArray
    """(n,) declared type last heard, -1 for none."""
    label_source: IntArray = filled(int(LabelSource.NONE))
    """(n,) who declared it, a ``LabelSource``."""

    @classmethod
    def empty(cls, n_sensors: int = 0) -> Self:
        """Return a table without rows."""
        return cls(
            number=_whole(0),
            t_s=np.empty(0),
            position_ecef_m=np.empty((0, 3)),
            velocity_ecef_mps=np.empty((0, 3)),
            cov=np.empty((0, 6, 6)),
            status=_whole(0),
            existence=np.empty(0),
            n_hits=_whole(0),
            updated_s=np.empty((0, n_sensors)),
            address=_whole(0),
            label=_whole(0),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Looks(Columns):
    """Each time a primary radar's beam passed a track: what came back, or that nothing did; one row a look.

    This is the learner's evidence: a miss at a known place says as much as a hit.
    """

    t_s: FloatArray
    """(n,) time of the look. [s]"""
    sensor: IntArray
    """(n,) row of the sensor."""
    track: IntArray
    """(n,) track number."""
    position_ecef_m: FloatArray
    """(n, 3) the track's position at that time, the look's own plot included. [m]"""
    velocity_ecef_mps: FloatArray
    """(n, 3) the track's velocity at that time. [m/s]"""
    snr_db: FloatArray
    """(n,) as in ``Plots``; NaN for a miss. [dB]"""
    pfa: FloatArray
    """(n,) threshold in force for this look, as probability of false alarm a cell. [1]"""
    noise_db: FloatArray = filled(0.0)
    """(n,) noise and jamming over the receiver's own noise in that direction; NaN where it is not known. [dB]"""
    dwell_db: FloatArray = filled(0.0)
    """(n,) as in ``Plots``; for a miss what the dwell that was asked for would give. [dB]"""
    modulation_hz: FloatArray = filled(np.nan)
    """(n,) as in ``Plots``. [Hz]"""

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        return cls(
            t_s=np.empty(0),
            sensor=_whole(0),
            track=_whole(0),
            position_ecef_m=np.empty((0, 3)),
            velocity_ecef_mps=np.empty((0, 3)),
            snr_db=np.empty(0),
            pfa=np.empty(0),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Knowledge(Columns):
    """What a learner believes of each type's mean radar cross-section.

    One row a sensor x type x configuration x aspect cell.
    """

    sensor: IntArray
    """(n,) row of the sensor."""
    type: IntArray
    """(n,) row of the type in the run's type list."""
    aspect_rad: FloatArray
    """(n,) centre of the cell: angle off the nose in the wing plane, port and starboard alike. [rad]"""
    elevation_rad: FloatArray = filled(0.0)
    """(n,) centre of the cell: angle above the wing plane from which the radar looks. [rad]"""
    configuration: IntArray = filled(0)
    """(n,) 0: clean; 1: with reflectors."""
    log_posterior: FloatArray
    """(n, g) natural log of the probability of each level of ``SIGMA_GRID_DBSM``; sums to one. [1]"""
    log_evidence: FloatArray
    """(n, g) natural log of the likelihood of each level by the looks at this very cell, up to a constant. [1]"""
    n_looks: FloatArray
    """(n,) effective independent looks behind it, weighted by how sure the type was. [1]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Identities(Columns):
    """Posterior over types of each track; one row a track."""

    track: IntArray
    """(n,) track number."""
    t_s: FloatArray
    """(n,) time it was computed. [s]"""
    probability: FloatArray
    """(n, types + 1) probability of each type of the run's list; the last column is "other"; rows sum to one. [1]"""

    @classmethod
    def empty(cls, n_types: int = 0) -> Self:
        """Return a table without rows."""
        return cls(track=_whole(0), t_s=np.empty(0), probability=np.empty((0, n_types + 1)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Tasks(Columns):
    """What the learner asks of radars and tracker for the next tick; one row a track x primary radar, sorted so."""

    track: IntArray
    """(n,) track number."""
    sensor: IntArray
    """(n,) row of the sensor."""
    t_s: FloatArray
    """(n,) time of the predicted gate's centre. [s]"""
    position_ecef_m: FloatArray
    """(n, 3) centre of the gate at ``t_s``. [m]"""
    velocity_ecef_mps: FloatArray
    """(n, 3) velocity of the gate's centre. [m/s]"""
    radius_m: FloatArray
    """(n,) radius of the gate. [m]"""
    pfa: FloatArray
    """(n,) probability of false alarm a cell inside the gate, at least the radar's own. [1]"""
    pd: FloatArray
    """(n,) expected probability of detection of the next look at that threshold. [1]"""
    dwell: FloatArray = filled(1.0)
    """(n,) length of the dwell over the radar's usual one, and so its energy; 0 for none. [1]"""
    snr_db: FloatArray = filled(np.nan)
    """(n,) expected mean signal-to-noise ratio of the next look, over the receiver's own noise; NaN: not said. [dB]"""
    snr_sd_db: FloatArray = filled(np.nan)
    """(n,) standard deviation of that mean, by what is not known of type, level and aspect. [dB]"""
    swerling: IntArray = filled(1)
    """(n,) fluctuation law that is likeliest, case 0 to 4."""

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        return cls(
            track=_whole(0),
            sensor=_whole(0),
            t_s=np.empty(0),
            position_ecef_m=np.empty((0, 3)),
            velocity_ecef_mps=np.empty((0, 3)),
            radius_m=np.empty(0),
            pfa=np.empty(0),
            pd=np.empty(0),
        )


class Decision(IntEnum):
    """What authority said to a proposed engagement."""

    GRANTED = 0
    REFUSED = 1
    HELD = 2
    """Rules of engagement hold fire: nobody was asked."""
    PENDING = 3
    """Asked; the answer is not there yet."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Orders(Columns):
    """Engagements proposed or decided in this tick, and why; one row a proposal in the state it reached."""

    number: IntArray
    """(n,) number of the order, never reused; a pending one appears again once decided."""
    track: IntArray
    """(n,) track number."""
    launcher: IntArray
    """(n,) row of the launcher in the run's list."""
    rounds: IntArray
    """(n,) rounds to fire."""
    proposed_s: FloatArray
    """(n,) time it was proposed. [s]"""
    decided_s: FloatArray
    """(n,) time of the decision (launch may follow at once); inf while pending. [s]"""
    decision: IntArray
    """(n,) a ``Decision``."""
    threat: FloatArray
    """(n,) threat value that ranked it, 0 to 1. [1]"""
    p_hostile: FloatArray
    """(n,) probability of a hostile type shown to the authority. [1]"""

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        return cls(
            number=_whole(0),
            track=_whole(0),
            launcher=_whole(0),
            rounds=_whole(0),
            proposed_s=np.empty(0),
            decided_s=np.empty(0),
            decision=_whole(0),
            threat=np.empty(0),
            p_hostile=np.empty(0),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Readiness(Columns):
    """What batteries report of themselves; one row a launcher, in the run's order."""

    launcher: IntArray
    """(n,) row of the launcher in the run's list."""
    rounds: IntArray
    """(n,) rounds ready to fire."""
    channels_free: IntArray
    """(n,) targets that could be engaged in addition."""

    @classmethod
    def empty(cls) -> Self:
        """Return a table without rows."""
        return cls(launcher=_whole(0), rounds=_whole(0), channels_free=_whole(0))
