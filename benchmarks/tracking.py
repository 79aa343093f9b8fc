"""Tracker: accuracy and cost on the scenarios that trackers are compared on, beside Stone Soup on the same plot files.

``python -m benchmarks.tracking [SCENARIO ...] [--runs N] [--alone]`` prints the rows and the table; ``--alone`` leaves
the peer out. The floor is the same plots with their origins known (one filter, and several models where the scenario
turns). Cost is processor time of the tracker's step a scan, one thread, the median over runs of a run's mean; the first
run is tracked twice and only the second counts (compilation).
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import tracking_scenarios as ts
from benchmarks.peers import say

Row = tuple[str, float, str, str]
Picture = list[tuple[np.ndarray, np.ndarray]]
PEER = Path(__file__).with_name("stonesoup_tracker.py")
SCORES = ("gospa_m", "missed", "false", "switches", "completeness", "completeness_late")


@dataclass(frozen=True)
class Case:
    """One scenario: how it is made, how often it is tracked, and its bars."""

    name: str
    """Its key on the command line."""
    title: str
    """What the rows call it."""
    make: Callable[[int], ts.Scenario]
    """Scenario of a seed."""
    first_seed: int
    """Runs have this seed and the following ones."""
    runs: int = 20
    """Runs of ours."""
    peer_runs: int = 0
    """The first of them that the peer tracks too."""
    peer_kinds: tuple[str, ...] = ("gnn",)
    """Associators of the peer; the first is the one that cost is compared with."""
    models: Sequence[ts.Model] | None = None
    """Models of the floor; None: the scenario has one filter only."""
    told: bool = False
    """Whether the tracker is also run with the birth sites told."""
    bars: dict[str, str] = field(default_factory=dict)
    """Bars by figure: a score's name, ``told`` (GOSPA with the births told), ``cpu_ms``, ``ratio``."""


CASES = (
    Case(
        "a", "A, 12 targets", ts.a_vo12, 1000, runs=200, peer_runs=4, peer_kinds=("gnn", "lbp"), told=True,
        bars={"told": "<= 30.5", "gospa_m": "<= 32.5", "cpu_ms": "<= 0.3", "ratio": ">= 200"},
    ),
    Case(
        "a_hard", "A-hard", ts.a_vo12_hard, 1500, runs=60, peer_runs=2, peer_kinds=("lbp",), told=True,
        bars={"told": "<= 49", "gospa_m": "<= 51", "cpu_ms": "<= 1"},
    ),
    Case(
        "b", "B, 50 manoeuvring", ts.b_radar50, 2000, peer_runs=2, models=ts.B_MODELS,
        bars={"gospa_m": "<= 1050", "switches": "<= 1.5", "cpu_ms": "<= 1.2", "ratio": ">= 130"},
    ),
    Case(
        "c1000", "C, 1,000 targets", lambda seed: ts.c_scale(1000, seed), 3000, peer_runs=1, models=ts.C_MODELS,
        bars={"gospa_m": "<= 15900", "false": "<= 1.7", "cpu_ms": "<= 10", "ratio": ">= 240"},
    ),
    Case(
        "c1000_rot", "C, 1,000, true sweep", lambda seed: ts.c_scale(1000, seed, rot=True), 3000, peer_runs=1,
        models=ts.C_MODELS, bars={"gospa_m": "<= 15900", "false": "<= 1.7", "cpu_ms": "<= 10", "ratio": ">= 240"},
    ),
    Case("c100", "C, 100 targets", lambda seed: ts.c_scale(100, seed), 3000, runs=8, models=ts.C_MODELS),
    Case(
        "c10000", "C, 10,000 targets", lambda seed: ts.c_scale(10_000, seed), 3000, runs=2, models=ts.C_MODELS,
        bars={"completeness": ">= 0.95", "cpu_ms": "<= 120"},
    ),
    Case(
        "c_dense", "C-dense, a raid of 100", ts.c_dense100, 4000, peer_runs=3, models=ts.C_MODELS,
        bars={"gospa_m": "<= 1980", "completeness": ">= 0.95", "cpu_ms": "<= 4"},
    ),
)  # fmt: skip
FLOOR_RUNS = {"c1000": 4, "c1000_rot": 4, "c10000": 1}
"""Runs behind the floor where not all: the oracle is plain NumPy."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one case gave."""

    case: Case
    ours: list[dict[str, float]]
    """Scores of each run, births not told; ``cpu_ms`` is its mean cost a scan."""
    told: list[dict[str, float]]
    """Likewise with the births told; empty where the scenario has no sites."""
    floor: list[dict[str, float]]
    """Scores of the oracle with the case's models; ``completeness_2``: of the same from a target's second plot on."""
    peer: dict[str, list[dict[str, float]]]
    """Scores of the peer by associator; without the peer, empty."""
    version: str | None
    """Version of the peer; empty where it is not installed, None where it was left out."""


