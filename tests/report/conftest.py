"""One small study, played once, through the command line as a user would."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from watchfloor import cli
from watchfloor.record import Record, write_shard

SCENARIO = Path(__file__).parent / "study.yaml"


@pytest.fixture(scope="session")
def record(tmp_path_factory) -> Path:
    """Folder of the small study's record; do not write there."""
    folder = tmp_path_factory.mktemp("study") / "small"
    assert cli._run(["study", str(SCENARIO), "--out", str(folder), "--workers", "1"]) == 0
    return folder


@pytest.fixture
def altered(record, tmp_path) -> Callable[[str, Callable[[dict[str, np.ndarray]], None]], Path]:
    """Copy the record with one table changed in every shard."""

    def inner(table: str, change: Callable[[dict[str, np.ndarray]], None]) -> Path:
        old, folder = Record.open(record), tmp_path / "altered"
        with Record.create(folder, old.header) as new:
            for shard in old.lines:
                tables = {name: old.table(name, shards=[shard]) for name in old.lines[shard].tables}
                if table in tables:  # runs of maps have others
                    change(tables[table])
                new.add(write_shard(folder, shard, tables))
            new.finish()
        shutil.copy(record / "scenario.yaml", folder)
        return folder

    return inner
