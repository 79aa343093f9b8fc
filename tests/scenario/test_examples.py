from __future__ import annotations

import runpy

from tests.scenario.test_load import EXAMPLES


def test_the_sample_flights_are_what_their_script_makes():
    made = runpy.run_path(str(EXAMPLES / "make_sample_flights.py"))["text"]()
    lines, shipped = made.splitlines(), (EXAMPLES / "sample-flights.csv").read_text("utf-8").splitlines()
    assert len(lines) == len(shipped) > 1000
    assert lines[0] == shipped[0]
    for a, b in zip(lines[1:], shipped[1:], strict=True):  # another libm may round the last digit otherwise
        (who, *numbers), (who_b, *numbers_b) = a.split(","), b.split(",")
        assert who == who_b
        assert all(abs(float(x) - float(y)) < 0.11 for x, y in zip(numbers, numbers_b, strict=True))


def test_the_sample_flights_are_over_the_example_radar():
    rows = [line.split(",") for line in (EXAMPLES / "sample-flights.csv").read_text("utf-8").splitlines()[1:]]
    assert all(abs(float(r[2]) - 49.005) < 2.5 for r in rows)
    assert all(abs(float(r[3]) - 2.55) < 4.0 for r in rows)
    assert len({r[0] for r in rows}) == 12
