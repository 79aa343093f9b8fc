"""Tables as Parquet files, written so that a file is whole or absent; DuckDB writes and reads them.

One connection a process, one thread: the same columns give the same bytes. NaN is stored as a Parquet null ("not
measured") and comes back as NaN.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from watchfloor.base.errors import RecordError, reason

TABLES = "tables"
"""Folder of a record that holds one folder a table."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_connections: dict[int, duckdb.DuckDBPyConnection] = {}


@dataclass(frozen=True)
class TableEntry:
    """One table of one shard, as its file should be."""

    rows: int
    """Number of rows."""
    bytes: int
    """Size of the file. [byte]"""
    sha256: str
    """Hash of the file."""


@dataclass(frozen=True)
class ManifestLine:
    """One finished shard."""

    shard: str
    """Its id; also the stem of its files."""
    tables: dict[str, TableEntry]
    """Its tables by name."""
    meta: dict[str, Any] = field(default_factory=dict)
    """What the writer adds: plain JSON values."""

    def to_json(self) -> dict[str, Any]:
        """Return the line as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> ManifestLine:
        """Return the line that ``to_json`` wrote; ``ValueError`` if ``value`` is something else."""
        try:
            tables = {name: TableEntry(**entry) for name, entry in value["tables"].items()}
            return cls(shard=value["shard"], tables=tables, meta=value["meta"])
        except (TypeError, KeyError, AttributeError) as err:
            raise ValueError(f"not a line of a manifest: {value!r}") from err


def connection() -> duckdb.DuckDBPyConnection:
    """Return this process's DuckDB connection: in memory, one thread, nothing fetched from outside."""
    pid = os.getpid()  # a forked child must not use its parent's
    if pid not in _connections:
        _connections.clear()
        _connections[pid] = duckdb.connect(
            config={
                "threads": 1,
                "temp_directory": "",
                "preserve_insertion_order": True,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
    return _connections[pid]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what a disk says while ``path`` is written into a ``RecordError`` with the place and the remedy."""
    try:
        yield
    except (OSError, duckdb.Error) as err:
        raise RecordError(
            f"{path}: cannot be written ({reason(err)}); every shard finished before is kept: make room there or "
            "choose another folder with --out, then give the same command again to go on"
        ) from err


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_shard(
    folder: Path,
    shard_id: str,
    tables: Mapping[str, Mapping[str, np.ndarray]],
    meta: Mapping[str, Any] | None = None,
) -> ManifestLine:
    """Write all tables of one shard; each file appears whole or not at all, whenever the process dies.

    Parameters
    ----------
    folder : Path
        The record's folder; it exists.
    shard_id : str
        Letters, digits, dot, underscore and hyphen; names the files.
    tables : mapping
        Table name to its columns; columns are one-dimensional, equally long, of numbers, truth values or strings.
        A table without rows keeps its columns.
    meta : mapping, optional
        Plain JSON values for the manifest.

    Returns
    -------
    ManifestLine
        For ``Record.add``; without it the shard does not count as finished.

    Raises
    ------
    ValueError
        If a name or a column is not as above.
    RecordError
        If the files cannot be written, e.g. because the disk is full; leaves no partial file.
    """
    for name in (shard_id, *tables):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a shard or table: use letters, digits, '.', '_' and '-'")
    entries: dict[str, TableEntry] = {}
    waiting: list[tuple[Path, Path]] = []
    try:
        for table, columns in tables.items():
            target = Path(folder) / TABLES / table / f"{shard_id}.parquet"
            temporary = target.with_name(f".{shard_id}.{os.getpid()}.tmp")
            with writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                waiting.append((temporary, target))
                rows = _copy(columns, temporary, what=f"{shard_id}/{table}")
                entries[table] = _seal(temporary, rows)
        while waiting:
            temporary, target = waiting[0]
            with writing(target):
                os.replace(temporary, target)
                sync_folder(target.parent)
            waiting.pop(0)
    finally:
        for temporary, _ in waiting:
            temporary.unlink(missing_ok=True)
    return ManifestLine(shard=shard_id, tables=entries, meta=dict(meta or {}))


def _copy(columns: Mapping[str, np.ndarray], path: Path, *, what: str) -> int:
    if not columns:
        raise ValueError(f"{what} has no columns")
    ready: dict[str, np.ndarray] = {}
    selected: list[str] = []
    n = len(next(iter(columns.values())))
    for name, column in columns.items():
        column = np.asarray(column)
        if column.ndim != 1 or len(column) != n:
            raise ValueError(f"{what}.{name} has shape {column.shape} where ({n},) is wanted")
        quoted = _quote(name)
        if column.dtype.kind in "UO":
            column, quoted = column.astype(object), f"CAST({quoted} AS VARCHAR) AS {quoted}"
            if any(not isinstance(value, str) for value in column):
                raise ValueError(f"{what}.{name} holds something that is neither number nor string")
        elif column.dtype.kind not in "biuf" or column.dtype.itemsize > 8 or column.dtype == np.float16:
            raise ValueError(f"{what}.{name} is {column.dtype}, which a record does not hold")
        ready[name] = np.ascontiguousarray(column)
        selected.append(quoted)
    link = connection()
    link.register("shard", ready)
    try:
        link.execute(
            f"COPY (SELECT {', '.join(selected)} FROM shard) TO {_text(str(path))} "
            "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, USE_TMP_FILE false)"
        )
    finally:
        link.unregister("shard")
    return n


def _seal(path: Path, rows: int) -> TableEntry:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return TableEntry(rows=rows, bytes=path.stat().st_size, sha256=digest)


def is_whole(folder: Path, line: ManifestLine, *, hashes: bool) -> bool:
    """Return whether every file of a shard is there with its size and, if asked, its hash."""
    for table, entry in line.tables.items():
        path = Path(folder) / TABLES / table / f"{line.shard}.parquet"
        try:
            if path.stat().st_size != entry.bytes:
                return False
            if hashes:
                with path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != entry.sha256:
                        return False
        except OSError:
            return False
    return True


def read_files(paths: Sequence[Path], columns: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Read Parquet files of one table, one after the other, row by row.

    Raises
    ------
    RecordError
        If a file cannot be read, lacks a column, or is missing whole-number columns that others have.
    """
    wanted = "*" if columns is None else ", ".join(_quote(name) for name in columns)
    names = [str(path) for path in paths]
    try:
        found = connection().execute(f"SELECT {wanted} FROM read_parquet(?, union_by_name=true)", [names]).fetchnumpy()
    except (OSError, duckdb.Error) as err:
        raise RecordError(
            f"{paths[0].parent}: cannot be read ({str(err).splitlines()[0]}); give the command that made the record "
            "again: damaged shards are noticed and redone"
        ) from err
    return {name: _plain(column, f"{paths[0].parent}: {name}") for name, column in found.items()}


def query_files(tables: Mapping[str, Sequence[Path]], sql: str) -> dict[str, np.ndarray]:
    """Answer an SQL question over tables given as Parquet files; see ``Record.query``."""
    link = connection()
    try:
        for table, paths in tables.items():
            files = ", ".join(_text(str(path)) for path in paths)
            link.execute(
                f"CREATE OR REPLACE TEMP VIEW {_quote(table)} AS "
                f"SELECT * FROM read_parquet([{files}], union_by_name=true)"
            )
        found = link.execute(sql).fetchnumpy()
    except (OSError, duckdb.Error) as err:
        raise RecordError(f"the record cannot answer: {err}") from err
    finally:
        for table in tables:
            link.execute(f"DROP VIEW IF EXISTS {_quote(table)}")
    return {name: _plain(column, name) for name, column in found.items()}


def _plain(column: Any, what: str) -> np.ndarray:
    if isinstance(column, np.ma.MaskedArray):
        if column.dtype.kind == "f":
            return column.filled(np.nan)
        if column.dtype.kind != "O":
            raise RecordError(f"{what}: some shards lack this column; read it shard by shard")
        column = column.filled("")
    return column.astype(str) if column.dtype.kind == "O" else np.asarray(column)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
