"""How targets move: five models, several of them side by side (IMM), and which ones suit which class of target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat, model_validator

from watchfloor.base.config import Config
from watchfloor.base.units import FloatArray
from watchfloor.track._kernels import motion as k

GRAVITY_MPS2 = 9.80665
"""Standard gravity. [m/s2]"""
_QUIET_MPS2, _QUIET_CLIMB_MPS2 = 0.3, 0.2
_MANOEUVRE_SHARE, _CLIMB_SHARE = 0.5, 0.25
_STRAIGHT_S, _BETWEEN_S = 60.0, 10.0
_LEVELS, _HALF_WIDTH = (1.0 / 3.0, 0.75), 0.25
_ALIKE = 1.5
_TURN_RAD, _ANGLE_MAX_RAD, _RATE_MAX_RADPS = 0.5 * math.pi, 2.0, 1.5


class CvConfig(Config):
    """Straight flight, nearly: white acceleration.

    Source: Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation*, Wiley, 2001,
    sections 6.2.2 and 6.3.2.
    """

    kind: Literal["cv"] = "cv"
    """Nearly constant velocity."""
    manoeuvre_mps2: float = Field(default=3.0, ge=0.0)
    """1-sigma horizontal acceleration that targets pull without leaving this model. [m/s2]"""
    climb_manoeuvre_mps2: float = Field(default=1.0, ge=0.0)
    """1-sigma vertical acceleration. [m/s2]"""
    manoeuvre_time_s: PositiveFloat = Field(default=10.0, le=600.0)
    """How long such an acceleration lasts; white-noise intensity is twice its square times this (Singer, 1970). [s]"""
    noise: Literal["white", "held"] = "white"
    """Acceleration that changes all the time (section 6.2.2), or one that is held from each update to the next and
    then drawn anew (section 6.3.2; ``manoeuvre_time_s`` then says nothing)."""
    sojourn_s: PositiveFloat = 60.0
    """How long a target keeps to this model, on average. [s]"""


class CtConfig(Config):
    """A level turn at a known rate, nearly: white acceleration on top.

    Source: Bar-Shalom, Li & Kirubarajan, 2001, section 11.7.1.
    """

    kind: Literal["ct"] = "ct"
    """Coordinated turn at a known rate."""
    turn_rate_degps: float | None = Field(default=None, ge=-90.0, le=90.0)
    """Rate of turn, positive to the right; give this, or ``load_factor`` with ``speed_mps``. [deg/s]"""
    load_factor: float | None = Field(default=None, gt=1.0, le=15.0)
    """Lift over weight in the turn, which bounds its rate. [1]"""
    speed_mps: PositiveFloat | None = None
    """Speed at which ``load_factor`` is flown. [m/s]"""
    to: Literal["left", "right"] = "right"
    """Which way a turn given by ``load_factor`` goes."""
    manoeuvre_mps2: float = Field(default=1.0, ge=0.0)
    """1-sigma horizontal departure from the turn's acceleration. [m/s2]"""
    climb_manoeuvre_mps2: float = Field(default=1.0, ge=0.0)
    """1-sigma vertical acceleration. [m/s2]"""
    manoeuvre_time_s: PositiveFloat = Field(default=10.0, le=600.0)
    """How long such a departure lasts; white-noise intensity is twice its square times this. [s]"""
    sojourn_s: PositiveFloat = 20.0
    """How long a target keeps to this model, on average. [s]"""

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        by_load = self.load_factor is not None and self.speed_mps is not None
        if (self.turn_rate_degps is None) != by_load or (self.load_factor is None) != (self.speed_mps is None):
            raise ValueError("a turn needs either turn_rate_degps, or load_factor and speed_mps together")
        return self

    @property
    def rate_radps(self) -> float:
        """Rate of turn, positive to the right. [rad/s]"""
        if self.turn_rate_degps is not None:
            return math.radians(self.turn_rate_degps)
        assert self.load_factor is not None
        assert self.speed_mps is not None
        rate = turn_rate_radps(self.load_factor, self.speed_mps)
        return rate if self.to == "right" else -rate