def mean(runs: list[dict[str, float]], what: str) -> float:
    """Mean of one score over runs."""
    return float(np.mean([one[what] for one in runs])) if runs else math.nan


def standard_error(runs: list[dict[str, float]], what: str) -> float:
    """Standard error of ``mean``."""
    return float(np.std([one[what] for one in runs], ddof=1) / math.sqrt(len(runs))) if len(runs) > 1 else math.nan


def cost_ms(runs: list[dict[str, float]]) -> float:
    """Median over runs of the cost a scan."""
    return float(np.median([one["cpu_ms"] for one in runs])) if runs else math.nan


def track(scenario: ts.Scenario, *, told: bool) -> tuple[Picture, Sequence[float]]:
    """Run our tracker: its picture and processor time of each scan."""
    from benchmarks.pmb_scenarios import track_scenario  # numba compiles on first use

    return track_scenario(scenario, told=told)


def measure(case: Case, folder: Path, *, runs: int | None = None, alone: bool = False) -> Result:
    """Write a case's plot files, track them, let the peer track the first of them."""
    n = min(runs or case.runs, case.runs)
    paths = []
    for seed in range(case.first_seed, case.first_seed + n):
        paths.append(folder / f"{case.name}-{seed}.npz")
        case.make(seed).save(paths[-1])
    ours, told, floor = [], [], []
    for i, path in enumerate(paths):
        scenario = ts.Scenario.load(path)
        for sites, into in ((False, ours), (True, told)):
            if sites and not case.told:
                continue
            if i == 0:
                track(scenario, told=sites)
            picture, cpu_s = track(scenario, told=sites)
            into.append(ts.score(scenario, picture) | {"cpu_ms": 1e3 * float(np.mean(cpu_s))})
        if i < FLOOR_RUNS.get(case.name, n):
            models = case.models or ts.ONE_MODEL
            second = ts.score(scenario, ts.oracle(scenario, models, from_plot=2))
            floor.append(ts.score(scenario, ts.oracle(scenario, models)) | {"completeness_2": second["completeness"]})
    peer: dict[str, list[dict[str, float]]] = {}
    version = None if alone else ""
    for kind in () if alone else case.peer_kinds:
        out = folder / kind
        out.mkdir(exist_ok=True)
        mine = [str(path) for path in paths[: case.peer_runs]]
        said = say("-P", str(PEER), kind, str(out), *mine, timeout_s=900.0) if mine else None
        for line in (said or "").splitlines():
            one = json.loads(line)
            version = one["version"]
            with np.load(out / one["file"]) as file:
                cut = np.cumsum(file["n"])[:-1]
                picture = list(zip(np.split(file["ids"], cut), np.split(file["positions"], cut), strict=True))
            scores = ts.score(ts.Scenario.load(folder / one["file"]), picture)
            peer.setdefault(kind, []).append(scores | {"cpu_ms": 1e3 * float(np.mean(one["cpu_s"]))})
    return Result(case=case, ours=ours, told=told, floor=floor, peer=peer, version=version)


def rows(result: Result) -> list[Row]:
    """Rows (name, figure, unit, bar) of one case."""
    case, bars = result.case, result.case.bars
    name, n = case.title, len(result.ours)
    out: list[Row] = []
    if result.told:
        out.append(
            (f"{name}: GOSPA told the births, {n} runs", mean(result.told, "gospa_m"), "m", bars.get("told", ""))
        )
        out.append(("  its standard error", standard_error(result.told, "gospa_m"), "m", ""))
    not_told = " not told" if result.told else ""
    out.append((f"{name}: GOSPA{not_told}, {n} runs", mean(result.ours, "gospa_m"), "m", bars.get("gospa_m", "")))
    out.append(("  its standard error", standard_error(result.ours, "gospa_m"), "m", ""))
    if result.floor:
        out.append((f"  floor (origins known), {len(result.floor)} runs", mean(result.floor, "gospa_m"), "m", ""))
    for kind, runs in result.peer.items():
        label = f"Stone Soup {result.version} {kind}, {len(runs)} runs"
        out.append((f"  {label}", mean(runs, "gospa_m"), "m", ""))
        out.append(("  ours on the same runs", mean(result.ours[: len(runs)], "gospa_m"), "m", ""))
    for what in SCORES[1:]:
        unit = {"switches": "a run", "completeness": "1", "completeness_late": "1"}.get(what, "a scan")
        text = {"completeness_late": "completeness, second half"}.get(what, what)
        out.append((f"{name}: {text}", mean(result.ours, what), unit, bars.get(what, "")))
        if result.floor and what in bars:
            out.append(("  floor (origins known)", mean(result.floor, what), unit, ""))
        if result.floor and what == "completeness" and what in bars:
            out.append(("  floor, reported from the second plot", mean(result.floor, "completeness_2"), unit, ""))
    out.append((f"{name}: CPU", cost_ms(result.ours), "ms a scan", bars.get("cpu_ms", "")))
    first = result.peer.get(case.peer_kinds[0])
    if first:
        out.append((f"  Stone Soup {result.version} {case.peer_kinds[0]}", cost_ms(first), "ms a scan", ""))
        out.append(
            ("  ours is quicker by the factor", cost_ms(first) / cost_ms(result.ours), "1", bars.get("ratio", ""))
        )
    elif case.peer_runs and result.version is not None:
        out.append(("  Stone Soup: not installed (make peers)", math.nan, "", ""))
    return out


