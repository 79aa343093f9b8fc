"""Whole commands from a fresh clone: what a newcomer waits for. Wall time, so on a quiet machine only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

Row = tuple[str, float, str, str]
ROOT = Path(__file__).resolve().parents[1]


def _wall_s(*command: str, cwd: Path, env: dict[str, str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}")
    return time.perf_counter() - start


def run() -> list[Row]:
    """Return the wall times of `make demo` (its study apart) and `make test` in a clone of the last commit."""
    env = {
        k: v for k, v in os.environ.items() if not k.startswith(("VIRTUAL_ENV", "PYTHON", "NUMBA", "MAKE", "MFLAGS"))
    }
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "watchfloor"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        env["WATCHFLOOR_SHARED_DATA"] = str(ROOT.parent / "shared" / "data")
        setup_s = _wall_s("make", "setup", cwd=clone, env=env)
        tool = str(clone / ".venv" / "bin" / "watchfloor")
        out = "out/working-group"
        study_s = _wall_s(tool, "study", "working-group", "--out", out, cwd=clone, env=env)
        report_s = _wall_s(tool, "report", out, cwd=clone, env=env)
        runs = sum("shard" in json.loads(line) for line in (clone / out / "manifest.jsonl").read_text().splitlines())
        test_s = _wall_s("make", "test", cwd=clone, env=env)
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    note = f"on {cores} cores"
    return [
        (f"make demo from a fresh clone, wall, {note}", (setup_s + study_s + report_s) / 60.0, "min", "<= 6"),
        (f"of which the study ({runs} runs, kernels compiled), wall", study_s / 60.0, "min", "<= 3"),
        ("of which the report, wall", report_s / 60.0, "min", ""),
        (f"make test in the same clone, wall, {note}", test_s / 60.0, "min", "<= 8"),
    ]
