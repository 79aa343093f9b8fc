"""Tables in CSV and Parquet: which columns a file has, what they hold, and where it is wrong."""

from __future__ import annotations

import csv
import gzip
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np

from watchfloor.base.errors import DataError, reason
from watchfloor.base.registry import nearest

_SUFFIXES = ".csv, .csv.gz or .parquet"


@dataclass(frozen=True)
class Column:
    """A column that a reader understands.

    Attributes
    ----------
    name : str
        What the reader calls it.
    aliases : mapping
        Headings by which files call it (lower case), each with the factor to our unit.
    kind : {"number", "time", "text"}
        ``time`` is seconds, or a date and time (taken as UTC where it does not say).
    required : bool
        Whether a file without it is refused.
    low, high : float
        Bounds of a sound value, in our unit.
    what : str
        What it is, for messages.
    """

    name: str
    aliases: Mapping[str, float]
    what: str
    kind: Literal["number", "time", "text"] = "number"
    required: bool = False
    low: float = -np.inf
    high: float = np.inf
    unitless: Sequence[str] = field(default=())
    """Headings that lack the unit one would need to know."""


def read_columns(path: Path, wanted: Sequence[Column]) -> dict[str, np.ndarray]:
    """Read the wanted columns that the file has.

    Parameters
    ----------
    path : Path
        CSV (first line: headings; comma, semicolon or tab; ``.gz`` too) or Parquet.
    wanted : sequence of Column
        What to look for. Other columns of the file are passed over.

    Returns
    -------
    dict
        Name to values in file order: float64, NaN where the cell is empty; strings for text, "" where it is empty.
        Columns that are not in the file and not required are left out.

    Raises
    ------
    DataError
        If the file is missing, empty, cut short or no table, a required column is missing, or a cell cannot be
        right; the message names file, row and remedy.
    """
    path = Path(path)
    source, heading_lines = _source(path)
    with _connect() as link:
        try:
            described = link.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            found = _match(path, wanted, [row[0] for row in described])
            if not found:
                raise DataError(f"{path}: none of its columns is known here")
            types = {row[0]: str(row[1]) for row in described}
            asked = [
                f"{expression} AS {_quote(f'{part}:{column.name}')}"
                for column, heading in found
                for part, expression in _expressions(column, heading, types[heading])
            ]
            raw = link.execute(f"SELECT {', '.join(asked)} FROM {source}").fetchnumpy()
            out = {}
            for column, heading in found:
                wrong = raw[f"wrong:{column.name}"]
                if column.kind == "text":
                    out[column.name] = _filled(raw[f"value:{column.name}"], "").astype(str)
                    continue
                values = _filled(raw[f"value:{column.name}"], np.nan) * column.aliases[heading.lower()]
                with np.errstate(invalid="ignore"):
                    bad = _filled(wrong, False) | (values < column.low) | (values > column.high) | np.isinf(values)
                if bad.any():
                    row = int(np.argmax(bad))
                    cell = link.execute(
                        f"SELECT CAST({_quote(heading)} AS VARCHAR) FROM {source} LIMIT 1 OFFSET {row}"
                    ).fetchone()
                    raise DataError(_complain(path, row, heading_lines, column, heading, cell[0] if cell else "?"))
                out[column.name] = values
        except duckdb.Error as err:
            raise DataError(_explain(path, err)) from err
    if len(next(iter(out.values()))) == 0:
        raise DataError(f"{path}: has headings but no rows")
    return out


def headings(path: Path) -> tuple[str, ...]:
    """Return a file's column headings; errors as in ``read_columns``."""
    source, _ = _source(Path(path))
    with _connect() as link:
        try:
            return tuple(str(row[0]) for row in link.execute(f"DESCRIBE SELECT * FROM {source}").fetchall())
        except duckdb.Error as err:
            raise DataError(_explain(path, err)) from err


