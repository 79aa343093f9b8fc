"""What a report needs of a study's record: the scenario, and tables laid out by option and replicate."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from watchfloor.base.errors import RecordError
from watchfloor.base.units import FloatArray
from watchfloor.record import Header, Record
from watchfloor.run.mission import Drawn, draw
from watchfloor.scenario.load import LoadedScenario, load, shipped, with_priors
from watchfloor.scenario.model import CampaignConfig, Scenario, StudyConfig

OWNER, DEFENDER, ORACLE = 0, 1, 2
"""Values of ``who`` in the study's tables: the campaign's owner; the study's defender, at the end; the owner, if it had
been told every signature."""
EVERY = -1
"""In place of a radar's row: none is singled out."""
IDENTIFIED = 0.8
"""Probability of the true type from which a track counts as identified."""
SCENARIO_FILE, PRIORS_FILE = "scenario.yaml", "priors.yaml"
"""Files of the record that hold the scenario as it was played, and a party's own numbers, if it was under such."""
_FLIGHTS = """
    SELECT option, replicate, sortie, sensor, aspect_rad, elevation_rad, configuration, hours, chain_nats, n_looks,
        n_transponder, n_flight_plan, n_visual, marginal_nats_per_h
    FROM ledger WHERE type = {row} ORDER BY option, replicate, sortie, sensor, configuration, aspect_rad, elevation_rad
"""
_TABLES = {
    "exposure": ("hours", "n_sorties", "nats", "n_received", "nats_received"),
    "trials": (
        "who hours only_radar left_out tracked_m held_share identified_m identified_share fire_control_m first_shot_m "
        "n_shots n_arrived p_survive n_others_killed p_type energy_j n_false_tracks"
    ).split(),
    "timeline": ("who", "hours", "tick_s", "range_m", "track", "p_type", "fire_control"),
    "beliefs": "hours who sensor aspect_rad true_dbsm p10_dbsm p50_dbsm p90_dbsm sd_db n_looks range_m".split(),
    "verdicts": "hours who mover type quarter candidate probability".split(),
    "staleness": "law sensor months margin_db nats".split(),
    "transfers": "link hop sortie arrived nats_offered nats_sent nats_gained".split(),
    "changes": ("type", "since_month", "found_month"),
}
_MAY_LACK = ("verdicts", "staleness", "transfers", "changes")
"""Tables that a record need not hold: nothing of the kind happened in any run."""
_LOOKS = {
    "breakeven": "map_name x y question sensor p10_h p50_h p90_h reached".split(),
    "drivers": "answer method unknown what value low high other".split(),
}
"""Tables of look-level runs, which belong to no option."""
_USUAL = {
    "trials": {"only_radar": EVERY, "left_out": EVERY},
    "beliefs": {"who": OWNER},
    "ledger": {"configuration": 0},
}
"""Keys that a table's rows have unless others are asked for: all radars, all evidence; the owner; the clean jet."""

Table = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Study:
    """A study's record, read."""

    folder: Path
    """Where it is."""
    header: Header
    """What it is of."""
    loaded: LoadedScenario
    """The scenario."""
    same_catalogue: bool
    """Whether the catalogue still says what it said when the study was played."""
    n: int
    """Replicates."""
    tables: dict[str, Table] = field(repr=False)
    """Tables by name; of the ledger only the subject's type."""

    @property
    def scenario(self) -> Scenario:
        """The scenario before any option."""
        return self.loaded.scenario

    @cached_property
    def config(self) -> StudyConfig:
        """What is asked."""
        assert self.scenario.study is not None
        return self.scenario.study

    @cached_property
    def campaign(self) -> CampaignConfig:
        """The peacetime phase."""
        assert self.scenario.campaign is not None
        return self.scenario.campaign

    @cached_property
    def options(self) -> tuple[str, ...]:
        """Names of the options, the baseline first."""
        names = [option.name for option in self.config.options]
        return (self.baseline, *(name for name in names if name != self.baseline))

    @property
    def baseline(self) -> str:
        """Name of the baseline."""
        return self.config.baseline

    @cached_property
    def titles(self) -> dict[str, str]:
        """What a decision maker reads, by option."""
        return {option.name: option.title for option in self.config.options}

    @cached_property
    def subject_type(self) -> str:
        """Type of the subject."""
        return next(m.type for m in self.campaign.movers if m.name == self.config.subject)

    @cached_property
    def radars(self) -> dict[int, str]:
        """Sensor rows of the primary radars and what to call them: their name and band."""
        from watchfloor.scenario import catalog

        cards = catalog.radars()
        return {
            row: f"{cards[card].band} radar ({sensor.name})"  # type: ignore[attr-defined]
            for row, sensor in enumerate(self.scenario.sensors)
            if (card := getattr(sensor, "card", None)) in cards
        }

    @cached_property
    def learners(self) -> dict[int, str]:
        """Those radars that are switched on during the campaign, and so learn."""
        on = self.campaign.sensors
        return {
            row: name
            for row, name in self.radars.items()
            if on is None or self.scenario.sensors[row].name in on  # type: ignore[attr-defined]
        }

    def drawn(self, replicate: int) -> Drawn:
        """Return what one replicate takes as true of the world, drawn anew from its named streams."""
        from watchfloor.base.streams import Streams

        return draw(self.scenario, Streams(self.scenario.seed, f"replicate-{replicate}"))

    def of(self, table: str, option: str, **keys: float) -> Table:
        """Return the rows of a table that belong to an option and have the given keys, sorted by replicate.

        Where a key is not given: trials with all radars on and all evidence, beliefs of the owner, the clean jet.
        """
        columns = self.tables[table]
        mask = columns["option"] == option
        for name, value in {**_USUAL.get(table, {}), **keys}.items():
            mask &= np.isclose(columns[name], value)
        rows = np.flatnonzero(mask)
        rows = rows[np.argsort(columns["replicate"][rows], kind="stable")]
        return {name: column[rows] for name, column in columns.items()}

    def values(self, table: str, column: str, option: str, **keys: float) -> FloatArray:
        """Return one value a replicate (n,).

        Raises
        ------
        RecordError
            If the record does not hold exactly one.
        """
        found = self.of(table, option, **keys)
        if not np.array_equal(found["replicate"], np.arange(self.n)):
            raise RecordError(
                f"{self.folder}: table {table} holds {len(found['replicate'])} rows of option {option!r} where "
                f"{self.n} are wanted, one a replicate; play the study again with --fresh"
            )
        return np.asarray(found[column], float)

    @cached_property
    def naive(self) -> tuple[str, dict[str, float]] | None:
        """Return (option, keys) of tests fought with public knowledge only, one a replicate; None if there are none."""
        for option in self.options:
            keys = {"who": float(OWNER), "hours": 0.0}
            if len(self.of("trials", option, **keys)["hours"]) == self.n:
                return option, keys
        for option in self.options:
            if not self.values("exposure", "n_received", option).any() and not _changes_mission(self, option):
                return option, {"who": float(DEFENDER)}
        return None