def peak_mb(n: int = 10_000) -> float:
    """Peak memory of a process that makes and tracks C with n targets, its imports included. [MB]"""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tracking", "--memory", str(n)],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def run(names: Sequence[str] = (), *, runs: int | None = None, alone: bool = False, table: bool = False) -> list[Row]:
    """Rows (name, figure, unit, bar) of the cases named, or of all."""
    results: dict[str, Result] = {}
    out: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            if not names or case.name in names:
                results[case.name] = measure(case, Path(folder), runs=runs, alone=alone)
                out += rows(results[case.name])
    if {"c100", "c10000"} <= results.keys():
        few, many = (cost_ms(results[name].ours) for name in ("c100", "c10000"))
        out.append(("C: growth of the cost from 100 to 10,000 targets", math.log(many / few, 100.0), "exponent", ""))
        out.append(("C, 10,000 targets: faster than real time by the factor", 4e3 / many, "1", ">= 10"))
    if "c10000" in results:
        out.append(("C, 10,000 targets: peak memory of the process", peak_mb(), "MB", "<= 1000"))
    if table:
        print(as_table(list(results.values())))
    return out


def as_table(results: list[Result]) -> str:
    """The comparison as a table in Markdown."""
    lines = [
        "| scenario | runs | GOSPA, m | floor | Stone Soup (runs; ours on them) | missed | false | switches |"
        " completeness | CPU, ms a scan | Stone Soup | factor |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in results:
        for told, runs in (("births told", one.told), ("", one.ours)):
            if not runs:
                continue
            peers = "; ".join(
                f"{kind} {mean(theirs, 'gospa_m'):,.5g} ({len(theirs)}; {mean(runs[: len(theirs)], 'gospa_m'):,.5g})"
                for kind, theirs in one.peer.items()
            )
            first = one.peer.get(one.case.peer_kinds[0], [])
            cells = [
                ", ".join(filter(None, (one.case.title, told))),
                str(len(runs)),
                f"{mean(runs, 'gospa_m'):,.5g} ± {standard_error(runs, 'gospa_m'):.2g}",
                f"{mean(one.floor, 'gospa_m'):,.5g}",
                peers or "-",
                *(f"{mean(runs, what):.3g}" for what in SCORES[1:4]),
                f"{mean(runs, 'completeness'):.3f}",
                f"{cost_ms(runs):.3g}",
                f"{cost_ms(first):.4g}",
                f"{cost_ms(first) / cost_ms(runs):.4g}",
            ]
            lines.append("| " + " | ".join(cells).replace("nan", "-") + " |")
    return "\n".join(lines)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracking", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *(case.name for case in CASES)], help="scenarios; all if none")
    parser.add_argument("--runs", type=int, help="at most so many runs of each")
    parser.add_argument("--alone", action="store_true", help="leave the peer out")
    parser.add_argument("--memory", type=int, metavar="N", help="only track C with N targets and print the peak memory")
    args = parser.parse_args()
    if args.memory:
        track(ts.c_scale(args.memory), told=False)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(peak / (1e6 if sys.platform == "darwin" else 1e3) * (1.0 if sys.platform == "darwin" else 1.024))
        return
    with threadpool_limits(1):
        found = run(args.names, runs=args.runs, alone=args.alone, table=True)
    for what, figure, unit, bar in found:
        print(f"{what:62} {figure:10.4g}  {unit:10} {bar}")


if __name__ == "__main__":
    main()