def write_columns(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns as CSV or Parquet, by the suffix of ``path``; the file appears whole or not at all.

    Raises
    ------
    DataError
        If the suffix is another, or the file cannot be written.
    """
    path = Path(path)
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        how = "FORMAT csv, HEADER" + (", COMPRESSION gzip" if name.endswith(".gz") else "")
    elif name.endswith(".parquet"):
        how = "FORMAT parquet, COMPRESSION zstd"
    else:
        raise DataError(f"{path}: cannot tell the format from the name; end it in {_SUFFIXES}")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    ready = {key: np.ascontiguousarray(value) for key, value in columns.items()}
    asked = ", ".join(
        f"CAST({_quote(key)} AS VARCHAR) AS {_quote(key)}" if value.dtype.kind == "U" else _quote(key)
        for key, value in ready.items()
    )
    ready = {key: value.astype(object) if value.dtype.kind == "U" else value for key, value in ready.items()}
    try:
        with _connect() as link:
            link.register("columns_", ready)
            link.execute(f"COPY (SELECT {asked} FROM columns_) TO {_text(temporary)} ({how}, USE_TMP_FILE false)")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, duckdb.Error) as err:
        raise DataError(f"{path}: cannot be written: {reason(err)}; is the folder there, and has it room?") from err
    finally:
        temporary.unlink(missing_ok=True)


def _connect() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        config={
            "threads": 1,
            "temp_directory": "",
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def _source(path: Path) -> tuple[str, int]:
    """Return the SQL that reads the file, and how many lines stand before its first row (0: rows are not lines)."""
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name a file ({_SUFFIXES})")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            file.seek(0, os.SEEK_END)
            size = file.tell()
            file.seek(max(0, size - 4))
            tail = file.read(4)
    except FileNotFoundError as err:
        beside = path.parent.iterdir() if path.parent.is_dir() else ()
        raise DataError(
            f"{path}: there is no such file{nearest(path.name, (p.name for p in beside if p.is_file()))}"
        ) from err
    except OSError as err:
        raise DataError(f"{path}: cannot be read: {err.strerror}") from err
    if not head:
        raise DataError(f"{path}: is empty; wanted a table ({_SUFFIXES})")
    if head.startswith(b"PAR1"):
        if tail != b"PAR1" or size < 12:
            raise DataError(f"{path}: is a Parquet file cut short (its end is missing); copy or export it again")
        return f"read_parquet({_text(path)})", 0
    if path.name.lower().endswith((".parquet", ".pq")):
        raise DataError(f"{path}: is called Parquet but is none; export it again")
    zipped = head.startswith(b"\x1f\x8b")
    if not zipped and b"\0" in head:
        raise DataError(f"{path}: is neither CSV nor Parquet; wanted a table ({_SUFFIXES})")
    first = head if not zipped else _unzipped(path)
    line = first.decode("utf-8", errors="replace").splitlines()[0]
    comma = max(",;\t|", key=line.count)
    packing = "gzip" if zipped else "none"
    # every cell as text: what it should be, and which row it stands in, is for us to say
    return (
        f"read_csv({_text(path)}, header=true, all_varchar=true, auto_detect=false, delim='{comma}', quote='\"', "
        f"escape='\"', compression='{packing}', columns={_struct(path, line, comma)})",
        1,
    )


def _struct(path: Path, line: str, comma: str) -> str:
    names = [name.strip() for name in next(csv.reader([line.removeprefix("\ufeff")], delimiter=comma))]
    if twice := sorted({name for name in names if names.count(name) > 1 or not name}):
        raise DataError(f"{path}:1: heading {twice[0]!r} occurs twice or is empty; name each column once")
    return "{" + ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'" for name in names) + "}"


def _unzipped(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") as file:
            head = file.read(4096)
    except (OSError, EOFError, zlib.error) as err:
        raise DataError(f"{path}: is a gzip file that is cut short or spoilt; copy it again") from err
    if not head:
        raise DataError(f"{path}: is empty; wanted a table ({_SUFFIXES})")
    return head


def _match(path: Path, wanted: Sequence[Column], headings: Sequence[str]) -> list[tuple[Column, str]]:
    by_lower: dict[str, str] = {}
    for heading in headings:
        by_lower.setdefault(heading.strip().lower(), heading)
    found, missing = [], []
    for column in wanted:
        alias = next((alias for alias in column.aliases if alias in by_lower), None)
        if alias is not None:
            found.append((column, by_lower[alias]))
        elif bare := [name for name in column.unitless if name in by_lower]:
            raise DataError(
                f"{path}: column {by_lower[bare[0]]!r} does not say its unit; rename it to one of "
                f"{', '.join(column.aliases)}"
            )
        elif column.required:
            missing.append(column)
    if missing:
        lines = []
        for column in missing:
            near = next((hint for alias in column.aliases if (hint := nearest(alias, by_lower))), "")
            lines.append(f"{path}: no column with the {column.what}: wanted one of {', '.join(column.aliases)}{near}")
        raise DataError("\n".join((*lines, f"{path}: its columns are {', '.join(headings)}")))
    return found


def _expressions(column: Column, heading: str, type_: str) -> list[tuple[str, str]]:
    """Return SQL for the value, and for whether the cell holds something that is no such value."""
    cell = _quote(heading)
    if column.kind == "text":
        return [("value", f"CAST({cell} AS VARCHAR)"), ("wrong", "false")]
    if type_ == "VARCHAR":
        cell = f"nullif(trim({cell}), '')"
        value = f"TRY_CAST({cell} AS DOUBLE)"
        if column.kind == "time":
            zoned = f"regexp_matches({cell}, ':.*[+-][0-9][0-9](:?[0-9][0-9])?$')"  # TIMESTAMP would drop the zone
            dates = [f"epoch(TRY_CAST({cell} AS {zone}))" for zone in ("TIMESTAMPTZ", "TIMESTAMP")]
            value = f"coalesce({value}, CASE WHEN {zoned} THEN {dates[0]} ELSE {dates[1]} END)"
    elif type_.startswith(("TIMESTAMP", "DATE")) and column.kind == "time":
        value = f"epoch({cell})"
    else:
        value = f"TRY_CAST({cell} AS DOUBLE)"
    return [("value", value), ("wrong", f"({cell} IS NOT NULL AND ({value} IS NULL OR isnan({value})))")]


def _complain(path: Path, row: int, heading_lines: int, column: Column, heading: str, cell: str) -> str:
    place = f"{path}:{row + 1 + heading_lines}" if heading_lines else f"{path}: row {row + 1}"
    bounded = np.isfinite(column.low) or np.isfinite(column.high)
    # bounds stand in our unit; a file's own unit differs by the alias's factor
    factor = column.aliases[heading.lower()]
    low, high = (f"{bound / factor:.10g}" for bound in (column.low, column.high))
    wanted = f"a number from {low} to {high}" if bounded else "a finite number"
    if column.kind == "time":
        wanted = "seconds, or a date and time"
    return f"{place}: {heading}: wanted {wanted} for the {column.what}, or an empty cell if unknown (came {cell!r})"


def _filled(column: np.ndarray, empty: Any) -> np.ndarray:
    return column.filled(empty) if isinstance(column, np.ma.MaskedArray) else np.asarray(column)


def _explain(path: Path, err: duckdb.Error) -> str:
    text = str(err)
    line = re.search(r"CSV Error on Line: (\d+)", text)
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if line and cells:
        return f"{path}:{line[1]}: wanted {cells[1]} cells as in the headings (came {cells[2]})"
    if line and "unterminated quote" in text:
        return f'{path}:{line[1]}: a quote (") is opened but never closed'
    place = f"{path}:{line[1]}" if line else str(path)
    return f"{place}: cannot be read as a table; export it again ({_first_line(err)})"


def _first_line(err: Exception) -> str:
    return err.strerror or str(err) if isinstance(err, OSError) else str(err).strip().splitlines()[0]


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"
