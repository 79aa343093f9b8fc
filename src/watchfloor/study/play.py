"""``watchfloor study``: every option, every replicate, into one record that can be stopped and resumed."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

from watchfloor import __version__
from watchfloor.base.errors import Mistake, ScenarioError
from watchfloor.record import Buffer, Header, ManifestLine, write_shard
from watchfloor.run.batch import Progress, fill, load_again
from watchfloor.scenario.load import LoadedScenario, apply
from watchfloor.study import maps


@dataclass(frozen=True)
class StudySummary:
    """What a study left."""

    folder: Path
    """The record."""
    n_options: int
    """Options compared."""
    n_replicates: int
    """Paired runs of each."""
    n_played: int
    """Runs played now, those of maps among them; the others were there already."""
    given_up: dict[str, str] = field(default_factory=dict)
    """Runs that could not be finished, and why."""


def play(
    loaded: LoadedScenario,
    *,
    out: Path,
    workers: int | None = None,
    replicates: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> StudySummary:
    """Play a study into the record ``out``; runs that are there already are kept.

    Parameters
    ----------
    loaded : LoadedScenario
        A scenario with ``campaign`` and ``study``, a party's own numbers laid over it or not.
    out : Path
        Folder of the record.
    workers : int, optional
        Processes; all cores when left out. The record does not depend on it.
    replicates : int, optional
        Instead of the scenario's own number.
    fresh : bool
        Start anew although a record is there.
    progress : callable, optional
        Called with (runs done, runs in all) at the start and after each run.

    Raises
    ------
    ScenarioError
        If the scenario asks no question.
    RecordError
        If the record cannot be written or belongs to something else.
    """
    study = loaded.scenario.study
    if study is None or loaded.scenario.campaign is None:
        raise ScenarioError(
            [
                Mistake(
                    str(loaded.path),
                    1,
                    1,
                    "study",
                    "a study needs the headings campaign and study (neither may be left out)",
                )
            ]
        )
    maps.check(loaded)
    n = replicates or study.replicates
    ids = [f"{option.name}.{replicate:05d}" for replicate in range(n) for option in study.options]
    ids = [*maps.ids(study), *ids]  # the longest first, so that no worker is left alone with one
    header = Header(
        kind="study",
        scenario=loaded.scenario.name,
        digest=loaded.digest,
        seed=loaded.scenario.seed,
        version=__version__,
        extra={"replicates": n} | ({} if loaded.priors is None else {"priors": loaded.priors.name}),
    )
    priors = None if loaded.priors is None else str(loaded.priors.resolve())
    work = functools.partial(
        _work, source=str(loaded.path.resolve()), digest=loaded.digest, priors=priors, folder=str(out.resolve())
    )
    n_played, given_up = fill(
        out,
        header,
        ids,
        work,
        scenario_file=loaded.path,
        priors_file=loaded.priors,
        workers=workers,
        fresh=fresh,
        progress=progress,
    )
    return StudySummary(out, len(study.options), n, n_played, given_up)


def _work(run: str, *, source: str, digest: str, priors: str | None, folder: str) -> ManifestLine:
    """Play one run and write its shard; depends on the run's id only."""
    from watchfloor.study.one import play_one

    loaded = load_again(source, digest, priors)
    if run.startswith((f"{maps.MAP}.", f"{maps.DRIVERS}.")):
        return write_shard(Path(folder), run, maps.play(loaded, run).tables())
    option_name, _, replicate = run.rpartition(".")
    option, buffer = loaded.option(option_name), Buffer()
    changed = apply(loaded, option.set)
    place = {"option": option.name, "replicate": int(replicate), "folder": Path(source).parent}
    play_one(changed, **place, curve=option.curve, buffer=buffer)
    return write_shard(Path(folder), run, buffer.tables())