class CaConfig(Config):
    """Steady acceleration, nearly: white jerk.

    Source: Bar-Shalom, Li & Kirubarajan, 2001, section 6.2.3.
    """

    kind: Literal["ca"] = "ca"
    """Nearly constant acceleration."""
    manoeuvre_mps2: float = Field(default=5.0, ge=0.0)
    """By how much (1 sigma) horizontal acceleration changes ... [m/s2]"""
    climb_manoeuvre_mps2: float = Field(default=1.0, ge=0.0)
    """... and vertical acceleration ... [m/s2]"""
    manoeuvre_time_s: PositiveFloat = Field(default=10.0, le=600.0)
    """... within so long; intensity of the white jerk is the square of the change over this. [s]"""
    sojourn_s: PositiveFloat = 20.0
    """How long a target keeps to this model, on average. [s]"""


class SingerConfig(Config):
    """Acceleration that comes at random and fades: first-order Markov.

    Source: R. A. Singer, "Estimating optimal tracking filter performance for manned maneuvering targets", *IEEE Trans.
    AES* 6 (4), 1970, pp. 473-483; Bar-Shalom, Li & Kirubarajan, 2001, section 8.2.3.
    """

    kind: Literal["singer"] = "singer"
    """Singer's model."""
    manoeuvre_mps2: PositiveFloat = 5.0
    """1-sigma horizontal acceleration. [m/s2]"""
    climb_manoeuvre_mps2: PositiveFloat = 1.0
    """1-sigma vertical acceleration. [m/s2]"""
    manoeuvre_time_s: PositiveFloat = Field(default=20.0, le=3600.0)
    """Time constant by which an acceleration fades: 60 s for a lazy turn, 10 to 20 s for evasion (Singer). [s]"""
    sojourn_s: PositiveFloat = 20.0
    """How long a target keeps to this model, on average. [s]"""


class CtUnknownConfig(Config):
    """A level turn whose rate is estimated with the state (extended Kalman filter).

    Source: Bar-Shalom, Li & Kirubarajan, 2001, section 11.7.2.
    """

    kind: Literal["ct_unknown"] = "ct_unknown"
    """Coordinated turn at an unknown rate."""
    turn_rate_change_degps: PositiveFloat = 1.0
    """By how much (1 sigma) the rate changes ... [deg/s]"""
    turn_rate_time_s: PositiveFloat = Field(default=10.0, le=600.0)
    """... within so long; intensity is the square of the change over this. [s]"""
    manoeuvre_mps2: float = Field(default=1.0, ge=0.0)
    """1-sigma horizontal departure from the turn's acceleration. [m/s2]"""
    climb_manoeuvre_mps2: float = Field(default=1.0, ge=0.0)
    """1-sigma vertical acceleration. [m/s2]"""
    manoeuvre_time_s: PositiveFloat = Field(default=10.0, le=600.0)
    """How long such a departure lasts; white-noise intensity is twice its square times this. [s]"""
    sojourn_s: PositiveFloat = 20.0
    """How long a target keeps to this model, on average. [s]"""


ModelConfig = Annotated[
    CvConfig | CtConfig | CaConfig | SingerConfig | CtUnknownConfig,
    Field(discriminator="kind"),
]
"""One model of motion; ``kind`` says which."""


class MotionConfig(Config):
    """Models of motion side by side; one is a plain filter, several are mixed (IMM).

    Source: Blom & Bar-Shalom, "The interacting multiple model algorithm for systems with Markovian switching
    coefficients", *IEEE Trans. AC* 33 (8), 1988, pp. 780-783.
    """

    models: tuple[ModelConfig, ...] = Field(default=(CvConfig(),), min_length=1, max_length=12)
    """The models. A target leaves one after its ``sojourn_s`` on average, for each of the others alike."""
    shares: tuple[float, ...] | None = None
    """Chance of each at the start of a track; left out, in proportion to ``sojourn_s`` (the long-run share). [1]"""
    acceleration_sd_mps2: PositiveFloat = 10.0
    """1-sigma of acceleration while a model has none, for the others to start from. [m/s2]"""
    turn_rate_sd_degps: PositiveFloat = 3.0
    """1-sigma of the turn rate while a model does not estimate it. [deg/s]"""

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.shares is not None:
            if len(self.shares) != len(self.models):
                raise ValueError(f"{len(self.models)} models but {len(self.shares)} shares")
            if any(share < 0.0 for share in self.shares) or abs(sum(self.shares) - 1.0) > 1e-6:
                raise ValueError(f"shares are at least 0 and add up to 1, got {self.shares}")
        return self


