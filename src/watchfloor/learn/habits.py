r"""Habits of each type, learned: how fast, how high and how sharply it flies, and the spacing of its engine's lines.

The card says where a flight's averages usually lie. In units of the card's own spread, z (0 at its median, -1 and 1 at
one standard deviation of its lower and upper half), flights of a type scatter normally about a mean that nobody knows,
with a variance that nobody knows; both are learned, one flight one datum:

.. math:: z\,|\,\mu,\tau^2 \sim N(\mu,\tau^2),\quad \mu\,|\,\tau^2 \sim N(m,\tau^2/\kappa),\quad
          \tau^2 \sim \mathrm{IG}(a,b)

so what is foretold of the next flight is a Student t. Before any flight its 10 and 90 % points are the card's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from math import log, sqrt
from typing import Self

import numpy as np
from scipy import special

from watchfloor.base.columns import Columns
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.spread import Spread

STRENGTH, SHAPE = 1.0, 3.0
"""Prior: the mean is as well known as after one flight, the variance as after six. [1]"""
_Z90 = 1.281_551_565_544_600_4
RATE = float(SHAPE * STRENGTH / (STRENGTH + 1.0) * (_Z90 / special.stdtrit(2.0 * SHAPE, 0.9)) ** 2)
"""Prior rate with which the 10 and 90 % points of the first flight are the card's. [1]"""
_G_MPS2 = 9.80665
OTHER_TURN_RADPS = Spread(p10=0.001, p50=0.01, p90=0.1, source="scenario", note="anything that flies")
"""Mean turn rate of "other". [rad/s]"""
OTHER_SPACING_HZ = Spread(p10=20.0, p50=500.0, p90=10_000.0, scale="log", source="scenario", note="anything that turns")
"""Spacing of the lines of "other". [Hz]"""
_LOG_TINY = -690.0


class Feature(IntEnum):
    """What is averaged over a flight; the columns of ``features``."""

    SPEED = 0
    """Speed. [m/s]"""
    ALTITUDE = 1
    """Altitude. [m]"""
    TURN_RATE = 2
    """Magnitude of the rate at which its course turns. [rad/s]"""
    SPACING = 3
    """Spacing of its engine's or propeller's lines. [Hz]"""


N_FEATURES = len(Feature)


