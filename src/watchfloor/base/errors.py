"""What can go wrong, as one tree.

::

    WatchfloorError
      UserError            the user can mend it: exit 2
        ScenarioError      a scenario file, with every mistake in it and its place
        DataError          a table of flights, plots or tracks, with file and row
        RecordError        a record folder that cannot be written, read or resumed
      NumericsError        a computation left its domain; names the row

A caller's mistake in Python is a plain ``ValueError``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass


class WatchfloorError(Exception):
    """Root of everything this package raises on purpose."""


class UserError(WatchfloorError):
    """A mistake the user can mend; the command line prints it and exits with 2."""


@dataclass(frozen=True)
class Mistake:
    """One mistake in a scenario file and where it stands; line 0 means the file as a whole."""

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return ``file:line:column: key: what was wanted (what came)``, or ``file: ...`` for the file as a whole."""
        if self.line == 0:
            return f"{self.file}: {self.message}"
        return f"{self.file}:{self.line}:{self.column}: {self.key}: {self.message}"


class ScenarioError(UserError):
    """One or more mistakes in a scenario file; all that one pass can find."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[Sequence[Mistake]]]:
        """Pickle the mistakes, not the message: a worker process may raise this."""
        return type(self), (self.mistakes,)


class DataError(UserError):
    """A table (flights, plots, tracks) that cannot be read; the message names file, row and remedy."""


class RecordError(UserError):
    """A record folder that cannot be written, read or resumed; the message names the place and the remedy."""


class NumericsError(WatchfloorError):
    """A computation left its domain; the message names the row."""


def reason(err: Exception) -> str:
    """Return in a few words why the system refused a file: its own words for the error's number, where there is one.

    Libraries wrap the number in text of their own (DuckDB in JSON); what is left otherwise is their first line.
    """
    number = err.errno if isinstance(err, OSError) else None
    wrapped = re.search(r'"errno":\s*"?(\d+)', str(err))
    if number is None and wrapped:
        number = int(wrapped[1])
    if number:
        return os.strerror(number)
    lines = str(err).splitlines()
    return lines[0] if lines else type(err).__name__