def turn_rate_radps(load_factor: float, speed_mps: float) -> float:
    r"""Rate of a level, coordinated turn.

    Parameters
    ----------
    load_factor : float
        Lift over weight, at least 1. [1]
    speed_mps : float
        Speed, above 0. [m/s]

    Returns
    -------
    float
        Rate of turn. [rad/s]

    Raises
    ------
    ValueError
        If ``load_factor`` is below 1 or ``speed_mps`` not above 0, or either is not finite.

    Notes
    -----
    :math:`\omega = g \sqrt{n^2 - 1} / v`: the horizontal part of lift turns, the vertical part carries the weight.

    References
    ----------
    J. D. Anderson, *Aircraft Performance and Design*, McGraw-Hill, 1999, eq. 6.11 (level turn); Blackman & Popoli,
    *Design and Analysis of Modern Tracking Systems*, Artech House, 1999, ch. 4 (targets bounded by load factor).

    Examples
    --------
    >>> float(np.degrees(turn_rate_radps(2.0, 200.0)).round(3))
    4.866
    """
    if not (math.isfinite(load_factor) and load_factor >= 1.0):
        raise ValueError(f"load_factor is at least 1 in a level turn, got {load_factor!r}")
    if not (math.isfinite(speed_mps) and speed_mps > 0.0):
        raise ValueError(f"speed_mps must be above 0, got {speed_mps!r}")
    return GRAVITY_MPS2 * math.sqrt(load_factor * load_factor - 1.0) / speed_mps


def singer_sigma_mps2(acceleration_max_mps2: float, p_max: float, p_none: float) -> float:
    r"""1-sigma acceleration of Singer's manoeuvring target.

    Parameters
    ----------
    acceleration_max_mps2 : float
        Largest acceleration A, above 0. [m/s2]
    p_max : float
        Chance that it is pulled to one side, and likewise to the other. [1]
    p_none : float
        Chance of no acceleration; the rest is uniform between -A and A. [1]

    Returns
    -------
    float
        1-sigma acceleration. [m/s2]

    Raises
    ------
    ValueError
        If ``acceleration_max_mps2`` is not above 0, or the chances, that of each side counted, exceed 1.

    Notes
    -----
    :math:`\sigma^2 = A^2 (1 + 4 p_{max} - p_0) / 3`.

    References
    ----------
    Singer, *IEEE Trans. AES* 6 (4), 1970, eq. 4.

    Examples
    --------
    >>> round(singer_sigma_mps2(30.0, 0.1, 0.1), 3)
    19.748
    """
    if not (math.isfinite(acceleration_max_mps2) and acceleration_max_mps2 > 0.0):
        raise ValueError(f"acceleration_max_mps2 must be above 0, got {acceleration_max_mps2!r}")
    if not (p_max >= 0.0 and p_none >= 0.0 and 2.0 * p_max + p_none <= 1.0):
        raise ValueError(f"2 p_max + p_none is a chance, at most 1, got p_max {p_max!r} and p_none {p_none!r}")
    return acceleration_max_mps2 * math.sqrt((1.0 + 4.0 * p_max - p_none) / 3.0)


def model_table(config: MotionConfig) -> tuple[FloatArray, int]:
    """Return the models as the kernels read them, in SI units.

    Parameters
    ----------
    config : MotionConfig
        The models.

    Returns
    -------
    table : (M, 8) array
        One model a row; columns are named in ``_kernels.motion``.
    n_state : int
        Components of the state: 6 (position, velocity), 9 (and acceleration) or 10 (and turn rate).

    Examples
    --------
    >>> table, n_state = model_table(MotionConfig(models=(CvConfig(), CtConfig(turn_rate_degps=4.0))))
    >>> table.shape, n_state
    ((2, 8), 6)
    """
    table = np.zeros((len(config.models), k.N_MODEL))
    n_state = 6
    table[:, k.ACC_SD] = config.acceleration_sd_mps2
    table[:, k.RATE_SD] = math.radians(config.turn_rate_sd_degps)
    table[:, k.TAU] = 1.0
    for row, model in zip(table, config.models, strict=True):
        time_s = model.manoeuvre_time_s
        scale = 2.0 * time_s
        match model:
            case CvConfig():
                row[k.KIND] = k.CV
                if model.noise == "held":
                    row[k.KIND], scale = k.CV_HELD, 1.0
            case CtConfig():
                row[k.KIND], row[k.RATE] = k.CT, model.rate_radps
            case CaConfig():
                row[k.KIND], scale, n_state = k.CA, 1.0 / time_s, max(n_state, 9)
            case SingerConfig():
                row[k.KIND], row[k.TAU], scale, n_state = k.SINGER, time_s, 2.0 / time_s, max(n_state, 9)
                row[k.ACC_SD] = model.manoeuvre_mps2
            case CtUnknownConfig():
                row[k.KIND], n_state = k.CT_UNKNOWN, 10
                row[k.Q_RATE] = math.radians(model.turn_rate_change_degps) ** 2 / model.turn_rate_time_s
        row[k.Q_H], row[k.Q_V] = scale * model.manoeuvre_mps2**2, scale * model.climb_manoeuvre_mps2**2
    return table, n_state


