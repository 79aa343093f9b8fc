"""`make bench`: measure every bar and print it beside its figure.

`python -m benchmarks --quick` leaves out the tracker's scenarios and recordings, and whole commands. CPU times are the
best of several; whole commands are wall times. A bar that is not met makes the exit code 1.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys

from threadpoolctl import threadpool_limits

QUICK = (
    "detection", "po", "terrain", "atmosphere", "iq", "coverage", "mission", "sensor", "track",
    "association", "motion", "scores", "expected_looks", "fusion", "learning",
)  # fmt: skip
LONG = ("recorded", "tracking", "before_detect", "tasking", "campaign")
"""Runs of scenarios and recordings, some with a peer beside them: minutes each."""
WHOLE = ("whole",)


def met(figure: float, bar: str) -> bool | None:
    """Return whether a figure meets a bar such as ``<= 50`` or ``>= 200``; None without a bar."""
    if not bar:
        return None
    sign, limit = bar.split()[:2]
    return figure <= float(limit) if sign == "<=" else figure >= float(limit)


def main() -> int:
    """Run the benchmarks and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out scenarios of the tracker and whole commands")
    args = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"{'':4} {'what':68} {'figure':>10}  {'unit':12} bar", flush=True)
    missed = 0
    for name in QUICK if args.quick else QUICK + LONG + WHOLE:
        module = importlib.import_module(f"benchmarks.{name}")
        with threadpool_limits(1):  # CPU time of one thread
            rows = module.run()
        for what, figure, unit, bar in rows:
            ok = met(figure, bar)
            missed += ok is False
            print(
                f"{ {None: '', True: 'met', False: 'MISS'}[ok]:4} {what:68} {figure:10.3g}  {unit:12} {bar}", flush=True
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
