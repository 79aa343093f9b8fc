"""Registration: what each sensor gets systematically wrong, learnt from the tracks that several sensors share.

See ``docs/explanation/registration.md`` for what can be observed, what cannot, and the method.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from watchfloor.base.config import Config
from watchfloor.base.picture import Plots
from watchfloor.base.units import FloatArray
from watchfloor.physics.frames import Place
from watchfloor.track._kernels import gnn
from watchfloor.track._kernels import registration as k
from watchfloor.track.base import Associations
from watchfloor.track.gate import gate_limits

COMPONENTS = ("range", "scale", "azimuth", "elevation", "time")
"""Columns of a bias: range [m], range scale [1], azimuth [rad], elevation [rad], time stamped too late [s]."""

_MOST_SENSORS = 60
_EDITIONS = 64
_STATE = (
    "_b",
    "_pb",
    "_x",
    "_p",
    "_u",
    "_ref",
    "_way",
    "_when",
    "_marks",
    "_counts",
    "_since",
    "_bias",
    "_doubt",
    "_told",
)
_WAITING_ROWS = 256


class RegistrationConfig(Config):
    """Systematic errors of sensors: how large they may be, how fast they wander, from which tracks they are learnt."""

    range_sd_m: NonNegativeFloat = 100.0
    """1-sigma of a range offset; 0: there is none. [m]"""
    scale_sd: NonNegativeFloat = Field(default=0.0, lt=0.1)
    """1-sigma of a range scale error; 0: there is none. [1]"""
    azimuth_sd_deg: NonNegativeFloat = Field(default=0.3, le=10.0)
    """1-sigma of an azimuth offset; 0: there is none. [deg]"""
    elevation_sd_deg: NonNegativeFloat = Field(default=0.1, le=10.0)
    """1-sigma of an elevation offset; 0: there is none. [deg]"""
    time_sd_s: NonNegativeFloat = Field(default=0.2, le=10.0)
    """1-sigma of how late plots are stamped; 0: in time. [s]"""
    memory_days: PositiveFloat = 20.0
    """Time after which a bias is a new draw from the spreads above (an Ornstein-Uhlenbeck process). [days]"""
    manoeuvre_mps2: PositiveFloat = 0.5
    """1-sigma horizontal acceleration of the flights to learn from; harder turns fall outside the gate. [m/s2]"""
    climb_manoeuvre_mps2: PositiveFloat = 0.3
    """1-sigma vertical acceleration of them. [m/s2]"""
    manoeuvre_time_s: PositiveFloat = Field(default=10.0, le=600.0)
    """How long one acceleration lasts; white-noise intensity is twice its square times this (Singer, 1970). [s]"""
    altitude_m: float = Field(default=8000.0, ge=-500.0, le=30_000.0)
    """Expected height above the ellipsoid where no sensor measures elevation. [m]"""
    altitude_sd_m: PositiveFloat = 4000.0
    """1-sigma of that height. [m]"""
    speed_sd_mps: PositiveFloat = 250.0
    """1-sigma of each horizontal component of velocity. [m/s]"""
    climb_sd_mps: PositiveFloat = 25.0
    """1-sigma of climb. [m/s]"""
    least_probability: float = Field(default=0.8, gt=0.0, le=1.0)
    """Pairs of plot and track that are less probable teach nothing; the others weigh by their probability. [1]"""
    gate_probability: float = Field(default=0.999, gt=0.5, lt=1.0)
    """Chance that a right pair is inside the gate. [1]"""
    delay_s: PositiveFloat = 25.0
    """Plots are used so long after their time, in the order of their times; longer than a turn. [s]"""
    forget_s: PositiveFloat = 90.0
    """A track without a plot for so long starts anew. [s]"""
    most_tracks: int = Field(default=512, ge=1, le=100_000)
    """Tracks learnt from at a time; more add cost and little else."""
    added: Literal["relative", "full", "none"] = "relative"
    """What `Registration.correct` adds to plots' covariances: a bias' doubt given the other sensors' biases (what keeps
    plots of one target apart), all of its doubt, or nothing."""


class Registration:
    """Biases of all sensors, estimated online from associated plots.

    A bias has five components, ``COMPONENTS``: a plot shows range ``(1 + scale) r + range``, azimuth and elevation plus
    their offsets, at a time stamped ``time`` too late. Each sensor's are constant up to a slow drift back to zero.

    Parameters
    ----------
    n_sensors : int
        Sensors, at most 60.
    config : RegistrationConfig
        Settings.
    places : sequence of Place
        Where each sensor stands; rows as in ``Plots.sensor``.
    reference : sequence of bool, optional
        Sensors without bias (positions by satellite navigation); none when left out.

    Raises
    ------
    ValueError
        If the number of sensors does not fit.

    Notes
    -----
    Friedland's separation: each track has a filter that takes the biases as known, and the sensitivity of its state to
    them; its innovations are then white and linear in the biases. Given the biases tracks are independent, so one
    filter of the biases takes the innovations of all tracks: for linear measurements and constant biases this is the
    augmented filter of all targets and biases, exactly. The states start flat: nothing of a tracker's own estimate,
    which the biases have spoilt already, is used. Nothing is observed with one sensor; two observe what sets them
    apart, and through their distance weakly what they share; a time offset common to all is never observed. What is not
    observed keeps its prior.

    References
    ----------
    Friedland, "Treatment of bias in recursive filtering", *IEEE Trans. Autom. Control* 14 (4), 1969, pp. 359-367;
    Lin, Bar-Shalom & Kirubarajan, "Multisensor-multitarget bias estimation for general asynchronous sensors", *IEEE
    Trans. Aerosp. Electron. Syst.* 41 (3), 2005, pp. 899-921 (the same problem by pseudo-measurements; observability).
    """

    def __init__(
        self,
        n_sensors: int,
        config: RegistrationConfig,
        places: Sequence[Place],
        *,
        reference: Sequence[bool] | None = None,
    ) -> None:
        if not 1 <= n_sensors <= _MOST_SENSORS:
            raise ValueError(f"n_sensors must lie in 1 to {_MOST_SENSORS}, got {n_sensors!r}")
        if len(places) != n_sensors or (reference is not None and len(reference) != n_sensors):
            raise ValueError(f"places and reference need a row for each of the {n_sensors} sensors, got {len(places)}")
        self._n, self._config = n_sensors, config
        self._sensors = np.zeros((n_sensors, gnn.N_SENSOR_COLUMNS))
        for row, place in zip(self._sensors, places, strict=True):
            row[gnn.ECEF : gnn.ECEF + 3] = place.ecef_m
            row[gnn.ROT : gnn.ROT + 9] = place.rotation.ravel()
        self._settings = _settings(config)
        known = np.zeros(n_sensors, bool) if reference is None else np.asarray(reference, bool)
        sd = (
            config.range_sd_m,
            config.scale_sd,
            math.radians(config.azimuth_sd_deg),
            math.radians(config.elevation_sd_deg),
            config.time_sd_s,
        )
        self._prior2 = (np.square(sd) * ~known[:, None]).ravel()
        self._memory_s = 86_400.0 * config.memory_days
        m, rows = n_sensors * k.N_BIAS, config.most_tracks
        self._b, self._pb = np.zeros(m), np.diag(self._prior2)
        self._x, self._p, self._u = np.zeros((rows, 6)), np.zeros((rows, 6, 6)), np.zeros((rows, 6, m))
        self._ref, self._way, self._when = np.zeros((rows, m)), np.zeros((rows, 3)), np.full(rows, -math.inf)
        self._marks = np.zeros((rows, k.N_MARKS), np.int64)
        self._marks[:, k.NUMBER] = -1
        size = 1 << max(4, (4 * rows - 1).bit_length())
        self._keys, self._slots = np.empty(size, np.int64), np.empty(size, np.int64)
        self._counts = np.zeros(k.N_COUNTS, np.int64)
        self._waiting, self._n_waiting = _waiting_room(_WAITING_ROWS), 0
        self._until_s = -math.inf
        # editions of what is taken off plots, by the plots' own stamps; `_told` is what the last one rests on
        self._since, m5 = np.empty(0), (n_sensors, k.N_BIAS)
        self._bias, self._doubt = np.empty((0, *m5)), np.empty((0, *m5, k.N_BIAS))
        self._told = np.empty((3, m))
        self._publish(-math.inf)

    @property
    def bias(self) -> FloatArray:
        """(sensors, 5) estimate: range, range scale, azimuth, elevation, time. [m, 1, rad, rad, s]"""
        return self._b.reshape(self._n, k.N_BIAS).copy()

    @property
    def cov(self) -> FloatArray:
        """(sensors * 5, sensors * 5) covariance of ``bias.ravel()``, units likewise."""
        return self._pb.copy()

    @property
    def observed(self) -> FloatArray:
        """(sensors, 5) share of the prior variance that is gone: 0 nothing learnt, 1 all; NaN where there was none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (1.0 - np.diag(self._pb) / self._prior2).reshape(self._n, k.N_BIAS)

    @property
    def n_used(self) -> int:
        """Plots that taught so far."""
        return int(self._counts[k.USED])

    @property
    def n_refused(self) -> int:
        """Plots refused so far: outside the gate (wrong pairs, turns), or with a variance that is not above 0.

        The latter are also what comes of plots that are said to be corrected and are not.
        """
        return int(self._counts[k.REFUSED])

    def step(self, associations: Associations, *, until_s: float, corrected: bool = True) -> None:
        """Learn from the associations of one tick.

        Parameters
        ----------
        associations : Associations
            Pairs of plot and track, in any order. Only the plots, the tracks' numbers and the probabilities are used.
        until_s : float
            End of the tick. [s]
        corrected : bool
            Whether these plots went through `correct` before (what it did is then taken back first), or are as the
            sensors declared them. Plots that were not, taken for corrected, are refused: their covariance is too small.

        Raises
        ------
        ValueError
            If ``until_s`` goes back in time.
        """
        if not until_s >= self._until_s:
            raise ValueError(f"time goes forward: until_s {until_s!r} comes after {self._until_s!r}")
        if math.isfinite(self._until_s):
            k.drift(self._b, self._pb, self._prior2, math.exp((self._until_s - until_s) / self._memory_s))
        self._until_s = until_s
        if self._n == 1:  # nothing to compare with
            return
        if len(associations):
            self._take(associations, corrected)
        ripe_s = float(until_s - self._config.delay_s)
        t, sensor, track, weight, z, cov = self._waiting
        order = k.due(self._n_waiting, ripe_s, t, sensor, self._b)
        if not len(order):
            return
        k.learn(
            order, t, sensor, track, weight, z, cov, self._sensors, self._settings, self._b, self._pb, self._x, self._p,
            self._u, self._ref, self._way, self._when, self._marks, self._keys, self._slots, ripe_s, self._counts,
        )  # fmt: skip
        self._n_waiting = k.keep_later(self._n_waiting, ripe_s, t, sensor, track, weight, z, cov)
        if k.news(self._b, self._pb, self._told):
            self._publish(until_s)

    def correct(self, plots: Plots) -> Plots:
        """Take the biases off plots.

        Parameters
        ----------
        plots : Plots
            As declared; rows of unknown sensors are left alone.

        Returns
        -------
        Plots
            The same rows in the same order, times and measurements corrected, covariances with the doubt about the
            biases added (see ``RegistrationConfig.added``).

        Notes
        -----
        What is taken off depends on a plot's sensor and stamp alone, so that `step` can take it back: an estimate holds
        for plots stamped after the step that made it. The doubt added is one error common to all plots of a sensor, but
        a tracker will average it as if each plot had its own: right for gates, too little for the covariance of a
        track. The doubt about time is spread evenly over the horizontal directions, at the speed expected.
        """
        n = len(plots)
        if not n:
            return plots
        t, z, cov = np.empty(n), np.empty((n, 4)), np.empty((n, 4, 4))
        k.shift_plots(
            np.ascontiguousarray(plots.t_s, np.float64),
            np.ascontiguousarray(plots.sensor, np.int64),
            np.ascontiguousarray(plots.measurement, np.float64),
            np.ascontiguousarray(plots.cov, np.float64),
            self._since, self._bias, self._doubt, self._config.speed_sd_mps**2, t, z, cov,
        )  # fmt: skip
        return replace(plots, t_s=t, measurement=z, cov=cov)

    def save(self) -> dict[str, Any]:
        """Return the whole state as arrays; `restore` continues from it bit for bit."""
        out: dict[str, Any] = {name[1:]: getattr(self, name).copy() for name in _STATE}
        out["until_s"] = self._until_s
        out |= {f"waiting_{i}": column[: self._n_waiting].copy() for i, column in enumerate(self._waiting)}
        return out

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `save` returned.

        Raises
        ------
        ValueError
            If it was saved with other sensors or another ``most_tracks``.
        """
        for name in ("_pb", "_u"):
            have, came = getattr(self, name).shape, np.shape(state[name[1:]])
            if have != came:
                raise ValueError(f"this state is of another registration: {name[1:]} has shape {came}, wanted {have}")
        for name in _STATE:
            setattr(self, name, np.array(state[name[1:]]))
        self._until_s = float(state["until_s"])
        self._waiting = tuple(np.array(state[f"waiting_{i}"]) for i in range(len(self._waiting)))
        self._n_waiting = len(self._waiting[0])

    def _take(self, associations: Associations, corrected: bool) -> None:
        """Put the pairs that may teach to those that wait, as the sensors declared them."""
        n, stride, most = len(associations), 1, self._config.most_tracks
        if n > most:
            # the same tracks of all sensors, about as many as have room
            many = len(np.unique(associations.track)) / most
            stride = 1 << max(0, math.ceil(math.log2(many)))
        have = len(self._waiting[0])
        if self._n_waiting + n > have:
            grown = _waiting_room(max(2 * have, self._n_waiting + n))
            for new, old in zip(grown, self._waiting, strict=True):
                new[: self._n_waiting] = old[: self._n_waiting]
            self._waiting = grown
        self._n_waiting = k.admit(
            np.ascontiguousarray(associations.t_s, np.float64),
            np.ascontiguousarray(associations.sensor, np.int64),
            np.ascontiguousarray(associations.track, np.int64),
            np.ascontiguousarray(associations.probability, np.float64),
            np.ascontiguousarray(associations.measurement, np.float64),
            np.ascontiguousarray(associations.cov, np.float64),
            stride, corrected, self._config.least_probability, float(self._until_s - 1e3 * self._config.delay_s),
            self._since, self._bias, self._doubt, self._config.speed_sd_mps**2,
            self._n_waiting, *self._waiting, self._counts,
        )  # fmt: skip

    def _given_others(self) -> FloatArray:
        """(sensors, 5, 5) covariance of each sensor's biases, were all other sensors' known."""
        n, m = self._n, k.N_BIAS
        blocks = np.arange(n)
        sd = np.sqrt(self._prior2)
        some = sd > 0.0
        scale = np.where(some, sd, 1.0)
        # the inverse of a sensor's own block of the information matrix
        information = np.linalg.inv(self._pb / np.outer(scale, scale) + np.diag(np.where(some, 0.0, 1.0)))
        own: Any = np.linalg.inv(information.reshape(n, m, n, m)[blocks, :, blocks, :])
        unit = np.where(some, scale, 0.0).reshape(n, m)
        return own * unit[:, :, None] * unit[:, None, :]

    def _publish(self, until_s: float) -> None:
        """Begin a new edition of what `correct` takes off, and of the covariance that it adds."""
        given, kind, n = self._given_others(), self._config.added, self._n
        added = np.zeros_like(given)
        if kind == "full":
            blocks = np.arange(n)
            added[:] = self._pb.reshape(n, k.N_BIAS, n, k.N_BIAS)[blocks, :, blocks, :]
        elif kind == "relative" and n > 1:
            added = given
        sd, given_sd = np.sqrt(np.diag(self._pb)), np.sqrt(np.diagonal(given, axis1=1, axis2=2)).ravel()
        self._told = np.stack([self._b, sd, given_sd])
        keep = slice(-(_EDITIONS - 1), None)
        self._since = np.append(self._since[keep], until_s)
        self._bias = np.concatenate([self._bias[keep], self.bias[None]])
        self._doubt = np.concatenate([self._doubt[keep], added[None]])


def warm() -> None:
    """Compile or load every kernel of registration."""
    place, zero, one = Place(0.7, 0.5, 0.0), np.zeros(1, np.int64), np.ones(1)
    z, cov = np.array([[5e4, 0.1, 0.1, math.nan]]), np.full((1, 4, 4), math.nan)
    cov[0, :3, :3] = np.diag([1e4, 1e-5, 1e-5])
    plots = Plots(t_s=one, sensor=zero, measurement=z, cov=cov, snr_db=one, pfa=one, address=zero - 1, label=zero - 1)
    out = Registration(2, RegistrationConfig(), [place, place])
    rows = Associations(
        t_s=one, sensor=zero, track=zero, probability=one, measurement=out.correct(plots).measurement, cov=cov,
        innovation=z, innovation_cov=cov, snr_db=one,
    )  # fmt: skip
    out.step(rows, until_s=2.0)
    out.step(Associations.empty(), until_s=100.0)


def _settings(config: RegistrationConfig) -> FloatArray:
    """Return the configuration as the kernels read it, in SI units."""
    out = np.zeros(k.N_SETTINGS)
    out[gnn.ALTITUDE], out[gnn.ALTITUDE_SD] = config.altitude_m, config.altitude_sd_m
    out[gnn.CLIMB_SD], out[gnn.SPEED_SD] = config.climb_sd_mps, config.speed_sd_mps
    out[k.Q_H] = 2.0 * config.manoeuvre_mps2**2 * config.manoeuvre_time_s
    out[k.Q_V] = 2.0 * config.climb_manoeuvre_mps2**2 * config.manoeuvre_time_s
    out[k.GAP] = config.forget_s
    out[k.GATE :] = gate_limits(config.gate_probability)
    return out


def _waiting_room(rows: int) -> tuple[Any, ...]:
    """Columns for plots that wait: stamp, sensor, track, probability, measurement, covariance."""
    whole = np.int64
    return (
        np.empty(rows), np.empty(rows, whole), np.empty(rows, whole), np.empty(rows), np.empty((rows, 4)),
        np.empty((rows, 4, 4)),
    )  # fmt: skip