def sojourns_s(config: MotionConfig) -> FloatArray:
    """Return how long a target keeps to each model on average, (M,). [s]"""
    return np.array([model.sojourn_s for model in config.models])


def initial_shares(config: MotionConfig) -> FloatArray:
    """Return the chance of each model at the start of a track, (M,): as configured, or the long-run share.

    Examples
    --------
    >>> initial_shares(MotionConfig(models=(CvConfig(sojourn_s=30.0), CtConfig(turn_rate_degps=3.0, sojourn_s=10.0))))
    array([0.75, 0.25])
    """
    shares = sojourns_s(config) if config.shares is None else np.array(config.shares)
    return shares / shares.sum()


def switching(config: MotionConfig, dt_s: float) -> FloatArray:
    r"""Chances of going from one model to another within a time.

    Parameters
    ----------
    config : MotionConfig
        The models with their mean sojourn times.
    dt_s : float
        Time between; its sign does not matter. [s]

    Returns
    -------
    (M, M) array
        Row: model before; column: model after. Rows add up to 1. [1]

    Raises
    ------
    ValueError
        If ``dt_s`` is not finite.

    Notes
    -----
    A Markov chain in continuous time: model i is left at the rate :math:`1/\tau_i` for each other model alike, and
    the chances over a time are the exponential of its generator, so any division of the time gives the same. For a
    time well below the sojourns, :math:`1 - T/\tau_i` stays.

    References
    ----------
    Bar-Shalom, Li & Kirubarajan, 2001, section 11.6.1 (sojourn times and transition probabilities).

    Examples
    --------
    >>> config = MotionConfig(models=(CvConfig(sojourn_s=40.0), CtConfig(turn_rate_degps=3.0, sojourn_s=10.0)))
    >>> switching(config, 4.0).round(3)
    array([[0.921, 0.079],
           [0.315, 0.685]])
    """
    if not math.isfinite(dt_s):
        raise ValueError(f"dt_s must be finite, got {dt_s!r}")
    sojourn = sojourns_s(config)
    out = np.empty((len(sojourn), len(sojourn)))
    k.switching(sojourn, float(dt_s), out)
    return out


