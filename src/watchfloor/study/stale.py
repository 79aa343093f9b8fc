"""How fast a study's knowledge goes stale once nobody refreshes it, under laws that nobody knows and all may try."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from watchfloor.base.picture import Knowledge
from watchfloor.learn.drift import worth_of_knowledge
from watchfloor.study.tables import Staleness

MONTHS = np.array([0.0, 1.0, 2.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 60.0])
"""Times since the last flight at which knowledge is weighed. [months]"""


class Law(NamedTuple):
    """What happens to a signature while nobody looks."""

    walk_db: float
    """Random walk of the level over a year, one standard deviation. [dB]"""
    changes_per_year: float
    """Chance a year that it is drawn anew. [1/year]"""


LAWS = (Law(1.0, 0.0), Law(3.0, 0.0), Law(6.0, 0.0), Law(0.0, 0.25), Law(0.0, 1.0))
"""Wear that is slight, plain and heavy; a new coat or shape every four years or so, and every year or so."""


def staleness(knowledge: Knowledge, prior: Knowledge, *, type_row: int, radars: Iterable[int]) -> Staleness:
    """Weigh what is known of a type, clean, in the cells that were looked at.

    Parameters
    ----------
    knowledge, prior : Knowledge
        What is known after the last flight, and the catalogue; rows alike.
    type_row : int
        The type.
    radars : iterable of int
        Sensor rows.

    Returns
    -------
    Staleness
        No row of a radar that has seen nothing.
    """
    parts = []
    for sensor in radars:
        mine = (knowledge.type == type_row) & (knowledge.configuration == 0) & (knowledge.sensor == sensor)
        mine &= knowledge.n_looks > 0.0
        if not np.any(mine):
            continue
        for law, (walk_db, changes_per_year) in enumerate(LAWS):
            worth = worth_of_knowledge(
                knowledge.log_posterior[mine],
                prior.log_posterior[mine],
                MONTHS,
                walk_db=walk_db,
                changes_per_year=changes_per_year,
            )
            parts.append((np.full(len(MONTHS), law), np.full(len(MONTHS), sensor), worth))
    none = np.zeros(0)
    return Staleness(
        law=np.concatenate([law for law, _, _ in parts] or [none.astype(np.int64)]),
        sensor=np.concatenate([sensor for _, sensor, _ in parts] or [none.astype(np.int64)]),
        months=np.concatenate([worth.months for *_, worth in parts] or [none]),
        margin_db=np.concatenate([worth.margin_db for *_, worth in parts] or [none]),
        nats=np.concatenate([worth.nats for *_, worth in parts] or [none]),
    )
