"""What a record is of, which shards are whole, and how to go on with one that was cut off.

``manifest.jsonl`` starts with a header; then one line a shard, appended and synced after the shard's files are in
place; a finished record ends with ``{"finished": n}``, its lines sorted by shard. The manifest holds no clock, host or
path: the same scenario, seed and version give the same folder, byte for byte, whatever was killed on the way.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any, Self

import numpy as np

from watchfloor.base.errors import RecordError
from watchfloor.base.registry import nearest
from watchfloor.record.store import TABLES, ManifestLine, is_whole, query_files, read_files, sync_folder, writing

FORMAT = 1
"""Version of the folder's layout."""
_MANIFEST, _LOCK = "manifest.jsonl", ".lock"
_TOOLS = ("duckdb", "numba", "numpy", "scipy")


def _versions() -> dict[str, str]:
    found = {"python": python_version()}
    for name in _TOOLS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "?"
    return found


@dataclass(frozen=True)
class Header:
    """What a record is of; two records with the same header and shards are the same bytes."""

    kind: str
    """``run`` or ``study``."""
    scenario: str
    """Name of the scenario."""
    digest: str
    """Digest of the scenario as it was played."""
    seed: int
    """Seed of every random stream."""
    version: str
    """Version of this package."""
    tools: dict[str, str] = field(default_factory=_versions)
    """Versions of Python and of the packages that compute; other ones may change the last digits."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What else must agree before a record is resumed: plain JSON values."""

    def to_json(self) -> dict[str, Any]:
        """Return the header as plain values."""
        return {"watchfloor_record": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Return the header that ``to_json`` wrote; ``ValueError`` if ``value`` is something else."""
        if not isinstance(value, dict) or value.get("watchfloor_record") != FORMAT:
            raise ValueError("not the header of a record of this format")
        try:
            return cls(**{name: item for name, item in value.items() if name != "watchfloor_record"})
        except TypeError as err:
            raise ValueError("not the header of a record of this format") from err

    def differences(self, other: Header) -> list[str]:
        """Return what differs, in words: ``seed 1 (here 2)``."""
        mine, theirs = _spread(self.to_json()), _spread(other.to_json())
        names = [*mine, *(name for name in theirs if name not in mine)]
        return [
            f"{name} {_short(mine.get(name))} (here {_short(theirs.get(name))})"
            for name in names
            if mine.get(name) != theirs.get(name)
        ]


def _spread(value: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, item in value.items():
        out.update({f"{name}.{key}": sub for key, sub in item.items()} if isinstance(item, dict) else {name: item})
    return out


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else text[:12] + "..."


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


class Record:
    """A record folder. ``begin`` (or ``create``, ``resume``) to write, ``open`` to read.

    A writer holds the folder's lock until ``close``; use it in a ``with`` statement.

    Attributes
    ----------
    folder : Path
        Where it is.
    header : Header
        What it is of.
    lines : dict
        Finished shards: id to ``ManifestLine``, in the manifest's order.
    finished : bool
        Whether ``finish`` was reached.
    damaged : tuple of str
        Shards that ``resume`` found missing, truncated or changed, and dropped: they are to be redone.
    """

    def __init__(self, folder: Path, header: Header, lines: Sequence[ManifestLine], *, finished: bool) -> None:
        self.folder = Path(folder)
        self.header = header
        self.lines = {line.shard: line for line in lines}
        self.finished = finished
        self.damaged: tuple[str, ...] = ()
        self._lock: int | None = None

    # ---- ways in

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a record for reading.

        Raises
        ------
        RecordError
            If ``folder`` is not a record, or a shard's file is missing or not as long as it should be.
        """
        header, lines, finished, _ = _read(Path(folder))
        for line in lines:
            if not is_whole(folder, line, hashes=False):
                raise RecordError(
                    f"{folder}: shard {line.shard} is missing or truncated; give the command that made the record "
                    "again: it redoes that shard and keeps the others"
                )
        return cls(folder, header, lines, finished=finished)

    @classmethod
    def begin(cls, folder: Path, header: Header, *, fresh: bool = False) -> Self:
        """Create the record or, if one of the same header is there, go on with it; ``fresh`` starts anew."""
        if not fresh and (Path(folder) / _MANIFEST).exists():
            return cls.resume(folder, header)
        return cls.create(folder, header, fresh=fresh)

    @classmethod
    def create(cls, folder: Path, header: Header, *, fresh: bool = False) -> Self:
        """Create a record in a new or empty folder; ``fresh`` removes an older record there (and nothing else).

        Raises
        ------
        RecordError
            If the folder holds something else, is being written by another process, or cannot be written.
        """
        folder = Path(folder)
        with writing(folder):
            if folder.exists() and not folder.is_dir():
                raise RecordError(f"{folder}: is a file; name a folder with --out")
            folder.mkdir(parents=True, exist_ok=True)
        old = (folder / _MANIFEST).exists()
        if old and not fresh:
            raise RecordError(f"{folder}: there is a record already; resume it, use --fresh, or --out elsewhere")
        others = sorted(p.name for p in folder.iterdir() if not p.name.startswith((_LOCK, f".{_MANIFEST}.")))
        if others and not old:
            raise RecordError(f"{folder}: holds {others[0]!r} but no record; name a new or empty folder with --out")
        lock = _take_lock(folder)
        record = cls(folder, header, (), finished=False)
        record._lock = lock
        try:
            with writing(folder):
                record._sweep()  # of an older record, everything
                record._rewrite()
        except BaseException:
            record.close()
            raise
        return record

    @classmethod
    def resume(cls, folder: Path, header: Header) -> Self:
        """Go on with a record that was cut off (or add to a finished one).

        Every shard's files are checked against their hashes: what is missing, truncated or changed is dropped and
        listed in ``damaged``; half-written files are removed.

        Raises
        ------
        RecordError
            If the folder is no record, is one of another scenario, seed or version (the message says what differs),
            or is being written by another process.
        """
        folder = Path(folder)
        lock = _take_lock(folder) if folder.is_dir() else None
        try:
            found, lines, finished, torn = _read(folder)
            differences = found.differences(header)
            if differences:
                raise RecordError(
                    f"{folder}: is a record of something else: {'; '.join(differences)}; "
                    "use --out elsewhere, or --fresh to replace it"
                )
            whole = [line for line in lines if is_whole(folder, line, hashes=True)]
            record = cls(folder, found, whole, finished=finished and len(whole) == len(lines))
            record.damaged = tuple(line.shard for line in lines if line.shard not in record.lines)
            record._lock = lock
            with writing(folder):
                record._sweep()
                if record.damaged or torn:
                    record._rewrite()
        except BaseException:
            _drop_lock(folder, lock)
            raise
        return record

    # ---- writing

    @property
    def done(self) -> frozenset[str]:
        """Ids of the finished shards."""
        return frozenset(self.lines)

    def add(self, line: ManifestLine) -> None:
        """Append a finished shard to the manifest; it is on the disk when this returns.

        Raises
        ------
        RecordError
            If the manifest cannot be written.
        """
        if self.finished:
            self.finished = False
            with writing(self.folder / _MANIFEST):
                self._rewrite()
        text = _dump(line.to_json()).encode()
        with writing(self.folder / _MANIFEST):
            handle = os.open(self.folder / _MANIFEST, os.O_WRONLY | os.O_APPEND)
            try:
                before = os.fstat(handle).st_size
                try:
                    if os.write(handle, text) != len(text):
                        raise OSError("only a part of the line fitted")
                    os.fsync(handle)
                except OSError:
                    os.ftruncate(handle, before)
                    raise
            finally:
                os.close(handle)
        self.lines[line.shard] = line

    def attach(self, name: str, data: bytes) -> None:
        """Put a file such as the scenario beside the manifest; it appears whole or not at all.

        Raises
        ------
        RecordError
            If it cannot be written.
        """
        target, temporary = self.folder / name, self.folder / f".{_MANIFEST}.{name}.{os.getpid()}.tmp"
        with writing(target):
            try:
                with temporary.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def finish(self) -> None:
        """Sort the manifest by shard and mark it finished, in one rename; remove what killed workers left.

        Raises
        ------
        RecordError
            If the manifest cannot be written.
        """
        self.lines = dict(sorted(self.lines.items()))
        self.finished = True
        with writing(self.folder / _MANIFEST):
            self._sweep()
            self._rewrite()

    def close(self) -> None:
        """Give the folder's lock back."""
        _drop_lock(self.folder, self._lock)
        self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rewrite(self) -> None:
        temporary = self.folder / f".{_MANIFEST}.{os.getpid()}.tmp"
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(_dump(self.header.to_json()))
                file.writelines(_dump(line.to_json()) for line in self.lines.values())
                if self.finished:
                    file.write(_dump({"finished": len(self.lines)}))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / _MANIFEST)
            sync_folder(self.folder)
        finally:
            temporary.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a killed writer left: temporary files, and shards that never reached the manifest."""
        for path in self.folder.glob(f".{_MANIFEST}.*.tmp"):
            path.unlink(missing_ok=True)
        kept = {(table, f"{line.shard}.parquet") for line in self.lines.values() for table in line.tables}
        for folder in sorted((self.folder / TABLES).glob("*/")):
            for path in sorted(folder.iterdir()):
                if (folder.name, path.name) not in kept and path.suffix in (".parquet", ".tmp"):
                    path.unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()

    # ---- reading

    @property
    def table_names(self) -> tuple[str, ...]:
        """Names of the tables that any shard has, sorted."""
        return tuple(sorted({table for line in self.lines.values() for table in line.tables}))

    def rows(self, table: str) -> int:
        """Return the number of rows of a table over all shards."""
        return sum(line.tables[table].rows for line in self.lines.values() if table in line.tables)

    def table(
        self, table: str, *, shards: Sequence[str] | None = None, columns: Sequence[str] | None = None
    ) -> dict[str, np.ndarray]:
        """Read a table; see ``read_table``."""
        return read_files(self._paths(table, shards), columns)

    def query(self, sql: str) -> dict[str, np.ndarray]:
        """Answer an SQL question over the tables, each known by its name; give it an ORDER BY.

        Raises
        ------
        RecordError
            If the question or a file cannot be read.
        """
        return query_files({table: self._paths(table, None) for table in self.table_names}, sql)

    def _paths(self, table: str, shards: Sequence[str] | None) -> list[Path]:
        if table not in self.table_names:
            raise RecordError(
                f"{self.folder}: no table {table!r}{nearest(table, self.table_names)} "
                f"(there are: {', '.join(self.table_names) or 'none'})"
            )
        for shard in shards or ():
            if shard not in self.lines:
                raise RecordError(f"{self.folder}: no shard {shard!r}{nearest(shard, self.lines)}")
        lines = self.lines.values() if shards is None else [self.lines[shard] for shard in shards]
        paths = [self.folder / TABLES / table / f"{line.shard}.parquet" for line in lines if table in line.tables]
        if not paths:
            raise RecordError(f"{self.folder}: table {table!r} is in none of the shards {list(shards or ())}")
        return paths


def read_table(
    folder: Path, table: str, shards: Sequence[str] | None = None, columns: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Read one table of a record: shards in the manifest's order, rows as written.

    Parameters
    ----------
    folder : Path
        The record's folder.
    table : str
        Name of the table.
    shards : sequence of str, optional
        Only these shards, in this order.
    columns : sequence of str, optional
        Only these columns, in this order.

    Returns
    -------
    dict
        Column name to array: floats, whole numbers, truth values, or strings.

    Raises
    ------
    RecordError
        If the folder is no record, or has no such table or shard; the message names the nearest.
    """
    return Record.open(folder).table(table, shards=shards, columns=columns)