def transition(
    config: ModelConfig | MotionConfig, dt_s: float | FloatArray, state: FloatArray, *, flat: bool = False
) -> tuple[FloatArray, FloatArray]:
    r"""Transition and process noise of n states over their times.

    Parameters
    ----------
    config : one of the model configurations, or MotionConfig with one model
        The model.
    dt_s : float or (n,) array
        Time to move by; backwards (below 0) too, with the noise of the way back. [s]
    state : (n, 6), (n, 9) or (n, 10) array
        Position, velocity [, acceleration [, turn rate, positive to the right]], in ECEF, or with ``flat`` in a frame
        with x east, y north, z up. [m, m/s, m/s2, rad/s]
    flat : bool
        Whether the frame is flat.

    Returns
    -------
    f : (n, nx, nx) array
        Transition; for ``ct_unknown`` its derivative at the state. Zero in components the model does not use.
    q : (n, nx, nx) array
        Covariance of what the way adds; in components the model does not use, the prior that they fall back to.

    Raises
    ------
    ValueError
        If the state has too few components for the model, or something is not finite.

    Notes
    -----
    Nearly constant velocity: :math:`q\,[T^3/3,\ T^2/2;\ T^2/2,\ T]` a component; constant acceleration likewise from
    white jerk; Singer with :math:`2\sigma^2/\tau` driving an acceleration that fades; a turn rotates velocity about
    the vertical (normal of the ellipsoid, or z). Noise is white in continuous time, horizontal and vertical apart, and
    integrated in closed form, so two steps add up to one. For ``ct_unknown`` the share of the turn rate's own noise in
    position and velocity is right to second order in the angle turned. In ECEF the filters moreover bend the way with
    the Earth, so that level flight stays level; the transition leaves that out (a share of the way over the Earth's
    radius).

    References
    ----------
    Bar-Shalom, Li & Kirubarajan, 2001, sections 6.2.2, 6.2.3, 8.2.3, 11.7. Singer, 1970.

    Examples
    --------
    >>> f, q = transition(CvConfig(manoeuvre_mps2=1.0, manoeuvre_time_s=0.5), 2.0, np.zeros((1, 6)), flat=True)
    >>> f[0, 0], q[0, :4:3, :4:3].round(3)
    (array([1., 0., 0., 2., 0., 0.]), array([[2.667, 2.   ],
           [2.   , 2.   ]]))
    """
    models = config if isinstance(config, MotionConfig) else MotionConfig(models=(config,))
    table, n_state = model_table(models)
    if len(table) != 1:
        raise ValueError(f"transition is that of one model, got {len(table)}: ask for each apart")
    x = np.array(state, dtype=np.float64, order="C")
    if x.ndim != 2 or x.shape[1] not in (6, 9, 10) or x.shape[1] < n_state:
        raise ValueError(f"state must be (n, 6), (n, 9) or (n, 10), at least {n_state} here, got {x.shape}")
    dt = np.ascontiguousarray(np.broadcast_to(np.asarray(dt_s, dtype=np.float64), x.shape[:1]))
    if not (np.isfinite(x).all() and np.isfinite(dt).all()):
        raise ValueError("state and dt_s must be finite")
    f, q = np.empty((len(x), x.shape[1], x.shape[1])), np.zeros((len(x), x.shape[1], x.shape[1]))
    k.transitions(table[0], dt, flat, x, f, q)
    return f, q


