"""The network of owners of a study: who passes what to whom, and what each link's receiver makes of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from watchfloor.base.picture import Knowledge
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.learn.field import Priors, chain_nats, evidence_of, posterior, revised
from watchfloor.learn.share import Network
from watchfloor.physics.environment import Environment
from watchfloor.physics.rcs import band_of
from watchfloor.run.mission import Drawn
from watchfloor.scenario.model import Scenario
from watchfloor.scenario.priors import learner_cards


def joint_gain(priors: Priors, before: Knowledge, after: Knowledge) -> float:
    """Return the entropy that the joint belief of all cells lost between two states of knowledge; adds up. [nat]"""
    (old, _), (new, _) = evidence_of(priors, before), evidence_of(priors, after)
    n_levels, total = old.shape[-1], 0.0
    for m, prior in enumerate(priors.fields):
        a, b = (np.ascontiguousarray(one[:, m]).reshape(-1, n_levels) for one in (old, new))
        if not np.array_equal(a, b):
            start = posterior(prior, a) if np.any(a) else prior.catalogue
            total += float(chain_nats(prior, start, posterior(prior, b, start)).sum())
    return total


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
    cards = learner_cards(scenario)

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
        revise=partial(revised, priors),
        learner=learner,
        gain=partial(joint_gain, priors),
        account=account,
    )
