"""What an owner keeps from flight to flight: evidence that ages, and is set aside when a type has changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.picture import Knowledge
from watchfloor.base.units import FloatArray
from watchfloor.learn.drift import HALF_LIVES_MONTHS, Ageing, Change, ChangeWatch, aged, field_marginal
from watchfloor.learn.field import Priors, locate, solve, table_of
from watchfloor.learn.share import Evidence


class MemoryConfig(Config):
    """How knowledge ages between flights."""

    half_life_months: float | None = Field(default=None, gt=0.0)
    """Time after which half of what flights said still counts; nothing fades when left out. [months]"""
    estimated: bool = False
    """Whether the half-life is worked out from how well old flights foretell new ones, instead."""
    alarms_per_year: float | None = Field(default=None, gt=0.0, le=100.0)
    """Types are watched for a sudden change, with so many false alarms a year; not watched when left out. [1/year]"""


@dataclass(frozen=True)
class Found:
    """A change of a type that was noticed."""

    type: int
    """Row of the type in the run's type list."""
    configuration: int
    """0: clean; 1: with reflectors."""
    change: Change
    """When, and what was set aside."""


class Memory:
    """Evidence of all flights so far, class by class.

    Parameters
    ----------
    priors : Priors
        The public catalogue.
    config : MemoryConfig
        How it ages.

    Raises
    ------
    ValueError
        If both a half-life is given and one is to be estimated.
    """

    def __init__(self, priors: Priors, config: MemoryConfig) -> None:
        if config.estimated and config.half_life_months is not None:
            raise ValueError("half_life_months is either given or estimated, not both")
        self.priors, self._config = priors, config
        n_radars, n_classes, n_cells, n_levels = priors.shape
        self._evidence = np.zeros((n_classes, n_radars * n_cells, n_levels))
        self._looks = np.zeros((n_classes, n_radars * n_cells))
        self._month = 0.0
        self._ageing: dict[int, Ageing] = {}
        self._watch: dict[int, ChangeWatch] = {}
        self._known: tuple[float, Knowledge] | None = None

    def half_life(self, class_row: int) -> tuple[FloatArray, FloatArray]:
        """Half-lives on the grid (h,) and what is believed of them (h,) for a class. [months, 1]"""
        ageing = self._ageing.get(class_row)
        grid = np.array(HALF_LIVES_MONTHS)
        return grid, np.full(len(grid), 1.0 / len(grid)) if ageing is None else ageing.probability

    def take_in(self, month: float, evidence: Evidence) -> list[Found]:
        """Add what a flight said.

        Parameters
        ----------
        month : float
            When it was flown, not before the last one. [months]
        evidence : Evidence
            What it said.

        Returns
        -------
        list of Found
            Changes that it gave away; evidence before them is set aside.
        """
        config, (n_radars, n_classes, n_cells, n_levels) = self._config, self.priors.shape
        new, looks = np.zeros((n_radars, n_classes, n_cells, n_levels)), np.zeros((n_radars, n_classes, n_cells))
        if len(evidence):
            at = locate(self.priors, evidence)
            np.add.at(new, at, evidence.log_likelihood)
            np.add.at(looks, at, evidence.n_looks)
        found, last = [], self._month
        self._fade(month)
        for m in np.flatnonzero(looks.sum(axis=(0, 2)) > 0.0).tolist():
            said, count = new[:, m].reshape(-1, n_levels), looks[:, m].reshape(-1)
            prior = self.priors.fields[m]
            joint = field_marginal(prior)
            if config.alarms_per_year is not None:
                if m not in self._watch:
                    self._watch[m] = ChangeWatch(
                        prior.catalogue.log_posterior,
                        alarms_per_year=config.alarms_per_year,
                        half_life_months=config.half_life_months or np.inf,
                        since_month=month,
                        log_marginal=joint,
                    )
                change = self._watch[m].step(month, said, count)
                if change is not None:
                    self._evidence[m] -= change.log_evidence
                    self._looks[m] = np.maximum(self._looks[m] - change.n_looks, 0.0)
                    self._ageing.pop(m, None)
                    if config.estimated and np.any(self._looks[m] > 1e-9):  # flights between the change and its alarm
                        self._ageing[m] = Ageing(prior.catalogue.log_posterior, log_marginal=joint)
                        self._ageing[m].step(last, self._evidence[m], self._looks[m])
                    found.append(Found(int(self.priors.type[m]), int(self.priors.configuration[m]), change))
            if config.estimated:
                if m not in self._ageing:
                    self._ageing[m] = Ageing(prior.catalogue.log_posterior, log_marginal=joint)
                self._ageing[m].step(month, said, count)
            self._evidence[m] += said
            self._looks[m] += count
        self._known = None
        return found

    def knowledge(self, month: float) -> Knowledge:
        """Return what is believed at a month, not before the last flight."""
        if self._known is None or self._known[0] != month:
            log_evidence, n_looks = self._at(month)
            n_radars, n_classes, n_cells, n_levels = self.priors.shape
            rows = log_evidence.reshape(n_classes, n_radars, n_cells, n_levels).swapaxes(0, 1)
            counts = n_looks.reshape(n_classes, n_radars, n_cells).swapaxes(0, 1)
            self._known = month, table_of(self.priors, solve(self.priors, rows), rows, counts)
        return self._known[1]

    def _fade(self, month: float) -> None:
        if month < self._month:
            raise ValueError(f"month {month!r} is before the last flight's, {self._month!r}")
        if self._config.half_life_months is not None:
            self._evidence, self._looks = aged(
                self._evidence, self._looks,
                months=month - self._month, half_life_months=self._config.half_life_months,
            )  # fmt: skip
        self._month = month

    def _at(self, month: float) -> tuple[FloatArray, FloatArray]:
        if self._config.half_life_months is not None:
            return aged(
                self._evidence, self._looks,
                months=month - self._month, half_life_months=self._config.half_life_months,
            )  # fmt: skip
        log_evidence, n_looks = self._evidence.copy(), self._looks.copy()
        for m, ageing in self._ageing.items():
            log_evidence[m], n_looks[m] = ageing.log_evidence_at(month), ageing.at(month)[1]
        return log_evidence, n_looks
