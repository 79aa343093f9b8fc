"""Knowledge of one owner: what a flight started with, what its tracks have taught since, and what that predicts."""

from __future__ import annotations

import numpy as np
from scipy import special

from watchfloor.base.picture import Knowledge
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn import _kernels
from watchfloor.learn.field import STEP_DB, FieldPosterior, Prior, Priors, evidence_of, posterior, table_of
from watchfloor.learn.levels import broad

RHO_MAX = 0.97
"""Most that a level is taken to hang on the score it shares with its like. [1]"""
N_COUNTS = 8
"""Columns of ``Library.counts``."""


class Library:
    """What is believed of every class, radar by radar and cell by cell.

    Parameters
    ----------
    priors : Priors
        The public catalogue as fields.
    other : tuple of float
        Mean, standard deviation and the part of it that is a cell's own, of the level of a thing of no known type.
        [dBsm, dB, dB]
    knowledge : Knowledge or None
        What is known from earlier; None for the catalogue alone.

    Notes
    -----
    A cell has a level; at one aspect the level is another, by a normal deviation (`Prior.inside`). A flight
    shows one such aspect of a cell, so what it says of the cell is blurred by that deviation, and what the cell says of
    a track is blurred by it again: a flight can teach a cell's level no better than a cell has one.

    Levels of one class hang together. For what they predict of a track, one standard normal score a group of radars
    stands for that: ``rho`` says how much of each level goes with it.
    """

    def __init__(
        self, priors: Priors, *, other: tuple[float, float, float], knowledge: Knowledge | None = None
    ) -> None:
        self.priors = priors
        self.sensors = priors.sensors
        shape = priors.shape
        n_radars, n_classes, n_cells, n_levels = shape
        self.inside = np.stack([f.inside.reshape(n_radars, n_cells) for f in priors.fields], axis=1)
        """(s, m, c) how far the level at one aspect strays from its cell's, one standard deviation. [dB]"""
        self.start_evidence, self.start_looks = np.zeros(shape), np.zeros(shape[:3])
        if knowledge is not None:
            self.start_evidence, self.start_looks = evidence_of(priors, knowledge)
        self.gain = np.zeros(shape)
        """(s, m, c, g) log-likelihood that tracks of this flight have added. [1]"""
        self.counts = np.zeros((*shape[:3], N_COUNTS))
        """(s, m, c, 8) of this flight, weighted by the class's probability: effective looks, looks, hits, misses,
        exposure, looks under a label of each source. [1, 1, 1, 1, s, 1, 1, 1]"""
        self.fields: list[FieldPosterior] = []
        """(m,) posteriors when the flight began."""
        self.level = np.empty(shape)
        """(s, m, c, g) probabilities of the cells' levels when the flight began. [1]"""
        self.start = np.empty((n_radars, n_classes + 1, n_cells, n_levels))
        """(s, m + 1, c, g) probabilities of the level at one aspect when the flight began, "other" last. [1]"""
        self.rho = np.empty((n_radars, n_classes + 1, n_cells))
        """(s, m + 1, c) correlation of that level with its group's score. [1]"""
        self.group = np.stack([*(f.group for f in priors.fields), np.arange(n_radars)]).astype(np.int64)
        """(m + 1, s) group of each radar."""
        classes = list(zip(priors.type.tolist(), priors.configuration.tolist(), strict=True))
        self.twin = np.array([classes.index((t, 1 - c)) if (t, 1 - c) in classes else -1 for t, c in classes])
        """(m,) class of the same type in its other configuration, -1 for none."""
        self.same = np.zeros((n_radars, n_classes, n_cells), np.bool_)
        """(s, m, c) where the other configuration shows the same level."""
        for m in np.flatnonzero(priors.configuration == 1):
            alike = priors.fields[m].same.reshape(n_radars, n_cells)
            self.same[:, m], self.same[:, self.twin[m]] = alike, alike
        mean, sd, own = other
        self.start[:, -1] = np.exp(broad(mean, sd))
        self.rho[:, -1] = min(np.sqrt(max(1.0 - (own / sd) ** 2, 0.0)), RHO_MAX)
        self.table_at = np.full(self.rho.shape, -1)
        """(s, m + 1, c) row of ``tables``, -1 where none was needed yet."""
        self._stale = np.ones(self.rho.shape, np.bool_)  # rows of tables that a changed field has left behind
        self._n_tables = 0
        self._scratch = self.tables = np.empty((0, n_levels, len(SCORES)))
        """(k, g, u) probabilities of the level at one aspect, given the group's score. [1]"""
        self.reach, self.taps = _taps(self.inside)
        for m, field in enumerate(priors.fields):
            has = np.any(self.start_looks[:, m] > 0.0) or np.any(self.start_evidence[:, m])
            self.fields.append(self._solve(m, self.start_evidence[:, m], None) if has else field.catalogue)
            self._predict(m, field)

    def need(self, s: IntArray, c: IntArray) -> None:
        """Make sure that ``tables`` has rows for every class of radars s (n,) in cells c (n,)."""
        n_cells = self.table_at.shape[2]
        pair = np.unique((s * n_cells + c)[self._stale[s, :, c].any(axis=1)])
        if len(pair) == 0:
            return
        s, c = pair // n_cells, pair % n_cells
        which, m = np.nonzero(self._stale[s, :, c])
        s, c = s[which], c[which]
        rows = self.start[s, m, c]
        middle = np.cumsum(rows, axis=1) - 0.5 * rows
        xi = special.ndtri(np.clip(middle, 1e-12, 1.0 - 1e-12))
        at, more = self.table_at[s, m, c], len(rows)
        new = np.flatnonzero(at < 0)
        at[new] = self._n_tables + np.arange(len(new))
        self._n_tables += len(new)
        if self._n_tables > len(self.tables):
            grown = np.empty((max(self._n_tables, 2 * len(self.tables)), *self.tables.shape[1:]))
            grown[: len(self.tables)] = self.tables
            self.tables = grown
        if more > len(self._scratch):  # kept, as fresh memory costs more than the sums
            self._scratch = np.empty((more, *self.tables.shape[1:]))
        _kernels.score_tables(rows, xi, self.rho[s, m, c], SCORES, self._scratch[:more])
        self.tables[at] = self._scratch[:more]
        self.table_at[s, m, c], self._stale[s, m, c] = at, False

    def _solve(self, m: int, log_evidence: FloatArray, before: FieldPosterior | None) -> FieldPosterior:
        n_radars, _, n_cells, n_levels = self.priors.shape
        rows = np.ascontiguousarray(log_evidence).reshape(n_radars * n_cells, n_levels)
        return posterior(self.priors.fields[m], rows, before)

    def _predict(self, m: int, field: Prior) -> None:
        """Work out what a class's posterior says of the level at one aspect.

        Blurred through the Fourier transform, whose rounding hides tails below 1e-15 of the peak: enough to predict.
        """
        n_radars, _, n_cells, g = self.priors.shape
        state, inside = self.fields[m], self.inside[:, m]
        level = np.exp(state.log_posterior).reshape(n_radars, n_cells, g)
        omega = 2.0 * np.pi * np.fft.rfftfreq(2 * g)
        transfer = np.exp(-0.5 * ((inside / STEP_DB)[..., None] * omega) ** 2)
        rows = np.maximum(np.fft.irfft(np.fft.rfft(level, 2 * g) * transfer, 2 * g)[..., :g], 1e-18)
        rows = np.where(inside[..., None] > 0.1 * STEP_DB, rows, level)
        rows /= rows.sum(axis=-1, keepdims=True)
        self.level[:, m], self.start[:, m] = level, rows
        n = n_radars * n_cells
        cov = state.cov[:n, :n]
        for group in np.unique(field.group):
            mine = np.repeat(field.group == group, n_cells)
            with_mean = cov[np.ix_(mine, mine)].mean(axis=1)
            share = with_mean / np.sqrt(max(float(with_mean.mean()), 1e-12))
            total = np.sqrt(np.diag(cov)[mine] + inside.reshape(-1)[mine] ** 2)
            self.rho[:, m].reshape(n_radars, n_cells)[field.group == group] = np.clip(
                share / total, 0.0, RHO_MAX
            ).reshape(-1, n_cells)

    def touched(self, counts: FloatArray | None = None) -> tuple[IntArray, IntArray, IntArray]:
        """Return the indices (radar, class, cell) of the rows that this flight has looked at, dressed or clean."""
        seen = (self.counts if counts is None else counts)[..., 1] > 0.0
        for m in np.flatnonzero(self.priors.configuration == 1):
            seen[:, m] |= self.same[:, m] & seen[:, self.twin[m]]
        return np.nonzero(seen)  # type: ignore[return-value]

    def after(self, gain: FloatArray, counts: FloatArray) -> list[FieldPosterior]:
        """Return the posteriors (m,) with what a flight has added."""
        seen = np.zeros(len(self.fields), np.bool_)
        seen[self.touched(counts)[1]] = True
        return [
            self._solve(m, self.start_evidence[:, m] + gain[:, m], self.fields[m]) if seen[m] else self.fields[m]
            for m in range(len(self.fields))
        ]

    def table(self, gain: FloatArray, counts: FloatArray, fields: list[FieldPosterior]) -> Knowledge:
        """Return knowledge, what a flight has added included, as a table."""
        return table_of(self.priors, fields, self.start_evidence + gain, self.start_looks + counts[..., 0])

    def restart(self, fields: list[FieldPosterior]) -> None:
        """Begin a new flight from what is known now, which ``fields`` says."""
        self.start_evidence = self.start_evidence + self.gain
        self.start_looks = self.start_looks + self.counts[..., 0]
        for m, field in enumerate(self.priors.fields):
            if fields[m] is not self.fields[m]:
                self.fields[m] = fields[m]
                self._predict(m, field)
                self._stale[:, m] = True
        self.gain[:] = 0.0
        self.counts[:] = 0.0


SCORES: FloatArray = np.linspace(-3.0, 3.0, 15)
"""Values of a shared score that predictions are summed over. [1]"""
SCORES.setflags(write=False)
LOG_SCORE_WEIGHT: FloatArray = -0.5 * SCORES**2 - np.log(np.exp(-0.5 * SCORES**2).sum())
"""Their log probabilities. [1]"""
LOG_SCORE_WEIGHT.setflags(write=False)


def _taps(inside: FloatArray) -> tuple[IntArray, FloatArray]:
    """Weights of a normal blur by ``inside`` (s, m, c) on the grid: reach (s, m, c), taps (s, m, c, 2 r + 1)."""
    reach = np.where(inside > 0.1 * STEP_DB, np.ceil(4.0 * inside / STEP_DB), 0.0).astype(np.int64)
    most = int(reach.max(initial=0))
    at = np.arange(-most, most + 1)
    sd = np.maximum(inside, 1e-9)[..., None] / STEP_DB
    taps = np.where(np.abs(at) <= reach[..., None], np.exp(-0.5 * np.minimum((at / sd) ** 2, 1e3)), 0.0)
    return reach, taps / taps.sum(axis=-1, keepdims=True)
