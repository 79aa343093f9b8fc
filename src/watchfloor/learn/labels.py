r"""What a declared type is worth: transponder, flight plan and the eye, each with its own reliability.

A source that speaks of a thing whose type is t says t with its reliability :math:`\rho`; else one of the n others,
evenly: the other known types, and "a type that is not on the list". A thing of no known type is declared as such with
:math:`\rho` (which reaches nobody as a label), else as one of the n known types, evenly. So a label d has

.. math:: P(d\,|\,t) = \rho\ (t = d),\qquad P(d\,|\,t) = (1-\rho)/n\ (t \ne d,\ \text{"other" too})

A source counts once for a track, however often it repeats itself. Reliabilities may be learned: what the looks and the
flight say of a track, its label left aside, tells whether the label was right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.picture import LabelSource
from watchfloor.base.units import BoolArray, FloatArray, IntArray

SOURCES: tuple[LabelSource, ...] = (LabelSource.TRANSPONDER, LabelSource.FLIGHT_PLAN, LabelSource.VISUAL)
"""Who may declare a type; a source's number is its place here."""
_FLOOR = 1e-6


class LabelConfig(Config):
    """How far declared types are trusted."""

    transponder: float = Field(default=0.98, gt=0.0, lt=1.0)
    """Chance that a transponder declares the right type. [1]"""
    flight_plan: float = Field(default=0.98, gt=0.0, lt=1.0)
    """Chance that a flight plan declares the right type. [1]"""
    visual: float = Field(default=0.9, gt=0.0, lt=1.0)
    """Chance that observers name the right type. [1]"""
    learned: bool = False
    """Whether reliabilities are learned from agreement with signature and flight."""
    worth: float = Field(default=50.0, gt=0.0, le=1e6)
    """Labels seen that the reliabilities above are worth as a prior; used where they are learned. [1]"""
    answers: dict[str, float] | None = None
    """By type, chance that it declares itself where it could be heard; ``other`` for a thing of no known type, and for
    types that are not named. Left out, silence says nothing. [1]"""


def log_label(
    label: IntArray, source: IntArray, n_types: int, reliability: FloatArray | Sequence[float] | Mapping[int, float]
) -> FloatArray:
    """Log likelihood of one declared type a track under each type.

    Parameters
    ----------
    label : (n,) array
        Declared type, -1 (or no known type) for none.
    source : (n,) array
        Who declares it, a ``LabelSource``. A label without a source is taken for a transponder's.
    n_types : int
        Number of known types.
    reliability : (3,) sequence or mapping
        Chance that a source declares the right type, inside (0, 1), by ``LabelSource``. [1]

    Returns
    -------
    (n, n_types + 1) array
        Natural logs, "other" last; 0 where nothing is declared. [1]

    Raises
    ------
    ValueError
        If a reliability is not inside (0, 1), or a source is none of ``LabelSource``.

    Examples
    --------
    >>> np.exp(log_label(np.array([0, -1]), np.array([2, -1]), 2, [0.98, 0.98, 0.9])).round(2)
    array([[0.9 , 0.05, 0.05],
           [1.  , 1.  , 1.  ]])
    """
    trust = _reliabilities(reliability)
    label, source = np.asarray(label), np.asarray(source)
    if len(label) != len(source):
        raise ValueError(f"one source a label, got {len(label)} labels and {len(source)} sources")
    strange = (source < -1) | (source >= len(SOURCES))
    if np.any(strange):
        raise ValueError(f"source must be a LabelSource, -1 to {len(SOURCES) - 1}, got {int(source[strange][0])}")
    out = np.zeros((len(label), n_types + 1))
    rows = np.flatnonzero((label >= 0) & (label < n_types))
    if len(rows):
        right = trust[np.maximum(source[rows], 0)]
        out[rows] = np.log((1.0 - right) / n_types)[:, None]
        out[rows, label[rows]] = np.log(right)
    return out


