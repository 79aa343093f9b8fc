"""The whole loop: what one replicate of a small mission costs, records and learning included."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from watchfloor.base.streams import Streams
from watchfloor.record import write_shard
from watchfloor.run.loop import play
from watchfloor.run.mission import build, draw
from watchfloor.run.recorder import Recorder
from watchfloor.scenario.load import load

Row = tuple[str, float, str, str]
SCENARIO = Path(__file__).with_name("replicate.yaml")


def run() -> list[Row]:
    """Return the CPU time of one replicate: 1 radar, 20 targets, 600 s, the loop alone and with its record on disk."""
    scenario = load(SCENARIO).scenario
    loop_s, whole_s = [], []
    with tempfile.TemporaryDirectory() as folder:
        for replicate in range(12):
            streams = Streams(1, f"bench.{replicate}")
            start = time.process_time()
            mission, log = build(scenario, scenario.mission, drawn=draw(scenario, streams), streams=streams), Recorder()
            play(mission, log)
            loop_s.append(time.process_time() - start)
            write_shard(Path(folder), f"bench.{replicate}", log.history().tables())
            whole_s.append(time.process_time() - start)
    return [
        ("one replicate (1 radar, 20 targets, 600 s), CPU", 1e3 * float(np.min(loop_s[2:])), "ms", "<= 50"),
        ("the same, its record written too, CPU", 1e3 * float(np.min(whole_s[2:])), "ms", ""),
    ]