def models_for(
    classes: Mapping[str, Mapping[str, float]], *, interval_s: float = 4.0, turns_max: int = 2, catch_all: bool = True
) -> MotionConfig:
    r"""Choose models of motion for the classes of targets that are expected.

    Parameters
    ----------
    classes : mapping of mappings
        For each class ``speed_mps`` (usual speed) and ``load_factor_max`` (largest sustained load factor); further
        keys, such as a catalogue card has, are ignored. [m/s, 1]
    interval_s : float
        Usual time between two plots of a target, above 0. [s]
    turns_max : int
        How many rates of turn at most, each to the left and to the right.
    catch_all : bool
        Whether to add a straight model with large noise, for all that is no level turn: pulling up, speeding up. On
        targets that only turn it costs one or two percent of accuracy.

    Returns
    -------
    MotionConfig
        Straight flight, the turns, and the catch-all.

    Raises
    ------
    ValueError
        If there is no class, a class lacks a key, or a value is out of its domain.

    Notes
    -----
    The rule, for a class with load factor n at speed v, whose largest rate of turn is
    :math:`\omega = g\sqrt{n^2-1}/v`:

    - two turns stand at :math:`\omega/3` and :math:`3\omega/4`, each for the rates within :math:`\omega/4` of its own,
      uniformly: noise of 1 sigma :math:`v\,\omega/4\sqrt{3}`, held from one plot to the next (intensity
      :math:`\sigma^2 T`). Simulated fighters and airliners with plots every 2 to 10 s were followed 3 to 10 %
      better than with one turn, and within 3 % of three;
    - the catch-all has 1 sigma of half the largest acceleration :math:`v\,\omega`, at the lower end of the practical
      range 0.5 to 1 (Bar-Shalom et al., section 6.3.2), and vertically of a quarter of :math:`(n-1)\,g`;
    - straight flight has 0.3 m/s2 along and 0.2 m/s2 across the horizon, and lasts a minute; a turn lasts as long as a
      quarter circle; the catch-all lasts 10 s; none of these less than two intervals. These numbers are assumptions.

    A rate of more than two radians from one plot to the next (a slow drone's), or next to none, gets no turn model: the
    catch-all is then added whatever was asked. Turns whose rates are within a factor of 1.5 are joined to one for the
    rates of both; if more than ``turns_max`` remain, those nearest to each other are joined first. One model more costs
    each track one more filter.

    References
    ----------
    Blackman & Popoli, 1999, ch. 4 (models by class of target); Bar-Shalom, Li & Kirubarajan, 2001, sections 6.3.2
    (noise by largest acceleration) and 11.6.7 (choice of models: one quiet, others for the manoeuvres, sojourn times).

    Examples
    --------
    >>> config = models_for({"fighter": {"speed_mps": 260.0, "load_factor_max": 5.0}})
    >>> [model.kind for model in config.models]
    ['cv', 'ct', 'ct', 'ct', 'ct', 'cv']
    >>> round(config.models[1].turn_rate_degps, 2)
    3.53
    """
    if not classes:
        raise ValueError("classes is empty: name at least one class of target")
    if not (math.isfinite(interval_s) and interval_s > 0.0):
        raise ValueError(f"interval_s must be above 0, got {interval_s!r}")
    if turns_max < 1:
        raise ValueError(f"turns_max is at least 1, got {turns_max!r}")
    turns: list[tuple[float, float, float]] = []  # least and largest rate, speed
    most, climb = _QUIET_MPS2, _QUIET_CLIMB_MPS2
    for name, numbers in classes.items():
        missing = [key for key in ("speed_mps", "load_factor_max") if key not in numbers]
        if missing:
            raise ValueError(f"class {name!r} lacks {' and '.join(missing)}")
        load_factor, speed_mps = float(numbers["load_factor_max"]), float(numbers["speed_mps"])
        try:
            rate = turn_rate_radps(load_factor, speed_mps)
        except ValueError as err:
            raise ValueError(f"class {name!r}: {err}") from err
        most = max(most, _MANOEUVRE_SHARE * rate * speed_mps)
        climb = max(climb, _CLIMB_SHARE * (load_factor - 1.0) * GRAVITY_MPS2)
        for level in _LEVELS:
            if 1e-3 < level * rate * interval_s < _ANGLE_MAX_RAD and level * rate < _RATE_MAX_RADPS:
                turns.append(((level - _HALF_WIDTH) * rate, (level + _HALF_WIDTH) * rate, speed_mps))
            else:
                catch_all = True
    half = 0.5 * interval_s  # white-noise intensity is 2 sigma^2 times this
    models: list[ModelConfig] = [
        CvConfig(
            manoeuvre_mps2=_QUIET_MPS2,
            climb_manoeuvre_mps2=_QUIET_CLIMB_MPS2,
            manoeuvre_time_s=half,
            sojourn_s=_STRAIGHT_S,
        )
    ]
    for least, largest, speed_mps in _joined(turns, turns_max):
        rate, sigma = 0.5 * (least + largest), speed_mps * (largest - least) / math.sqrt(12.0)
        models += [
            CtConfig(
                turn_rate_degps=math.degrees(side * rate),
                manoeuvre_mps2=max(sigma, _QUIET_MPS2),
                climb_manoeuvre_mps2=2.0 * _QUIET_CLIMB_MPS2,
                manoeuvre_time_s=half,
                sojourn_s=max(_TURN_RAD / rate, 2.0 * interval_s),
            )
            for side in (1.0, -1.0)
        ]
    if catch_all:
        models.append(
            CvConfig(
                manoeuvre_mps2=most,
                climb_manoeuvre_mps2=climb,
                manoeuvre_time_s=half,
                sojourn_s=max(_BETWEEN_S, 2.0 * interval_s),
            )
        )
    return MotionConfig(models=tuple(models))


def _joined(turns: Sequence[tuple[float, float, float]], n_max: int) -> list[tuple[float, float, float]]:
    """Join spans of rates whose middles are alike, then the nearest, until at most ``n_max`` are left; sorted."""
    left = sorted(turns, key=lambda turn: turn[0] + turn[1])
    while len(left) > 1:
        ratios = [(b[0] + b[1]) / (a[0] + a[1]) for a, b in zip(left, left[1:], strict=False)]
        i = int(np.argmin(ratios))
        if len(left) <= n_max and ratios[i] > _ALIKE:
            break
        both = left[i : i + 2]
        left[i : i + 2] = [(min(t[0] for t in both), max(t[1] for t in both), max(t[2] for t in both))]
        left.sort(key=lambda turn: turn[0] + turn[1])
    return left
