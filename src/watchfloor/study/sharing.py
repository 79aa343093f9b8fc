"""The network of owners of a study: who passes what to whom, and what each link's receiver makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from watchfloor.base.picture import Knowledge
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.base.units import FloatArray
from watchfloor.learn.field import FieldPosterior, Priors, chain_nats, evidence_of, posterior, table_of
from watchfloor.learn.share import Network
from watchfloor.physics.environment import Environment
from watchfloor.physics.rcs import band_of
from watchfloor.run.mission import Drawn
from watchfloor.scenario.model import Scenario
from watchfloor.scenario.priors import learner_cards

_KEPT = 8
"""States of knowledge whose fields are kept."""


class Solver:
    """Posteriors of fields, kept for the last few states of knowledge, so that a gain needs no second solution."""

    def __init__(self, priors: Priors) -> None:
        self._priors = priors
        self._kept: list[tuple[Knowledge, list[FieldPosterior]]] = []

    def revise(self, knowledge: Knowledge) -> Knowledge:
        """Return knowledge whose posteriors follow from the priors and its own evidence."""
        log_evidence, n_looks = evidence_of(self._priors, knowledge)
        fields = self._solve(log_evidence)
        out = table_of(self._priors, fields, log_evidence, n_looks)
        self._kept = [*self._kept[-_KEPT + 1 :], (out, fields)]
        return out

    def gain(self, before: Knowledge, after: Knowledge) -> float:
        """Return the entropy that the joint belief of all cells lost between two states; adds up. [nat]"""
        if before is after:
            return 0.0
        pairs = zip(self._priors.fields, self._fields(before), self._fields(after), strict=True)
        return sum(float(chain_nats(prior, a, b).sum()) for prior, a, b in pairs if a is not b)

    def _fields(self, knowledge: Knowledge) -> list[FieldPosterior]:
        found = next((fields for one, fields in self._kept if one is knowledge), None)
        if found is None:
            found = self._solve(evidence_of(self._priors, knowledge)[0])
            self._kept = [*self._kept[-_KEPT + 1 :], (knowledge, found)]
        return found

    def _solve(self, log_evidence: FloatArray) -> list[FieldPosterior]:
        rows = [
            np.ascontiguousarray(log_evidence[:, m]).reshape(-1, log_evidence.shape[-1])
            for m in range(log_evidence.shape[1])
        ]
        return [
            posterior(prior, row) if np.any(row) else prior.catalogue
            for prior, row in zip(self._priors.fields, rows, strict=True)
        ]  # fmt: skip


def network_of(
    scenario: Scenario, *, drawn: Drawn, prior: Knowledge, priors: Priors, streams: Streams, account: bool = True
) -> Network:
    """Build the network of a scenario's links.

    Parameters
    ----------
    scenario : Scenario
        Its ``sharing`` is the links.
    drawn : Drawn
        Numbers of this replicate. Receivers of plots know the radars, whose maker they may be, and where they stand,
        but have not surveyed the sites: no terrain, clutter or mirror.
    prior, priors : Knowledge, Priors
        The public catalogue, as a table and as fields.
    streams : Streams
        Streams of the replicate: each link and sortie has its own, so that options that share them stay paired.
    account : bool
        Whether the gain of each parcel is worked out, which costs time.
    """
    radars = [drawn.radars.get(config.name) for config in scenario.sensors]
    cards, solver = learner_cards(scenario), Solver(priors)

    def learner(owner: str, knowledge: Knowledge) -> Any:
        del owner
        return kinds("learn").make(
            scenario.learner,
            radars=radars,
            environments=[Environment(place=around.place) for around in drawn.environments],
            types=scenario.types,
            cards={name: cards[name] for name in scenario.types},
            knowledge=knowledge,
        )

    return Network(
        scenario.sharing,
        prior=prior,
        bands=[band_of(radar.frequency_hz) if radar is not None else "" for radar in radars],
        types=scenario.types,
        rng=lambda link, sortie: streams.rng("share", link, str(sortie)),
        revise=solver.revise,
        learner=learner,
        gain=solver.gain,
        account=account,
    )
