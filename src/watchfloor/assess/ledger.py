"""The ledger of a record, summed the way somebody asks: which flight, radar, band, cell or label taught what.

One DuckDB query does all the work, and `LedgerSums.sql` is that query; docs/howto/query-the-ledger.md explains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watchfloor.base.errors import RecordError
from watchfloor.base.registry import nearest
from watchfloor.record import Record
from watchfloor.scenario.load import load
from watchfloor.scenario.model import Scenario

BY = ("flight", "week", "radar", "band", "cell", "label", "type", "configuration", "option", "lever")
"""Ways to sum a ledger; the last two need a study."""
BANDS = ("10", "50", "90")
"""Points over replicates that are given. [%]"""
MEASURES: Mapping[str, tuple[str, str]] = {
    "nats": ("learned, adds up", "nat"),
    "kl_nats": ("cells moved by", "nat"),
    "hours": ("under the radars' eyes", "h"),
    "n_effective": ("independent looks", ""),
    "n_hits": ("hits", ""),
    "n_misses": ("misses", ""),
    "next_hour": ("next hour would teach", "nat/h"),
}
"""What is summed: column of the answer, its words and its unit."""
WEEKS_PER_MONTH = 365.25 / 12.0 / 7.0
_SCENARIO_FILE = "scenario.yaml"
_LABELS = {
    "transponder": "n_transponder",
    "flight plan": "n_flight_plan",
    "visual": "n_visual",
    "nobody": "greatest(n_looks - n_labelled, 0)",
}
_NEEDED = ("chain_nats", "marginal_nats_per_h", "radar", "band", "type_name", "configuration", "n_visual")


@dataclass(frozen=True)
class LedgerSum:
    """One line: what belongs to one key, or to all of them."""

    key: str
    """Flight, radar, band...; empty for the total."""
    values: Mapping[str, tuple[float, float, float]]
    """10, 50 and 90 % points over replicates of each of ``MEASURES``; with one replicate, thrice its value."""
    against: tuple[float, float, float] | None = None
    """By option or lever: nats less those of the study's baseline, replicate by replicate. [nat]"""


@dataclass(frozen=True)
class LedgerSums:
    """A ledger, summed."""

    by: str
    """Which way."""
    rows: tuple[LedgerSum, ...]
    """One a key, in order."""
    total: LedgerSum | None
    """All keys together; None by option or lever, which are alternatives."""
    n_replicates: int
    """Replicates that the points are over."""
    option: str | None
    """Option that was summed; None for a run, or where options are the keys."""
    sql: str
    """The query."""


