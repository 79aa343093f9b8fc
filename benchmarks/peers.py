"""Public peers, run as programs of their own beside our figures: `make peers` installs what installs.

They live in an environment apart (``.venv-peers``, or the interpreter that ``WATCHFLOOR_PEERS`` names) and are never
imported here: some come under licences that we do not take on.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

Row = tuple[str, float, str, str]
_HERE = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def say(*command: str, timeout_s: float = 300.0) -> str | None:
    """What the peers' interpreter prints when given these arguments, None where it or the peer is not installed."""
    python = os.environ.get("WATCHFLOOR_PEERS", str(_HERE))
    try:
        done = subprocess.run(
            [python, "-W", "ignore", *command],
            env=os.environ | _ONE_THREAD | {"MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def ask(script: str, *arguments: str, timeout_s: float = 300.0) -> float | None:
    """Figure that a script prints in the peers' environment, None where it or the peer is not installed."""
    said = say("-c", script, *arguments, timeout_s=timeout_s)
    return None if said is None else float(said.split()[-1])


def beside(what: str, theirs: float | None, ours: float, unit: str, *, more_is_better: bool = False) -> list[Row]:
    """Rows of a peer's figure and of how many times better ours is."""
    if theirs is None:
        return [(f"  {what}: not installed (make peers)", float("nan"), "", "")]
    times = ours / theirs if more_is_better else theirs / ours
    return [(f"  {what}", theirs, unit, ""), ("  ours is better by the factor", times, "1", "")]