def log_labels(
    labels: IntArray, n_types: int, reliability: FloatArray | Sequence[float] | Mapping[int, float]
) -> FloatArray:
    """Log likelihood of what every source declares of a track; sources err independently.

    Parameters
    ----------
    labels : (n, 3) array
        Type that each source of ``SOURCES`` declared last, -1 for none. They may contradict each other: then the more
        reliable one weighs more, and that both are wrong stays possible.
    n_types, reliability
        As in `log_label`.

    Returns
    -------
    (n, n_types + 1) array
        Natural logs, "other" last. [1]
    """
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.shape[1] != len(SOURCES):
        raise ValueError(f"labels must have {len(SOURCES)} columns, one a source, got shape {labels.shape}")
    trust = _reliabilities(reliability)
    out = np.zeros((len(labels), n_types + 1))
    for source in SOURCES:
        out += log_label(labels[:, source], np.full(len(labels), int(source)), n_types, trust)
    return out


def log_answer(answered: BoolArray, asked: BoolArray, answers: FloatArray | None) -> FloatArray | float:
    """Log likelihood of answering, or of silence, under each type.

    Parameters
    ----------
    answered : (n,) bool array
        Whether the track has declared itself by transponder or flight plan (a reply's address will do).
    asked : (n,) bool array
        Whether it was where an answer would have been heard; where not, silence says nothing.
    answers : (types + 1,) array or None
        Chance that a type declares itself, inside (0, 1), "other" last; None makes silence say nothing. [1]

    Returns
    -------
    (n, types + 1) array or 0
        Natural logs. [1]

    Notes
    -----
    A transponder is on or off for a whole flight, so this counts once a track, not once a reply. A spy or a friend may
    switch it off: keep the chances away from 0 and 1, and silence stays weak.
    """
    if answers is None:
        return 0.0
    chance = np.asarray(answers, float)
    if not np.all((chance > 0.0) & (chance < 1.0)):
        raise ValueError(f"answers must lie inside (0, 1), got {chance.min():.3g} to {chance.max():.3g}")
    said = np.asarray(answered)[:, None]
    return np.where(said, np.log(chance), np.where(np.asarray(asked)[:, None], np.log1p(-chance), 0.0))


def answers_of(config: LabelConfig, types: Sequence[str]) -> FloatArray | None:
    """Return the (types + 1,) chances that types declare themselves, "other" last; None where silence says nothing. [1]

    Raises
    ------
    ValueError
        If the configuration names a type that is not in ``types``, or a chance outside 0 to 1.
    """
    if config.answers is None:
        return None
    strange = sorted(set(config.answers) - {*types, "other"})
    if strange:
        raise ValueError(f"answers names {strange[0]!r}, which is none of the types {', '.join(types)}, nor 'other'")
    rest = config.answers.get("other", 0.5)
    chance = np.array([config.answers.get(name, rest) for name in (*types, "other")])
    if not np.all((chance >= 0.0) & (chance <= 1.0)):
        raise ValueError(f"answers are chances, 0 to 1, got {chance[(chance < 0.0) | (chance > 1.0)][0]!r}")
    return np.clip(chance, 0.02, 0.98)


