r"""Posterior over types and "other" of each track: from its looks, how it flies, its blades, and what it declares.

.. math:: p(t\,|\,\cdot) \propto p(t)\, p(\text{label}\,|\,t)\, p(\text{flight}\,|\,t)\, p(\text{lines}\,|\,t)
          \prod_{g} \int \prod_{s,c} \int p_0(\sigma\,|\,u,t,s,c)\, L_{s,c}(\sigma)\, d\sigma\; p(u)\, du

L is the likelihood of the track's own looks by radar s in aspect cell c: they share one unknown cross-section, so a
hundred looks at one cell cannot count a wrong guess of it a hundred times; and cells share the score u of their group
of radars, so ten cells cannot count one wrong guess of the whole ten times. :math:`p_0` is what was known when the
flight began: what the track's own looks have taught the library meanwhile is not used to recognise that same track,
which would confirm itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watchfloor.base.picture import Tracks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn import _kernels_identify
from watchfloor.learn.habits import N_FEATURES, Feature, Habits
from watchfloor.learn.labels import (
    SOURCES,
    LabelConfig,
    Reliability,
    answers_of,
    log_answer,
    log_label,
    log_labels,
    without_label,
)
from watchfloor.learn.modulation import N_NODES, BladeLines
from watchfloor.physics.radar import Radar
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.spread import Spread

TURN_GAP_MAX_S = 30.0
"""Estimates farther apart in time than this do not tell how a track turns: it may have gone round. [s]"""
_HEARD_MIN_S = 60.0
"""A track younger than this has not had its chance to answer. [s]"""


class Behaviour:
    """What a track does, beside what the radar sees of its size: how it flies, its blades, what it declares.

    Sums are kept by slot, a small number that a live track has; a slot is used again once its track has ended.

    Parameters
    ----------
    radars : sequence of Radar or None
        The run's sensors; None for what is no primary radar.
    types : sequence of str
        The run's list of types.
    cards : sequence of TypeCard
        Their cards.
    labels : LabelConfig
        How far declared types are trusted.
    trust : float
        Chance that a flight keeps its type's habits. [1]
    other_speed_mps, other_altitude_m : Spread
        Habits of "other". [m/s, m]
    habits : Habits or None
        What is known of the types' habits; None for the cards alone.
    """

    def __init__(
        self,
        radars: Sequence[Radar | None],
        types: Sequence[str],
        cards: Sequence[TypeCard],
        *,
        labels: LabelConfig,
        trust: float,
        other_speed_mps: Spread,
        other_altitude_m: Spread,
        habits: Habits | None,
    ) -> None:
        if habits is None:
            habits = Habits.prior(cards, other_speed_mps=other_speed_mps, other_altitude_m=other_altitude_m)
        elif habits.n_types != len(types):
            raise ValueError(f"habits of {habits.n_types} types, but the run lists {len(types)}")
        self.habits = habits
        """What is known of each type's habits."""
        self.reliability = Reliability.start(labels)
        """What is believed of each source of labels."""
        self._n_types, self._trust, self._learned = len(types), trust, labels.learned
        self._answers = answers_of(labels, types)
        self._blades = BladeLines(radars, cards)
        self._sums, self._counts = np.zeros((0, N_FEATURES)), np.zeros((0, N_FEATURES))
        self._heard_s, self._course = np.zeros((0, 2)), np.zeros((0, 2))
        self._lines = np.zeros((0, self._n_types + 1, N_NODES))
        self._labels, self._done = np.zeros((0, len(SOURCES)), np.int64), np.zeros(0, np.bool_)
        self._answered = np.zeros(0, np.bool_)

    def begin(self, at: IntArray) -> None:
        """Start anew in slots ``at`` (n,)."""
        short = int(at.max(initial=-1)) + 1 - len(self._sums)
        if short > 0:
            for name in ("_sums", "_counts", "_heard_s", "_course", "_lines", "_labels", "_done", "_answered"):
                old = getattr(self, name)
                grown = np.concatenate((old, np.zeros((max(short, len(old)), *old.shape[1:]), old.dtype)))
                setattr(self, name, grown)
        self._sums[at], self._counts[at], self._lines[at] = 0.0, 0.0, 0.0
        self._heard_s[at], self._course[at], self._labels[at] = (np.inf, -np.inf), np.nan, -1
        self._done[at], self._answered[at] = False, False

    def hear(self, tracks: Tracks, at: IntArray) -> FloatArray:
        """Take in the tracks' newest estimates, slots ``at`` (n,); return how they fly, (n, 6), as `manner_of`."""
        manner = manner_of(tracks)
        course, course_sd = manner[:, 2], manner[:, 3]
        gap_s = tracks.t_s - self._heard_s[at, 1]
        fresh = gap_s > 0.0
        turn = (course - self._course[at, 0] + np.pi) % (2.0 * np.pi) - np.pi
        doubt2 = course_sd**2 + self._course[at, 1] ** 2
        near = fresh & (gap_s <= TURN_GAP_MAX_S)
        rate = np.sqrt(np.maximum(turn * turn - doubt2, 0.0)) / np.where(near, gap_s, 1.0)
        value, count = np.zeros((len(tracks), N_FEATURES)), np.zeros((len(tracks), N_FEATURES))
        value[:, Feature.SPEED], value[:, Feature.ALTITUDE] = manner[:, 0], manner[:, 1]
        value[:, Feature.TURN_RATE] = np.where(near, rate, 0.0)
        count[:, : Feature.TURN_RATE], count[:, Feature.TURN_RATE] = fresh[:, None], near
        self._sums[at] += value * count
        self._counts[at] += count
        self._heard_s[at, 0] = np.minimum(self._heard_s[at, 0], tracks.t_s)
        self._heard_s[at, 1] = np.maximum(self._heard_s[at, 1], tracks.t_s)
        self._course[at[fresh]] = manner[fresh, 2:4]
        said = tracks.label >= 0
        if np.any(said):
            self._labels[at[said], np.maximum(tracks.label_source[said], 0)] = tracks.label[said]
        self._answered[at] |= said | (tracks.address >= 0)
        return manner

    def see(
        self, at: IntArray, sensor: IntArray, aspect_rad: FloatArray, snr_db: FloatArray, modulation_hz: FloatArray
    ) -> None:
        """Take in looks (n,) at the tracks in slots ``at`` (n,), -1 for none: lines of blades, and their absence."""
        rows = np.flatnonzero((at >= 0) & self._blades.resolves[sensor] & np.isfinite(snr_db))
        if len(rows) == 0:
            return
        part = self._blades.evidence(sensor[rows], aspect_rad[rows], snr_db[rows], modulation_hz[rows])
        np.add.at(self._lines, at[rows], part)
        seen = rows[np.isfinite(modulation_hz[rows])]
        np.add.at(self._sums[:, Feature.SPACING], at[seen], np.log(modulation_hz[seen]))
        np.add.at(self._counts[:, Feature.SPACING], at[seen], 1.0)

    def log_likelihood(self, manner: FloatArray, at: IntArray) -> FloatArray:
        """Log likelihood (n, types + 1) of what the tracks in slots ``at`` have done so far, "other" last. [1]

        manner (n, 6) as `hear` returned it.
        """
        features, variance = self._features(manner, at)
        out = self.habits.log_likelihood(features, variance, trust=self._trust)
        out += self._of_label(at)
        if np.any(self._blades.resolves):
            out += self._blades.log_likelihood(self._lines[at])
        if self._answers is not None:
            asked = self._heard_s[at, 1] - self._heard_s[at, 0] >= _HEARD_MIN_S
            out += log_answer(self._answered[at], asked, self._answers)
        return out

    def end(self, tracks: Tracks, at: IntArray, probability: FloatArray) -> None:
        """Learn habits, and what labels are worth, from tracks that end; ``probability`` (n, types + 1) is final.

        A track teaches once: one that lives on after its flight was closed has had its say.
        """
        new = ~self._done[at]
        tracks, at, probability = tracks.take(new), at[new], probability[new]
        if len(at) == 0:
            return
        self._done[at] = True
        features, variance = self._features(manner_of(tracks), at)
        weights = probability[:, : self._n_types]
        self.habits = self.habits.taught(features, weights, variance=variance, trust=self._trust)
        if self._learned:
            for source in SOURCES:
                said = self._labels[at, source]
                own = log_label(said, np.full(len(at), int(source)), self._n_types, self.reliability.mean)
                rest = without_label(probability, own)
                self.reliability = self.reliability.learn(said, np.full(len(at), int(source)), rest)

    def _features(self, manner: FloatArray, at: IntArray) -> tuple[FloatArray, FloatArray]:
        count = self._counts[at]
        mean = self._sums[at] / np.maximum(count, 1.0)
        mean[:, Feature.SPACING] = np.exp(mean[:, Feature.SPACING])
        variance = np.ones_like(mean)
        variance[:, Feature.SPEED] += manner[:, 4]
        variance[:, Feature.ALTITUDE] += manner[:, 5]
        variance[:, Feature.TURN_RATE] = np.where(count[:, Feature.TURN_RATE] > 0.0, 1e-3**2, 0.0)
        variance[:, Feature.SPACING] = (0.02 * mean[:, Feature.SPACING]) ** 2
        return np.where(count > 0.0, mean, np.nan), variance

    def _of_label(self, at: IntArray) -> FloatArray:
        labels = self._labels[at]
        if np.all(labels < 0):
            return np.zeros((len(at), self._n_types + 1))
        return log_labels(labels, self._n_types, self.reliability.mean)


def manner_of(tracks: Tracks) -> FloatArray:
    """How tracks fly (n, 6), as `_kernels_identify.manner` has it."""
    out = np.empty((len(tracks), 6))
    _kernels_identify.manner(
        np.ascontiguousarray(tracks.position_ecef_m),
        np.ascontiguousarray(tracks.velocity_ecef_mps),
        np.ascontiguousarray(tracks.cov),
        out,
    )
    return out


def softmax(log_weight: FloatArray) -> FloatArray:
    """Return probabilities over the last axis that are proportional to the exponentials, (n, m). [1]"""
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def by_type(probability: FloatArray, class_type: IntArray, n_types: int) -> FloatArray:
    """Sum the probabilities of classes (n, m) to those of types and "other" (n, types + 1). [1]"""
    if len(class_type) == n_types + 1:
        return probability
    out = np.zeros((n_types + 1, len(probability)))
    np.add.at(out, class_type, probability.T)
    return np.ascontiguousarray(out.T)
