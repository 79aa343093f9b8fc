from __future__ import annotations

import errno
import os

import pytest

from watchfloor.base import errors
from watchfloor.base.errors import Mistake, ScenarioError, reason


def test_a_mistake_reads_file_line_column_key_message():
    mistake = Mistake("a.yaml", 3, 7, "sensors.ew.mast_m", "wanted a number (came 'x')")
    assert str(mistake) == "a.yaml:3:7: sensors.ew.mast_m: wanted a number (came 'x')"


def test_a_mistake_of_the_whole_file_has_no_line():
    assert (
        str(Mistake("a.yaml", 0, 0, "file", "wanted a file (there is none)")) == "a.yaml: wanted a file (there is none)"
    )


def test_a_scenario_error_tells_every_mistake():
    mistakes = [Mistake("a.yaml", n, 1, "k", "m") for n in (1, 2, 3)]
    err = ScenarioError(mistakes)
    assert err.mistakes == tuple(mistakes)
    assert str(err).splitlines() == [str(m) for m in mistakes]


@pytest.mark.parametrize("name", ["ScenarioError", "DataError", "RecordError"])
def test_what_a_user_can_mend_is_a_user_error(name):
    assert issubclass(getattr(errors, name), errors.UserError)


def test_a_numerical_failure_is_no_user_error():
    assert not issubclass(errors.NumericsError, errors.UserError)
    assert issubclass(errors.NumericsError, errors.WatchfloorError)


def test_the_docstring_shows_the_whole_tree():
    names = [n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, errors.WatchfloorError)]
    assert all(name in (errors.__doc__ or "") for name in names)


def test_a_reason_is_the_systems_own_words():
    assert reason(OSError(errno.ENOSPC, "whatever")) == os.strerror(errno.ENOSPC)
    wrapped = 'IO Error: Async write failed: {"exception_type":"IO","exception_message":"...","errno":"28"}'
    assert reason(RuntimeError(wrapped)) == os.strerror(28)
    assert reason(RuntimeError("first\nsecond")) == "first"
    assert reason(RuntimeError()) == "RuntimeError"
