"""Writing the page: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from watchfloor.base.errors import RecordError


def write(path: Path, text: str) -> Path:
    """Write ``text`` to ``path`` in one rename and return ``path``.

    Raises
    ------
    RecordError
        If it cannot be written; nothing is left half-written.
    """
    path.parent.mkdir(parents=True, exist_ok=True) if not path.parent.exists() else None
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    except OSError as err:
        raise RecordError(
            f"{path}: cannot be written ({err.strerror}); make room there, or name another file with --out"
        ) from err
    finally:
        temporary.unlink(missing_ok=True)
    return path