def query(
    *,
    by: str,
    study: bool,
    option: str | None = None,
    type_name: str | None = None,
    sorties_per_month: int = 1,
    levers: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    baseline: str = "",
) -> str:
    """Return the query that sums a ledger.

    Parameters
    ----------
    by : str
        One of ``BY``.
    study : bool
        Whether the record is a study's, whose tables have a column ``option``.
    option, type_name : str, optional
        Only this option, or type.
    sorties_per_month : int
        Sorties a month, which turns sorties into weeks.
    levers : mapping, optional
        What each option changes, in words, by option; for ``by="lever"``.
    options : sequence of str
        The study's options in its order, in which ``by="option"`` and ``by="lever"`` answer.
    baseline : str
        Option that the others are compared with, for ``by="option"`` and ``by="lever"``.
    """
    keys = {
        "flight": ("printf('flight %d', sortie + 1)", "sortie"),
        "week": (f"printf('week %d', {_week(sorties_per_month)})", _week(sorties_per_month)),
        "radar": ("radar", "sensor"),
        "band": ("band", "0"),
        "cell": (
            "printf('%g deg off the nose, %g deg up', round(degrees(aspect_rad), 1), round(degrees(elevation_rad), 1))",
            "round(degrees(elevation_rad)) * 1000 + degrees(aspect_rad)",
        ),
        "label": ("label", "label_rank"),
        "type": ("type_name", "type"),
        "configuration": ("CASE configuration WHEN 0 THEN 'clean' ELSE 'with reflectors' END", "configuration"),
        "option": ("option", _ranked(options)),
        "lever": (_lever(levers or {}), _ranked(options)),
    }
    key, rank = keys[by]
    share, source = "1.0", "ledger"
    if by == "label":
        share = "CASE label " + " ".join(f"WHEN {_text(k)} THEN {v}" for k, v in _LABELS.items()) + " END"
        share = f"({share}) / greatest(n_looks, 1e-9)"
        values = ", ".join(f"({_text(k)}, {i})" for i, k in enumerate(_LABELS))
        source = f"ledger CROSS JOIN (VALUES {values}) AS source(label, label_rank)"
    wanted = [f"option = {_text(option)}"] if option is not None else []
    runs = "SELECT DISTINCT replicate FROM movers"
    if study:
        runs = "SELECT DISTINCT replicate FROM exposure" + (f" WHERE {wanted[0]}" if wanted else "")
    wanted += [f"type_name = {_text(type_name)}"] if type_name is not None else []
    where = f"\n    WHERE {' AND '.join(wanted)}" if wanted else ""
    last = "option, replicate, radar, type_name" if study else "replicate, radar, type_name"
    own = f"{last}, {rank}" if by in ("flight", "week") else last
    against = "0.0"
    if by in ("option", "lever"):
        mine = levers[baseline] if by == "lever" and levers else baseline
        against = f"nats - max(nats) FILTER (WHERE key = {_text(mine)}) OVER (PARTITION BY replicate)"
    coalesced = ", ".join(f"coalesce({name}, 0.0) AS {name}" for name in MEASURES)
    return f"""\
WITH booked AS (
    SELECT replicate, {key} AS key, {rank} AS rank, {share} AS share, *,
        CASE WHEN sortie = max(sortie) OVER (PARTITION BY {last}) THEN marginal_nats_per_h ELSE 0 END AS last_next_hour,
        CASE WHEN sortie = max(sortie) OVER (PARTITION BY {own}) THEN marginal_nats_per_h ELSE 0 END AS own_next_hour
    FROM {source}{where}
), sums AS (
    SELECT replicate, key, min(rank) AS rank,
        sum(share * chain_nats) AS nats,
        sum(share * nats) AS kl_nats,
        sum(share * exposure_s) / 3600 AS hours,
        sum(share * n_effective) AS n_effective,
        sum(share * n_hits) AS n_hits,
        sum(share * n_misses) AS n_misses,
        CASE WHEN grouping(key) = 1 THEN sum(share * last_next_hour) ELSE sum(share * own_next_hour) END AS next_hour
    FROM booked GROUP BY GROUPING SETS ((replicate, key), (replicate))
), runs AS ({runs}
), keys AS (SELECT key, min(rank) AS rank FROM sums GROUP BY key
), whole AS (
    SELECT runs.replicate, keys.key, keys.rank,
        {coalesced}
    FROM runs CROSS JOIN keys
    LEFT JOIN sums ON sums.replicate = runs.replicate AND sums.key IS NOT DISTINCT FROM keys.key
), compared AS (SELECT *, {against} AS against FROM whole
), long AS (UNPIVOT compared ON {", ".join(MEASURES)}, against INTO NAME measure VALUE value)
SELECT coalesce(key, '') AS key, measure, count(*) AS n_replicates,
    quantile_cont(value, 0.1) AS p10, quantile_cont(value, 0.5) AS p50, quantile_cont(value, 0.9) AS p90
FROM long GROUP BY key, measure ORDER BY key IS NULL, min(rank), key, measure"""