def _read(folder: Path) -> tuple[Header, list[ManifestLine], bool, bool]:
    """Return header, lines, whether finished, and whether something unreadable was dropped."""
    path = folder / _MANIFEST
    try:
        text = path.read_bytes()
    except OSError as err:
        there = "is not a record (it has no manifest.jsonl)" if folder.is_dir() else "there is no such folder"
        raise RecordError(
            f"{folder}: {there}; name a folder that `watchfloor run --out` or `watchfloor study --out` has left"
        ) from err
    values: list[Any] = []
    torn = False
    for raw in text.splitlines(keepends=True):
        try:
            if not raw.endswith(b"\n"):
                raise ValueError
            values.append(json.loads(raw))
        except ValueError:  # a torn last line, or a line that a failing disk spoilt: its shard is redone
            torn = True
            values.append(None)
    try:
        header = Header.from_json(values[0] if values else None)
    except ValueError as err:
        raise RecordError(
            f"{path}:1: is not a header that this version reads; use --out elsewhere, or --fresh to replace the record"
        ) from err
    lines: dict[str, ManifestLine] = {}
    finished = False
    for value in values[1:]:
        if isinstance(value, dict) and "finished" in value:
            finished = value["finished"] == len(lines)
            continue
        try:
            line = ManifestLine.from_json(value)
        except ValueError:
            torn = True
            continue
        lines[line.shard] = line
    return header, list(lines.values()), finished and not torn, torn


# ---- one writer a folder


def _take_lock(folder: Path) -> int:
    """Lock the folder for this process; the lock of a dead process is free by itself (flock)."""
    path = folder / _LOCK
    while True:
        with writing(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            owner = os.read(handle, 32).decode(errors="replace").strip() or "?"
            os.close(handle)
            raise RecordError(
                f"{folder}: process {owner} is writing this record; wait for it, or use --out elsewhere"
            ) from err
        except OSError as err:
            os.close(handle)
            raise RecordError(f"{folder}: cannot be locked ({err.strerror}); use --out on a local disk") from err
        try:
            same = os.stat(path).st_ino == os.fstat(handle).st_ino
        except FileNotFoundError:  # its owner removed it between our two calls
            same = False
        if same:
            with writing(path):
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            return handle
        os.close(handle)


def _drop_lock(folder: Path, handle: int | None) -> None:
    if handle is not None:
        (folder / _LOCK).unlink(missing_ok=True)
        os.close(handle)
