"""``watchfloor run``: a scenario's mission, once or many times, into a record that can be stopped and resumed."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from watchfloor import __version__
from watchfloor.base.errors import DataError
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.record import Header, ManifestLine, write_shard
from watchfloor.run.batch import Progress, fill, load_again
from watchfloor.run.loop import play
from watchfloor.run.mission import Drawn, Mission, build, draw
from watchfloor.run.recorder import Recorder, named_ledger
from watchfloor.scenario.load import LoadedScenario
from watchfloor.scenario.model import Scenario


@dataclass(frozen=True)
class RunSummary:
    """What ``run`` left."""

    folder: Path
    """The record."""
    n_replicates: int
    """Missions in the record."""
    n_played: int
    """Missions played now; the others were there already."""
    given_up: dict[str, str] = field(default_factory=dict)
    """Missions that could not be finished, and why."""


def run(
    loaded: LoadedScenario,
    *,
    out: Path,
    seed: int | None = None,
    replicates: int = 1,
    workers: int | None = None,
    traffic: Path | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> RunSummary:
    """Play the scenario's mission into the record ``out``; missions that are there already are kept.

    Parameters
    ----------
    loaded : LoadedScenario
        What to play.
    out : Path
        Folder of the record.
    seed : int, optional
        Instead of the scenario's own.
    replicates : int
        Missions to play. With one, every uncertain parameter has its median; with more, each mission draws its own.
    workers : int, optional
        Processes; all cores when left out. The record does not depend on it.
    traffic : Path, optional
        Recorded flights to fly instead of those the scenario names.
    fresh : bool
        Start anew although a record is there.
    progress : callable, optional
        Called with (missions done, missions in all) at the start and after each.

    Raises
    ------
    UserError
        If the scenario, the flights or the record's folder do not allow it.
    """
    seed = loaded.scenario.seed if seed is None else seed
    flights = flights_file(loaded, traffic)
    if flights is not None:  # read here first: a bad table is refused before a record of it is begun
        kinds("world.traffic").make(loaded.scenario.mission.traffic, file=flights)
    ids = [f"run.{replicate:05d}" for replicate in range(replicates)]
    header = Header(
        kind="run",
        scenario=loaded.scenario.name,
        digest=loaded.digest,
        seed=seed,
        version=__version__,
        extra={"replicates": replicates, "traffic": _digest(flights)},
    )
    work = functools.partial(
        _work,
        source=str(loaded.path.resolve()),
        digest=loaded.digest,
        folder=str(out.resolve()),
        seed=seed,
        spread=replicates > 1,
        traffic=flights,
    )
    n_played, given_up = fill(
        out, header, ids, work, scenario_file=loaded.path, workers=workers, fresh=fresh, progress=progress
    )
    return RunSummary(out, replicates, n_played, given_up)


def movers_table(mission: Mission) -> dict[str, np.ndarray]:
    """Return who flies in a mission, as a record stores it: one row a mover."""
    world = mission.world
    return {
        "mover": np.arange(len(world.names)),
        "name": np.array(world.names, object),
        "type": np.array(world.types, object),
        "transponder": world.transponder,
        "reflectors": world.reflectors,
        "address": world.address,
    }


def ledger_table(mission: Mission, scenario: Scenario, drawn: Drawn) -> dict[str, np.ndarray]:
    """Return what a mission taught, taken as one flight, as a record stores it; ends the flight."""
    rows = named_ledger(mission.learner.close_flight(), scenario, drawn.radars)
    n = len(rows)
    return {"sortie": np.zeros(n, np.int64), "hours": np.full(n, mission.duration_s / 3600.0), **rows.flat()}


def _work(
    run_id: str, *, source: str, digest: str, folder: str, seed: int, spread: bool, traffic: Path | None
) -> ManifestLine:
    """Play one mission and write its shard; depends on the run's id only."""
    scenario = load_again(source, digest).scenario
    streams = Streams(seed, run_id)
    drawn = draw(scenario, streams if spread else None, folder=Path(source).parent)
    mission = build(
        scenario,
        scenario.mission,
        drawn=drawn,
        streams=streams,
        traffic_file=traffic,
    )
    log = Recorder()
    play(mission, log)
    tables = {
        "movers": movers_table(mission),
        **log.history().tables(),
        "ledger": ledger_table(mission, scenario, drawn),
    }
    replicate = int(run_id.rpartition(".")[2])
    keyed = {
        name: {"replicate": np.full(len(next(iter(table.values()))), replicate), **table}
        for name, table in tables.items()
    }
    return write_shard(Path(folder), run_id, keyed)


def flights_file(loaded: LoadedScenario, traffic: Path | None) -> Path | None:
    """Return the file of recorded flights: ``traffic``, or the mission's own, found from the scenario file's folder.

    Raises
    ------
    DataError
        If there is none such, or the mission has no heading ``traffic`` to give the flights a type.
    """
    wanted = loaded.scenario.mission.traffic
    if wanted is None:
        if traffic is not None:
            raise DataError(
                f"{traffic}: the scenario {loaded.scenario.name} flies no recorded traffic; add the heading "
                "mission.traffic, e.g. traffic: {kind: recorded, type: airliner}"
            )
        return None
    own = getattr(wanted, "file", None)
    file = traffic if traffic is not None else loaded.path.parent / own if own else None
    if file is None:
        raise DataError("mission.traffic: no file; give `file` in the scenario or --traffic FILE")
    if not file.is_file():
        raise DataError(f"{file}: no such file; give an existing CSV or Parquet table of flights with --traffic FILE")
    return file.resolve()


def _digest(file: Path | None) -> str | None:
    """Return the SHA-256 of a file of flights, so that another file cannot continue a record."""
    return None if file is None else hashlib.sha256(file.read_bytes()).hexdigest()
