from pathlib import Path

import numpy as np
import pytest

from watchfloor import __version__
from watchfloor.base.errors import RecordError
from watchfloor.record import Buffer, Header, Record, write_shard
from watchfloor.scenario.load import load, with_priors
from watchfloor.study.differ import differ
from watchfloor.study.tables import Exposure

SMALL = Path(__file__).with_name("small.yaml")
PRIORS = "watchfloor: 1\nname: ours\npriors:\n  types.lo-fighter.cell_sigma_db.p90: 8\n"


def made(folder, nats, *, priors=None, seed=7, kind="study"):
    """Write a record of a study whose nats are given by option, one a replicate."""
    loaded = load(SMALL)
    with Record.begin(folder, Header(kind, loaded.scenario.name, loaded.digest, seed, __version__)) as record:
        for option, values in nats.items():
            for replicate, value in enumerate(values):
                row = np.array([float(value)])
                buffer, one = Buffer(), np.array([1])
                table = Exposure(hours=0.0 * row, n_sorties=one, nats=row, n_received=one, nats_received=row)
                buffer.add("exposure", table, option=option, replicate=replicate)
                record.add(write_shard(folder, f"{option}.{replicate:05d}", buffer.tables()))
        record.attach("scenario.yaml", SMALL.read_bytes())
        if priors is not None:
            record.attach("priors.yaml", priors.encode())
        record.finish()
    return folder


@pytest.fixture(scope="module")
def options():
    return list(load(SMALL).options)[:2]


def test_paired_differences_are_taken_replicate_by_replicate(tmp_path, options):
    first, second = options
    a = made(tmp_path / "a", {first: [10, 20, 30], second: [1, 2, 3]})
    b = made(tmp_path / "b", {first: [11, 21, 31], second: [50, 60, 70]}, priors=PRIORS)
    found = differ(a, b)
    rows = {(o.option, o.measure.name): o for o in found.outcomes}
    row = rows[first, "exposure.nats"]
    assert row.difference is not None
    assert (row.difference.mean, row.difference.mean_low, row.difference.mean_high) == pytest.approx((1.0, 1.0, 1.0))
    assert row.differs
    assert (row.a.p50, row.b.p50) == (20.0, 21.0)
    assert (found.a, found.b, found.n_paired) == ("public", "ours", 3)


def test_only_the_numbers_that_differ_are_named(tmp_path, options):
    values = {options[0]: [1, 2]}
    found = differ(made(tmp_path / "a", values), made(tmp_path / "b", values, priors=PRIORS))
    assert [n.parameter for n in found.numbers] == ["types.lo-fighter.cell_sigma_db"]
    number = found.numbers[0]
    assert number.a is not None
    assert number.b is not None
    assert (number.a[2], number.b[2]) == pytest.approx((6.0, 8.0))
    assert all(not row.differs for row in found.outcomes)


def test_other_orders_of_the_options_are_told(tmp_path, options):
    first, second = options
    a = made(tmp_path / "a", {first: [2, 2], second: [1, 1]})
    b = made(tmp_path / "b", {first: [2, 2], second: [3, 3]}, priors=PRIORS)
    assert ("exposure.nats", (first, second), (second, first)) in differ(a, b).ranking


def test_another_seed_is_not_paired(tmp_path, options):
    values = {options[0]: [1, 2]}
    found = differ(made(tmp_path / "a", values), made(tmp_path / "b", values, seed=8))
    assert found.n_paired == 0
    assert all(row.difference is None and row.differs is None for row in found.outcomes)


def test_records_of_something_else_and_without_common_options_are_refused(tmp_path, options):
    a = made(tmp_path / "a", {options[0]: [1]})
    with pytest.raises(RecordError, match="record of a run"):
        differ(a, made(tmp_path / "b", {options[0]: [1]}, kind="run"))
    with pytest.raises(RecordError):
        differ(a, tmp_path / "nothing")


def test_the_records_own_priors_are_read_back(tmp_path, options):
    folder = made(tmp_path / "a", {options[0]: [1]}, priors=PRIORS)
    assert with_priors(load(folder / "scenario.yaml"), folder / "priors.yaml").scenario.priors
