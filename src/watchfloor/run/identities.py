"""Identities in a record of ``watchfloor run`` against the truth it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from watchfloor.assess.identity import IdentityScores, Interval, score_identities
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.record import Record

Judged = tuple[FloatArray, IntArray, IntArray]
"""Posteriors (n, types + 1), rows of the true type (-1 for one not listed), movers."""
LEVEL = 0.9
"""Probability from which a type is taken to be named. [1]"""


def types_of(folder: Path) -> list[str]:
    """Return the type list of the scenario kept beside a record; empty where none is."""
    kept = folder / "scenario.yaml"
    if not kept.is_file():
        return []
    said = yaml.safe_load(kept.read_text(encoding="utf-8"))
    return [str(name) for name in said.get("types") or []] if isinstance(said, dict) else []


def judged(
    record: Record, shard: str, types: list[str], tick_s: FloatArray, number: IntArray, mover: IntArray
) -> Judged | None:
    """Posteriors of one mission that have a truth.

    Parameters
    ----------
    record, shard
        The mission.
    types : list of str
        The run's list of types.
    tick_s, number, mover : (n,) arrays
        Which track held which mover at which tick. [s, 1, 1]

    Returns
    -------
    tuple or None
        In order of time; None where the record has no identities or no types.
    """
    if not types or not {"identities", "movers"} <= set(record.table_names):
        return None
    p = [f"probability_{i}" for i in range(len(types) + 1)]
    said = record.table("identities", shards=[shard], columns=["tick_s", "track", *p])
    flown = record.table("movers", shards=[shard], columns=["mover", "type"])
    row_of = {name: i for i, name in enumerate(types)}
    type_row = np.full(int(flown["mover"].max(initial=-1)) + 1, -1, np.int64)
    type_row[flown["mover"]] = [row_of.get(str(name), -1) for name in flown["type"]]
    times, tick = np.unique(np.concatenate([tick_s, said["tick_s"]]), return_inverse=True)
    del times
    top = int(max(number.max(initial=0), said["track"].max(initial=0))) + 1
    held, stated = tick[: len(tick_s)] * top + number, tick[len(tick_s) :] * top + said["track"]
    _, mine, its = np.intersect1d(held, stated, assume_unique=True, return_indices=True)
    probability = np.stack([said[name] for name in p], axis=1)[its].astype(np.float64)
    return probability, type_row[mover[mine]], mover[mine]


def scores_of(missions: list[Judged]) -> IdentityScores | None:
    """Score the posteriors of all missions, each mover of each mission a flight; None without any."""
    missions = [one for one in missions if len(one[1])]
    if not missions:
        return None
    probability, truth, mover = (np.concatenate(column) for column in zip(*missions, strict=True))
    mission = np.repeat(np.arange(len(missions)), [len(one[1]) for one in missions])
    return score_identities(probability, truth, mission * 2**40 + mover, level=LEVEL)


def identity_rows(
    scores: IdentityScores,
) -> list[tuple[str, str, int | float | bool | tuple[float, float, float], str]]:
    """Return the figures as ``assess`` prints them: key, name, value or (low, value, high) at 95 %, unit."""

    def figure(one: Interval) -> float | tuple[float, float, float]:
        return (one.low, one.value, one.high) if np.isfinite(one.low) and np.isfinite(one.high) else one.value

    found, sure = scores.reliability, scores.decisions
    rows: list[tuple[str, str, int | float | bool | tuple[float, float, float], str]] = [
        ("identity_log_score", "log score (0 is best)", figure(scores.log_score), "nat"),
        ("identity_brier", "Brier score (0 is best)", figure(scores.brier), ""),
        ("identity_right", "likeliest type is right", figure(scores.right), ""),
        ("identity_ece", "calibration error (0 is best)", found.ece, ""),
        ("identity_ece_honest", "calibration error an honest one would show", found.ece_of_honest, ""),
        ("identity_named", f"named at {100.0 * sure.level:g} %", figure(sure.named), ""),
        ("identity_named_right", "right where named", figure(sure.right), ""),
        ("identity_n", "flights judged", scores.n_flights, ""),
    ]
    if sure.rejected.n:
        rows.insert(-1, ("identity_rejected", "unseen types not named", figure(sure.rejected), ""))
    return rows
