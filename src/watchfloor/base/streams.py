"""Named random streams: the same name under the same seed and run gives the same numbers, whatever else happens."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Streams:
    """Random streams of one run.

    A stream is a counter-based Philox generator whose 128-bit key is a hash of seed, run and name. Adding a sensor, a
    worker or an option therefore disturbs no other stream, and two designs that share seed, run and name meet the same
    numbers: common random numbers for paired runs.

    References
    ----------
    Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11, 2011 (Philox).
    """

    seed: int
    run: str = ""

    def rng(self, *name: str) -> np.random.Generator:
        """Return the generator called ``name`` from its start, e.g. ``streams.rng("sensor", "north")``."""
        text = "\x1f".join((str(self.seed), self.run, *name))
        digest = hashlib.sha256(text.encode()).digest()
        key = np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    def child(self, *name: str) -> Streams:
        """Return the streams of a part of this run, e.g. one sortie of a campaign."""
        return Streams(self.seed, "/".join((self.run, *name)))
