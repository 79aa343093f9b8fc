r"""Posterior over types and "other" of each track: from its looks, how it flies, and what it declares.

.. math:: p(t\,|\,\cdot) \propto p(t)\, p(\text{label}\,|\,t)\, p(\bar v,\bar h\,|\,t)
          \prod_{s,c} \int p_0(\sigma\,|\,t,s,c)\, L_{s,c}(\sigma)\, d\sigma

L is the likelihood of the track's own looks by sensor s in aspect cell c: they share one unknown cross-section, so a
hundred looks at one cell cannot count a wrong guess of it a hundred times. :math:`p_0` is what was known when the
flight began: what the track's own looks have taught the library meanwhile is not used to recognise that same track,
which would confirm itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watchfloor.base.picture import Tracks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn.levels import two_piece
from watchfloor.physics.frames import ecef_to_geodetic
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.spread import Spread


class Kinematics:
    """How each type usually flies: speed and altitude, two-piece normal about the card's median.

    Estimates of one track are far from independent, so a type is judged once, by the averages over the track's life,
    against the spread that the card gives between flights. Any type may fly unusually: a share of each density is that
    of "other".

    Parameters
    ----------
    cards : sequence of TypeCard
        The known types.
    other_speed_mps, other_altitude_m : Spread
        The same for "other". [m/s, m]
    trust : float
        Chance that a type flies as its card says, 0 to 1. [1]
    """

    def __init__(
        self, cards: Sequence[TypeCard], *, other_speed_mps: Spread, other_altitude_m: Spread, trust: float
    ) -> None:
        spreads = [(card.speed_mps, card.altitude_m) for card in cards] + [(other_speed_mps, other_altitude_m)]
        pieces = np.array([[two_piece(spread) for spread in pair] for pair in spreads])
        self._median, self._below2, self._above2 = pieces[..., 0], pieces[..., 1] ** 2, pieces[..., 2] ** 2
        self._trust = trust

    def log_likelihood(self, value: FloatArray, variance: FloatArray) -> FloatArray:
        """Log density of the mean speed and altitude under each type.

        Parameters
        ----------
        value : (n, 2) array
            Mean speed and altitude of each track. [m/s, m]
        variance : (n, 2) array
            Variance of their errors. [m2/s2, m2]

        Returns
        -------
        (n, types + 1) array
            Sum of both log densities, "other" last. [1]
        """
        away = value[:, None, :] - self._median
        total2 = np.where(away < 0.0, self._below2, self._above2) + (variance[:, None, :] + 1.0)
        density = np.exp(-0.5 * away * away / total2) / np.sqrt(total2)
        density = self._trust * density + (1.0 - self._trust) * density[:, -1:, :]
        return np.log(np.maximum(density, 1e-300)).sum(axis=2)


def speed_and_altitude(tracks: Tracks) -> tuple[FloatArray, FloatArray]:
    """Speed and altitude of each track, (n, 2), and the variances of their errors, (n, 2). [m/s, m; m2/s2, m2]"""
    position, velocity, cov = tracks.position_ecef_m, tracks.velocity_ecef_mps, tracks.cov
    value, variance = np.empty((len(tracks), 2)), np.empty((len(tracks), 2))
    value[:, 0] = np.sqrt(np.einsum("ni,ni->n", velocity, velocity))
    value[:, 1] = ecef_to_geodetic(position)[2]
    up = position / np.sqrt(np.einsum("ni,ni->n", position, position))[:, None]
    variance[:, 0] = np.einsum("nii->n", cov[:, 3:, 3:]) / 3.0
    variance[:, 1] = np.einsum("ni,nij,nj->n", up, cov[:, :3, :3], up)
    return value, variance


def log_label(label: IntArray, n_types: int, reliability: float) -> FloatArray:
    """Log likelihood of the declared type under each type, (n, types + 1), "other" last. [1]

    A wrong declaration may be any. Nothing declared says nothing, although a silent airliner is rare: a limit.
    """
    if n_types == 0:
        return np.zeros((len(label), 1))
    out = np.full((len(label), n_types + 1), np.log((1.0 - reliability) / n_types))
    said = (label >= 0) & (label < n_types)
    out[~said] = 0.0
    rows = np.flatnonzero(said)
    out[rows, label[rows]] = np.log(reliability)
    return out


def softmax(log_weight: FloatArray) -> FloatArray:
    """Return probabilities over the last axis that are proportional to the exponentials, (n, m). [1]"""
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)