def _changes_mission(study: Study, option: str) -> bool:
    return any(key.partition(".")[0] not in ("campaign", "sharing") for key in study.loaded.option(option).set)


def gather(folder: Path) -> Study:
    """Read a study's record.

    Raises
    ------
    RecordError
        If ``folder`` is no finished record of a study.
    ScenarioError
        If the scenario that it holds cannot be read.
    """
    record = Record.open(folder)
    if record.header.kind != "study":
        raise RecordError(
            f"{folder}: is the record of a {record.header.kind}; a report compares the options of a study: make one "
            "with `watchfloor study SCENARIO --out DIR` (`watchfloor assess` scores a run)"
        )
    path = folder / SCENARIO_FILE
    if not path.is_file():
        raise RecordError(f"{path}: no such file; give the `watchfloor study` command again, it puts it back")
    loaded = load(path)
    if (folder / PRIORS_FILE).is_file():
        loaded = with_priors(loaded, folder / PRIORS_FILE)
    study = loaded.scenario.study
    if study is None or loaded.scenario.campaign is None:
        raise RecordError(f"{path}: asks no question (no heading study or campaign); play the study again with --fresh")
    n = int(record.header.extra.get("replicates", study.replicates))
    wanted = [f"{option.name}.{replicate:05d}" for option in study.options for replicate in range(n)]
    missing = [run for run in wanted if run not in record.done]
    if missing or not record.finished:
        named = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        what = f"{len(missing)} of {len(wanted)} runs are missing ({named})" if missing else "it was not finished"
        raise RecordError(
            f"{folder}: {what}; give the study command again, it plays what is missing: "
            f"{study_command(record.header, str(folder), n)}"
        )
    row = loaded.scenario.types.index(next(m.type for m in loaded.scenario.campaign.movers if m.name == study.subject))
    tables = {
        name: record.table(name, shards=wanted, columns=["option", "replicate", *columns])
        if name in record.table_names
        else {column: np.zeros(0) for column in ("option", "replicate", *columns)}
        for name, columns in _TABLES.items()
        if name in record.table_names or name in _MAY_LACK
    }
    lacking = [name for name in _TABLES if name not in tables]
    if lacking:
        raise RecordError(f"{folder}: holds no table {lacking[0]!r}; play the study again with --fresh")
    for name, columns in _LOOKS.items():
        if name in record.table_names:
            tables[name] = record.table(name, columns=list(columns))
    tables["ledger"] = record.query(_FLIGHTS.format(row=row))
    return Study(
        folder=folder,
        header=record.header,
        loaded=loaded,
        same_catalogue=loaded.digest == record.header.digest,
        n=n,
        tables=tables,
    )


def study_command(header: Header, folder: str, n: int) -> str:
    """Return the command that plays, or goes on with, a record: of a shipped scenario, or of the one beside it."""
    scenario = header.scenario if header.scenario in shipped() else f"{folder}/{SCENARIO_FILE}"
    priors = f" --priors {folder}/{PRIORS_FILE}" if header.extra.get("priors") else ""
    return f"watchfloor study {scenario}{priors} --out {folder} --replicates {n}"
