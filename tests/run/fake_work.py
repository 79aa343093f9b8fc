"""A quick stand-in for a batch of runs, at the top level of a module so that worker processes can import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from watchfloor.base.errors import Mistake, ScenarioError
from watchfloor.record import ManifestLine, write_shard


def numbers(one: str) -> dict[str, np.ndarray]:
    """Columns that depend on the id only."""
    rng = np.random.Generator(np.random.Philox(key=int(one)))
    return {"x": rng.normal(size=50), "n": np.arange(50)}


def write(one: str, *, folder: Path, killer: str = "", kills: int = 0, pause_s: float = 0.0) -> ManifestLine:
    """Write the shard of ``one``; the task ``killer`` kills its worker the first ``kills`` times."""
    if one == killer:
        marks = folder.with_name(folder.name + "-marks")
        marks.mkdir(exist_ok=True)
        n = len(list(marks.iterdir()))
        if n < kills:
            (marks / str(n)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(pause_s)
    return write_shard(folder, one, {"numbers": numbers(one)}, {"id": one})


def refuse(one: str) -> str:
    """Raise at one id, answer at the others."""
    if one == "3":
        raise ValueError(f"no {one}")
    time.sleep(0.01)
    return one


def die(one: str, *, folder: Path) -> None:
    """Leave a mark and kill the worker, whatever the id."""
    (folder / one).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def mistake(one: str) -> str:
    """Raise what a user can mend, whatever the id."""
    raise ScenarioError([Mistake("s.yaml", 3, 1, "seed", "wanted a number (came x)")])
