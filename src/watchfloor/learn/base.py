"""What every learner offers, and the registry of their kinds."""

from __future__ import annotations

from typing import Protocol

from watchfloor.base.picture import Identities, Knowledge, Looks, Tasks, Tracks
from watchfloor.base.registry import Registry
from watchfloor.learn.field import Priors
from watchfloor.learn.habits import Habits
from watchfloor.learn.ledger import LedgerRows
from watchfloor.learn.share import Evidence

learners = Registry("learn")
"""Kinds of learner.

Each is built with ``radars, environments, types, cards, knowledge, habits`` beside its configuration.
"""


class Learner(Protocol):
    """A learner: owns knowledge, identifies tracks, tasks radars."""

    @property
    def knowledge(self) -> Knowledge:
        """What it believes now."""
        ...

    @property
    def priors(self) -> Priors:
        """What it started from: the public catalogue, as it reads it."""
        ...

    @property
    def habits(self) -> Habits:
        """What it has learned of how each type flies."""
        ...

    def step(self, tracks: Tracks, looks: Looks) -> tuple[Identities, Knowledge]:
        """Take in the looks of one tick; identities have the rows of ``tracks``."""
        ...

    def task(self, tracks: Tracks, identities: Identities, *, until_s: float) -> Tasks:
        """Say what the radars should do in the tick that starts at ``until_s``."""
        ...

    def evidence(self) -> Evidence:
        """Log-likelihoods gathered since the last ``close_flight``."""
        ...

    def close_flight(self) -> LedgerRows:
        """End a flight: its ledger; what it taught is used from here on."""
        ...

    def forget_tracks(self) -> None:
        """Forget every track: the next flight is another mission, whose numbers begin anew."""
        ...