@dataclass(frozen=True, kw_only=True, eq=False)
class Habits(Columns):
    """What is known of the habits of each type; one row a type x `Feature`, sorted so, "other" last.

    It carries over between flights: hand the table to the next learner. "Other" is never taught.
    """

    type: IntArray
    """(n,) row of the type in the run's type list; one past the last for "other"."""
    feature: IntArray
    """(n,) a `Feature`."""
    logarithmic: IntArray
    """(n,) 1: spreads are of the logarithm; 0: of the value."""
    median: FloatArray
    """(n,) the card's median, or its logarithm; NaN where the card knows none. [unit of the feature, or 1]"""
    below: FloatArray
    """(n,) standard deviation of the card's lower half. [likewise]"""
    above: FloatArray
    """(n,) standard deviation of its upper half. [likewise]"""
    mean: FloatArray
    """(n,) m, expected mean of flights, in units of the card's spread. [1]"""
    strength: FloatArray
    """(n,) kappa, flights' worth of knowledge of the mean. [1]"""
    shape: FloatArray
    """(n,) a, half the flights' worth of knowledge of the variance. [1]"""
    rate: FloatArray
    """(n,) b. [1]"""

    @classmethod
    def prior(
        cls,
        cards: Sequence[TypeCard],
        *,
        other_speed_mps: Spread,
        other_altitude_m: Spread,
        other_turn_radps: Spread = OTHER_TURN_RADPS,
        other_spacing_hz: Spread = OTHER_SPACING_HZ,
    ) -> Self:
        """What the catalogue says, before any flight.

        Parameters
        ----------
        cards : sequence of TypeCard
            The known types.
        other_speed_mps, other_altitude_m, other_turn_radps, other_spacing_hz : Spread
            The same of "other". [m/s, m, rad/s, Hz]

        Returns
        -------
        Habits
            ``N_FEATURES`` rows a type and for "other".

        Notes
        -----
        Turn rates are not on cards: of the greatest sustained one, ``g sqrt(n^2 - 1) / v`` at the card's load factor
        and usual speed, a flight's mean is taken to be a twentieth, 1 % and 40 % as 10 and 90 % points. An assumption,
        broad on purpose. The spacing of lines is blades times turns, both spreads as logarithms added in quadrature.
        """
        rows = [_of_card(card) for card in cards]
        rows.append(
            [
                _as_linear(other_speed_mps),
                _as_linear(other_altitude_m),
                _as_linear(other_turn_radps),
                _pieces(other_spacing_hz.model_copy(update={"scale": "log"})),
            ]
        )
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        n = len(table)
        return cls(
            type=np.repeat(np.arange(len(rows)), N_FEATURES),
            feature=np.tile(np.arange(N_FEATURES), len(rows)),
            logarithmic=table[:, 0].astype(np.int64),
            median=table[:, 1],
            below=table[:, 2],
            above=table[:, 3],
            mean=np.zeros(n),
            strength=np.full(n, STRENGTH),
            shape=np.full(n, SHAPE),
            rate=np.full(n, RATE),
        )

    @property
    def n_types(self) -> int:
        """Known types."""
        return len(self) // N_FEATURES - 1

    def log_likelihood(self, features: FloatArray, variance: FloatArray, *, trust: float) -> FloatArray:
        """Log density of a flight's averages under each type.

        Parameters
        ----------
        features : (n, 4) array
            Averages over each flight so far, columns as `Feature`; NaN where unknown, which says nothing.
        variance : (n, 4) array
            Variance of their errors, units squared.
        trust : float
            Chance that a flight keeps its type's habit, 0 to 1; the rest flies as "other" might. [1]

        Returns
        -------
        (n, types + 1) array
            Sum over the features, "other" last. [1]

        Raises
        ------
        ValueError
            If a shape is wrong, a variance negative or ``trust`` outside its domain.

        Notes
        -----
        Errors widen the Student t in quadrature, which is exact for its normal core. Features count as independent.
        """
        self._check(features, variance, trust)
        density = self._densities(features, variance)
        mixed = trust * density + (1.0 - trust) * density[:, -1:, :]
        total = np.log(np.maximum(mixed, 1e-300))
        return np.where(np.isnan(features)[:, None, :], 0.0, total).sum(axis=2)

    def taught(
        self, features: FloatArray, weights: FloatArray, *, variance: FloatArray | None = None, trust: float = 0.9
    ) -> Self:
        """Habits after flights have ended.

        Parameters
        ----------
        features : (n, 4) array
            Averages over each whole flight, one row a flight; NaN where unknown.
        weights : (n, types) or (n, types + 1) array
            Final probability of each type of each flight; that of "other" teaches nothing. [1]
        variance : (n, 4) array, optional
            Variance of the errors; none when left out.
        trust : float
            As in `log_likelihood`. [1]

        Returns
        -------
        Habits
            A new table.

        Raises
        ------
        ValueError
            If a shape is wrong, or a weight or variance outside its domain.

        Notes
        -----
        A flight counts as many flights as its type is probable, times the probability that it kept the habit of the
        type rather than flew as "other" might, given what was known before: so a wrong label far from the habit
        teaches next to nothing. One with a large error counts for less, by the share of the predicted variance that is
        the habit's own. Weighing by both is the first step of variational Bayes, not exact; the flights of one call
        are weighed by the same knowledge, so their order does not matter.
        """
        noise = np.zeros_like(features) if variance is None else variance
        self._check(features, noise, trust)
        n_types = self.n_types
        if weights.shape not in ((len(features), n_types), (len(features), n_types + 1)):
            raise ValueError(f"weights must have shape {(len(features), n_types)}, got {weights.shape}")
        if not np.all((weights >= 0.0) & (weights <= 1.0 + 1e-9)):
            raise ValueError("weights are probabilities between 0 and 1, got one outside or not a number")
        density = self._densities(features, noise)
        own = trust * density[:, :-1]
        known = np.isfinite(features)[:, None, :] & np.isfinite(self._grid(self.median)[None, :-1, :])
        kept = own / np.maximum(own + (1.0 - trust) * density[:, -1:], 1e-300)
        z, z_noise, _ = self._scores(features, noise)
        s2 = self._grid(self._scale2())[:-1]
        count = weights[:, :n_types, None] * kept * s2 / (s2 + z_noise[:, :-1])
        count = np.where(known, count, 0.0)
        z = np.where(known, z[:, :-1], 0.0)
        total = count.sum(axis=0)
        centre = (count * z).sum(axis=0) / np.maximum(total, 1e-300)
        scatter = (count * (z - centre) ** 2).sum(axis=0)
        m, kappa, a, b = (self._grid(column)[:-1] for column in (self.mean, self.strength, self.shape, self.rate))
        after = {
            "mean": (kappa * m + total * centre) / (kappa + total),
            "strength": kappa + total,
            "shape": a + 0.5 * total,
            "rate": b + 0.5 * scatter + 0.5 * kappa * total * (centre - m) ** 2 / (kappa + total),
        }
        n = n_types * N_FEATURES
        return replace(
            self, **{name: np.concatenate((new.ravel(), getattr(self, name)[n:])) for name, new in after.items()}
        )

    def rank(self, features: FloatArray, variance: FloatArray) -> FloatArray:
        """Probability, under each type's habit, that a flight's average would lie below the one seen.

        Uniform over flights of that type if what is foretold is right.

        Parameters
        ----------
        features, variance : (n, 4) arrays
            As in `log_likelihood`.

        Returns
        -------
        (n, types + 1, 4) array
            NaN where the average or the habit is unknown. [1]
        """
        self._check(features, variance, 1.0)
        z, noise, _ = self._scores(features, variance)
        t = (z - self._grid(self.mean)) / np.sqrt(self._grid(self._scale2()) + noise)
        return special.stdtr(2.0 * self._grid(self.shape), t)

    def quantile(self, share: float) -> FloatArray:
        """Value below which a share of the flights of each type is foretold to lie, (types + 1, 4). [feature's unit]"""
        if not 0.0 < share < 1.0:
            raise ValueError(f"share must lie inside (0, 1), got {share!r}")
        z = self.mean + np.sqrt(self._scale2()) * special.stdtrit(2.0 * self.shape, share)
        value = self.median + z * np.where(z < 0.0, self.below, self.above)
        return self._grid(_from(value, self.logarithmic == 1))

    def _grid(self, column: FloatArray) -> FloatArray:
        return column.reshape(-1, N_FEATURES)

    def _scale2(self) -> FloatArray:
        """Squared scale of what is foretold, in units of the card's spread. [1]"""
        return self.rate * (self.strength + 1.0) / (self.shape * self.strength)

    def _scores(self, features: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Features in units of the cards' spreads, variance of their errors, and the unit; (n, types + 1, 4)."""
        as_log = self.logarithmic[:N_FEATURES] == 1
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(as_log, np.log(np.maximum(features, 1e-9)), features)
            noise = np.where(as_log, variance / np.maximum(features, 1e-9) ** 2, variance)
        away = value[:, None, :] - self._grid(self.median)
        unit = np.where(away < 0.0, self._grid(self.below), self._grid(self.above))
        return away / unit, noise[:, None, :] / (unit * unit), unit

    def _densities(self, features: FloatArray, variance: FloatArray) -> FloatArray:
        """Predictive density of each feature under each type (n, types + 1, 4); a type without habit is "other"."""
        z, noise, unit = self._scores(features, variance)
        nu = 2.0 * self._grid(self.shape)
        total2 = self._grid(self._scale2()) + noise
        head = special.gammaln(0.5 * (nu + 1.0)) - special.gammaln(0.5 * nu) - 0.5 * np.log(np.pi * nu)
        away2 = (z - self._grid(self.mean)) ** 2 / (nu * total2)
        logp = head - 0.5 * np.log(total2) - np.log(unit) - 0.5 * (nu + 1.0) * np.log1p(away2)
        density = np.exp(np.maximum(logp, _LOG_TINY))
        return np.where(np.isnan(self._grid(self.median)), density[:, -1:], density)

    def _check(self, features: FloatArray, variance: FloatArray, trust: float) -> None:
        if features.ndim != 2 or features.shape[1] != N_FEATURES or variance.shape != features.shape:
            raise ValueError(
                f"features and variance must have shape (n, {N_FEATURES}), got {features.shape} and {variance.shape}"
            )
        if not 0.0 <= trust <= 1.0:
            raise ValueError(f"trust must lie between 0 and 1, got {trust!r}")
        if np.any((variance < 0.0) | np.isinf(features)) or np.any(np.isnan(variance) & ~np.isnan(features)):
            raise ValueError("features must be finite or NaN, and variance at least 0 wherever they are finite")


def _from(value: FloatArray, as_log: BoolArray) -> FloatArray:
    """Values from logarithms where they are such."""
    return np.where(as_log, np.exp(np.where(as_log, value, 0.0)), value)


def _pieces(spread: Spread) -> tuple[float, float, float, float]:
    """Whether logarithmic, median, and standard deviations of the halves; a point gets a hundredth of itself."""
    p10, p50, p90 = spread.quantile_range()
    as_log = spread.scale == "log"
    if as_log:
        p10, p50, p90 = log(p10), log(p50), log(p90)
    least = 1e-2 if as_log else max(1e-2 * abs(p50), 1e-6)
    return float(as_log), p50, max((p50 - p10) / _Z90, least), max((p90 - p50) / _Z90, least)


def _of_card(card: TypeCard) -> list[tuple[float, float, float, float]]:
    """Rows of the four features of one type: logarithmic, median, below, above."""
    turn = _G_MPS2 * sqrt(card.load_factor_max.median**2 - 1.0) / card.speed_mps.median
    return [
        _as_linear(card.speed_mps),
        _as_linear(card.altitude_m),
        (0.0, 0.05 * turn, 0.04 * turn / _Z90, 0.35 * turn / _Z90),
        _spacing(card),
    ]


def _as_linear(spread: Spread) -> tuple[float, float, float, float]:
    """Pieces on a linear scale, whatever the spread's own: all types must share one scale to be compared."""
    return _pieces(spread.model_copy(update={"scale": "linear"}))


def _spacing(card: TypeCard) -> tuple[float, float, float, float]:
    """Pieces of the spacing of lines, NaN for hidden blades."""
    part = card.modulation
    if part is None:
        return 1.0, np.nan, np.nan, np.nan
    blades, rpm = (np.log(spread.quantile_range()) for spread in (part.blades, part.shaft_rpm))
    flights = part.between_flights.median
    below, above = (
        float(np.sqrt(((blades[1] - blades[i]) / _Z90) ** 2 + ((rpm[1] - rpm[i]) / _Z90) ** 2 + flights**2))
        for i in (0, 2)
    )
    return 1.0, float(blades[1] + rpm[1] - log(60.0)), below, above