@dataclass(frozen=True)
class Reliability:
    """What is believed of each source's reliability: beta laws.

    Start with `start`; `learn` gives the next. ``mean`` is what `log_label` wants.
    """

    right: FloatArray
    """(3,) first parameter: labels that were right, the prior's worth included. [1]"""
    wrong: FloatArray
    """(3,) second parameter: labels that were wrong. [1]"""

    @classmethod
    def start(cls, config: LabelConfig) -> Reliability:
        """Return the beliefs before any label was judged."""
        mean = np.array([config.transponder, config.flight_plan, config.visual])
        return cls(right=config.worth * mean, wrong=config.worth * (1.0 - mean))

    @property
    def mean(self) -> FloatArray:
        """(3,) expected reliability. [1]"""  # noqa: D400, D415
        return self.right / (self.right + self.wrong)

    @property
    def sd(self) -> FloatArray:
        """(3,) standard deviation. [1]"""  # noqa: D400, D415
        total, mean = self.right + self.wrong, self.mean
        return np.sqrt(mean * (1.0 - mean) / (total + 1.0))

    def learn(self, label: IntArray, source: IntArray, probability: FloatArray) -> Reliability:
        r"""Judge labels of tracks that have ended.

        Parameters
        ----------
        label, source : (n,) arrays
            What each track declared, and who; one row a track and source. -1 for none.
        probability : (n, types + 1) array
            Posterior over types from everything *but* this label, "other" last. [1]

        Returns
        -------
        Reliability
            After them.

        Notes
        -----
        Given the other evidence q, a label d has likelihood :math:`\rho q_d + (1-\rho)(1-q_d)/n`: the posterior of
        :math:`\rho` is a mixture of "right" and "wrong", and the beta law with its mean and variance is kept (assumed
        density). A track whose looks say nothing (q even) changes nothing. Soft counts that add q to "right" would
        grow sure from such tracks. That a thing of no known type reaches nobody as a label is left aside: exact where
        "other" is as likely as each type.

        References
        ----------
        Minka, *A family of algorithms for approximate Bayesian inference*, MIT, 2001, ch. 3 (assumed densities).
        """
        right, wrong = self.right.copy(), self.wrong.copy()
        label, source, q = np.asarray(label), np.asarray(source), np.asarray(probability, float)
        n_types = q.shape[1] - 1
        if not np.all(np.isfinite(q)) or np.any(np.abs(q.sum(axis=1) - 1.0) > 1e-6):
            raise ValueError("probability must have rows that sum to one: the posterior over types without the label")
        for i in np.flatnonzero((label >= 0) & (label < n_types)).tolist():
            s = max(int(source[i]), 0)
            right[s], wrong[s] = _judged(float(right[s]), float(wrong[s]), float(q[i, label[i]]), n_types)
        return Reliability(right=right, wrong=wrong)


def without_label(probability: FloatArray, log_likelihood: FloatArray) -> FloatArray:
    """Take a label's likelihood (n, m) back out of a posterior over types (n, m): what everything else says. [1]"""
    log_q = np.log(np.maximum(probability, 1e-300)) - log_likelihood
    q = np.exp(log_q - log_q.max(axis=1, keepdims=True))
    return q / q.sum(axis=1, keepdims=True)


def _judged(a: float, b: float, q: float, n_types: int) -> tuple[float, float]:
    """Beta law with mean and variance of the posterior after one label that other evidence believes with ``q``."""
    total = a + b
    up, down = a * q, b * (1.0 - q) / n_types
    weight = up / (up + down)
    mean = (a + weight) / (total + 1.0)
    # E[rho^2] of Beta(a + 1, b) and Beta(a, b + 1)
    square = a * (a + 1.0 + 2.0 * weight) / ((total + 1.0) * (total + 2.0)) + 2.0 * weight / (
        (total + 1.0) * (total + 2.0)
    )
    variance = max(square - mean * mean, _FLOOR * mean * (1.0 - mean))
    size = mean * (1.0 - mean) / variance - 1.0
    return mean * size, (1.0 - mean) * size


def _reliabilities(reliability: FloatArray | Sequence[float] | Mapping[int, float]) -> FloatArray:
    if isinstance(reliability, Mapping):
        missing = [source.name for source in SOURCES if source not in reliability]
        if missing:
            raise ValueError(f"reliability names no {', '.join(missing)}")
        reliability = [reliability[source] for source in SOURCES]
    out = np.asarray(reliability, float)
    if out.shape != (len(SOURCES),):
        raise ValueError(f"reliability must have one number a source, {len(SOURCES)} in all, got shape {out.shape}")
    if not np.all((out > 0.0) & (out < 1.0)):
        raise ValueError(f"reliability must lie inside (0, 1), got {out.tolist()}")
    return out