def sums(folder: Path, *, by: str = "radar", type_name: str | None = None, option: str | None = None) -> LedgerSums:
    """Sum the ledger of a record.

    Parameters
    ----------
    folder : Path
        What ``watchfloor run`` or ``watchfloor study`` has left.
    by : str
        One of ``BY``.
    type_name : str, optional
        Only what was learned of this type; of all types when left out.
    option : str, optional
        Of a study, only this option; its baseline when left out. Not with ``by`` option or lever.

    Raises
    ------
    RecordError
        If the folder is no record, holds no ledger or an older one, or has no such type or option.
    """
    folder = Path(folder)
    if by not in BY:
        raise RecordError(f"by: wanted one of {', '.join(BY)}{nearest(by, BY)} (came {by!r})")
    record = Record.open(folder)
    if "ledger" not in record.table_names:
        raise RecordError(
            f"{folder}: this record holds no ledger (there are: {', '.join(record.table_names) or 'no tables'}); play "
            "the scenario with a learner, by `watchfloor run --out DIR` or `watchfloor study --out DIR`"
        )
    have = record.query("SELECT column_name FROM (DESCRIBE ledger)")["column_name"].tolist()
    missing = [name for name in _NEEDED if name not in have]
    if missing:
        raise RecordError(
            f"{folder}: its ledger lacks {', '.join(missing)}: it is of an earlier version; play it again with --fresh"
        )
    scenario = load(folder / _SCENARIO_FILE).scenario
    study = record.header.kind == "study"
    if by in ("option", "lever") and (not study or option is not None):
        why = "this is the record of a run" if not study else f"leave --option {option} out"
        raise RecordError(f"{folder}: a ledger by {by} compares the options of a study: {why}")
    option = _option(folder, scenario, option, study=study, by=by)
    if type_name is not None and type_name not in scenario.types:
        raise RecordError(
            f"{folder}: no type {type_name!r}{nearest(type_name, scenario.types)} (there are: "
            f"{', '.join(scenario.types)})"
        )
    sql = query(
        by=by,
        study=study,
        option=option,
        type_name=type_name,
        sorties_per_month=scenario.campaign.sorties_per_month if scenario.campaign else 1,
        levers=_levers(scenario),
        options=[one.name for one in scenario.study.options] if scenario.study else (),
        baseline=scenario.study.baseline if scenario.study else "",
    )
    return _read(record.query(sql), by=by, option=option, sql=sql)


def _read(found: Mapping[str, Any], *, by: str, option: str | None, sql: str) -> LedgerSums:
    compared = by in ("option", "lever")
    points = zip(*(found[name].tolist() for name in ("p10", "p50", "p90")), strict=True)
    by_key: dict[str, dict[str, tuple[float, float, float]]] = {}
    for key, measure, three in zip(found["key"].tolist(), found["measure"].tolist(), points, strict=True):
        by_key.setdefault(key, {})[measure] = three
    nothing = dict.fromkeys((*MEASURES, "against"), (0.0, 0.0, 0.0))
    by_key.setdefault("", nothing)
    made = [
        LedgerSum(key, {name: values[name] for name in MEASURES}, values["against"] if compared else None)
        for key, values in by_key.items()
    ]
    total = next(row for row in made if row.key == "")
    n = max(found["n_replicates"].tolist(), default=0)
    return LedgerSums(by, tuple(r for r in made if r.key), None if compared else total, int(n), option, sql)


def _option(folder: Path, scenario: Scenario, option: str | None, *, study: bool, by: str) -> str | None:
    if not study:
        if option is not None:
            raise RecordError(f"{folder}: is the record of a run, which has no options: leave --option {option} out")
        return None
    if by in ("option", "lever"):
        return None
    assert scenario.study is not None
    known = [one.name for one in scenario.study.options]
    if option is None:
        return scenario.study.baseline
    if option not in known:
        raise RecordError(f"{folder}: no option {option!r}{nearest(option, known)} (there are: {', '.join(known)})")
    return option


def _levers(scenario: Scenario) -> dict[str, str]:
    """What each option of a study sets, in words."""
    if scenario.study is None:
        return {}
    return {
        one.name: ", ".join(f"{key} = {str(value).lower() if isinstance(value, bool) else value}" for key, value in
                            one.set.items()) or "as the file says"
        for one in scenario.study.options
    }  # fmt: skip


def _lever(levers: Mapping[str, str]) -> str:
    if not levers:
        return "option"
    return "CASE option " + " ".join(f"WHEN {_text(k)} THEN {_text(v)}" for k, v in levers.items()) + " END"


def _ranked(options: Sequence[str]) -> str:
    if not options:
        return "0"
    return "CASE option " + " ".join(f"WHEN {_text(name)} THEN {i}" for i, name in enumerate(options)) + " END"


def _week(sorties_per_month: int) -> str:
    return f"CAST(floor(sortie / {sorties_per_month} * {WEEKS_PER_MONTH:.6f}) AS INTEGER) + 1"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def lines(found: LedgerSums) -> Sequence[dict[str, Any]]:
    """Return the sums as flat rows, for a table or a program: key, then each measure's three points."""
    out = []
    for row in (*found.rows, *([found.total] if found.total else [])):
        flat: dict[str, Any] = {found.by: row.key or "total"}
        measures = dict(row.values) | ({"against_baseline": row.against} if row.against else {})
        for name, points in measures.items():
            flat |= {f"{name}_p{p}": value for p, value in zip(BANDS, points, strict=True)}
        out.append(flat)
    return out
