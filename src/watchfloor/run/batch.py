"""Many runs into one record: what ``watchfloor run`` and ``watchfloor study`` share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from watchfloor.base.errors import RecordError
from watchfloor.record import Header, ManifestLine, Record
from watchfloor.run.executor import default_workers, run_tasks
from watchfloor.scenario.load import LoadedScenario, load, with_priors

Progress = Callable[[int, int], None]
"""Called with (runs done, runs in all) at the start and after each run."""


def fill(
    out: Path,
    header: Header,
    ids: Sequence[str],
    work: Callable[[str], ManifestLine],
    *,
    scenario_file: Path,
    priors_file: Path | None = None,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> tuple[int, dict[str, str]]:
    """Play the runs that a record does not hold yet; finish the record when none is missing.

    Parameters
    ----------
    out : Path
        Folder of the record.
    header : Header
        What the record is of; one of something else is not continued.
    ids : sequence of str
        All runs; each is a shard.
    work : callable
        Plays one run and writes its shard; see ``executor.run_tasks``.
    scenario_file : Path
        Kept beside the record as ``scenario.yaml``.
    priors_file : Path, optional
        A party's own numbers, kept as ``priors.yaml``.
    workers : int, optional
        Processes; all cores when left out.
    fresh : bool
        Start anew although a record is there.
    progress : callable, optional
        See ``Progress``.

    Returns
    -------
    n_played : int
        Runs played now.
    given_up : dict
        Runs that could not be finished, and why.

    Raises
    ------
    RecordError
        If the record cannot be written or is of something else.
    """
    with Record.begin(out, header, fresh=fresh) as record:
        todo = [one for one in ids if one not in record.done]
        count = len(ids) - len(todo)

        def done(_: str, line: ManifestLine) -> None:
            nonlocal count
            record.add(line)
            count += 1
            if progress:
                progress(count, len(ids))

        if progress:
            progress(count, len(ids))
        record.attach("scenario.yaml", scenario_file.read_bytes())
        if priors_file is not None:
            record.attach("priors.yaml", priors_file.read_bytes())
        given_up = run_tasks(todo, work, workers=workers or default_workers(), on_done=done)
        if not given_up:
            record.finish()
    return len(todo) - len(given_up), given_up


@functools.lru_cache(maxsize=1)
def load_again(source: str, digest: str, priors: str | None = None) -> LoadedScenario:
    """Load a scenario in a worker, once a process.

    Raises
    ------
    RecordError
        If the file no longer says what it said when the record was begun.
    """
    loaded = load(source)
    if priors is not None:
        loaded = with_priors(loaded, priors)
    if loaded.digest != digest:
        raise RecordError(f"{source}: changed while it was being played; play it again, into another folder or --fresh")
    return loaded
