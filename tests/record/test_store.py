from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from watchfloor.base.errors import RecordError
from watchfloor.base.picture import Identities, Plots
from watchfloor.record import Buffer, Header, Record, read_table, store, write_shard

HEADER = Header(kind="run", scenario="test", digest="d", seed=1, version="0")


def columns(n: int = 5) -> dict[str, np.ndarray]:
    wide = np.arange(2.0 * n).reshape(n, 2)
    return {
        "t_s": wide[:, 1],  # strided, as Columns.flat gives it
        "level": np.where(np.arange(n) % 2 == 0, np.nan, -np.inf),
        "count": np.arange(n),
        "small": np.arange(n, dtype=np.int32),
        "half": np.linspace(0, 1, n, dtype=np.float32),
        "on": np.arange(n) % 2 == 1,
        "name": np.array([f"naïve 'n' {i}" for i in range(n)], dtype=np.str_),
    }


def check_same(found, wanted):
    assert list(found) == list(wanted)
    for name, column in wanted.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)
        assert found[name].dtype.kind == column.dtype.kind


def finished(folder, shards):
    with Record.create(folder, HEADER) as record:
        for shard, tables in shards.items():
            record.add(write_shard(folder, shard, tables))
        record.finish()
    return folder


def test_a_table_comes_back_as_it_went(tmp_path):
    folder = finished(tmp_path / "it's [1] * out", {"a": {"plots": columns()}})
    check_same(read_table(folder, "plots"), columns())


@given(
    whole=nps.arrays(np.int64, 7, elements=st.integers(-(2**63), 2**63 - 1)),
    real=nps.arrays(np.float64, 7, elements=st.floats(allow_nan=True, allow_infinity=True)),
    text=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=7, max_size=7),
)
def test_every_number_and_string_survives(tmp_path_factory, whole, real, text):
    wanted = {"whole": whole, "real": real, "text": np.array(text, dtype=object)}
    path = tmp_path_factory.mktemp("one") / "x.parquet"
    store._copy(wanted, path, what="x")
    found = store.read_files([path])
    np.testing.assert_array_equal(found["whole"], whole)
    np.testing.assert_array_equal(found["real"], real)
    assert np.array_equal(np.signbit(found["real"]), np.signbit(real) & ~np.isnan(real))
    assert list(found["text"]) == [str(np.str_(word)) for word in text]


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    nothing = {name: column[:0] for name, column in columns().items()}
    check_same(read_table(finished(tmp_path / "r", {"a": {"plots": nothing}}), "plots"), nothing)


def test_the_same_columns_give_the_same_bytes(tmp_path):
    one, two = (write_shard(tmp_path / name, "a", {"plots": columns(1000)}) for name in ("one", "two"))
    assert one == two
    files = [(tmp_path / name / "tables" / "plots" / "a.parquet").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]


def test_shards_come_in_the_order_of_the_manifest_and_rows_as_written(tmp_path):
    rng = np.random.default_rng(5)
    parts = {f"s{i:02d}": rng.normal(size=200_000 if i == 3 else 7) for i in range(12)}
    folder = finished(tmp_path / "r", {s: {"t": {"x": parts[s]}} for s in rng.permutation(list(parts))})
    np.testing.assert_array_equal(read_table(folder, "t")["x"], np.concatenate([parts[s] for s in sorted(parts)]))
    some = read_table(folder, "t", shards=["s09", "s01"], columns=["x"])["x"]
    np.testing.assert_array_equal(some, np.concatenate([parts["s09"], parts["s01"]]))


def test_a_column_that_some_shards_lack_is_nan_there(tmp_path):
    folder = finished(
        tmp_path / "r",
        {"a": {"t": {"x": np.ones(1)}}, "b": {"t": {"x": np.ones(1), "y": np.ones(1), "n": np.ones(1, int)}}},
    )
    np.testing.assert_array_equal(read_table(folder, "t", columns=["y"])["y"], [np.nan, 1.0])
    with pytest.raises(RecordError, match="some shards lack this column"):
        read_table(folder, "t", columns=["n"])


def test_a_question_in_sql_is_answered(tmp_path):
    folder = finished(tmp_path / "r", {s: {"t": {"x": np.arange(3.0), "s": np.full(3, s)}} for s in "ab"})
    answer = Record.open(folder).query("SELECT s, sum(x) AS total FROM t GROUP BY s ORDER BY s")
    check_same(answer, {"s": np.array(["a", "b"]), "total": np.array([3.0, 3.0])})
    with pytest.raises(RecordError, match="nowhere"):
        Record.open(folder).query("SELECT * FROM nowhere")


def test_a_wrong_table_or_shard_gets_the_nearest_name(tmp_path):
    folder = finished(tmp_path / "r", {"a1": {"plots": columns()}})
    with pytest.raises(RecordError, match="no table 'plot'; did you mean 'plots'"):
        read_table(folder, "plot")
    with pytest.raises(RecordError, match="no shard 'a2'; did you mean 'a1'"):
        read_table(folder, "plots", shards=["a2"])


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"x": np.ones((2, 2))}, r"shape \(2, 2\)"),
        ({"x": np.ones(2), "y": np.ones(3)}, r"a/t.y has shape \(3,\)"),
        ({"x": np.ones(2, complex)}, "complex128, which a record does not hold"),
        ({"x": np.array([1, "b"], dtype=object)}, "neither number nor string"),
        ({}, "no columns"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, bad, said):
    with pytest.raises(ValueError, match=said):
        write_shard(tmp_path, "a", {"t": bad})
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="cannot name a shard or table"):
        write_shard(tmp_path, name, {"t": columns()})
    with pytest.raises(ValueError, match="cannot name a shard or table"):
        write_shard(tmp_path, "a", {name: columns()})


def test_a_full_disk_is_said_and_leaves_no_partial_file(tmp_path, monkeypatch):
    write_shard(tmp_path, "kept", {"t": columns()})
    real = os.fsync

    def full(handle):
        if ".b." in os.readlink(f"/proc/self/fd/{handle}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match=r"t/b.parquet: cannot be written \(No space left on device\).*make room"):
        write_shard(tmp_path, "b", {"t": columns()})
    assert [p.name for p in (tmp_path / "tables" / "t").iterdir()] == ["kept.parquet"]


def test_a_write_that_really_fails_halfway_is_said_too(tmp_path):
    """The system itself stops the file at 20 kB: what DuckDB says then must reach the user, too."""
    code = (
        "import resource, sys, numpy as np\n"
        "from watchfloor.record import write_shard\n"
        "from watchfloor.base.errors import RecordError\n"
        f"write_shard({str(tmp_path)!r}, 'a', {{'t': {{'x': np.ones(3)}}}})\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n"
        f"    write_shard({str(tmp_path)!r}, 'b', {{'t': {{'x': np.random.default_rng(1).normal(size=10**5)}}}})\n"
        "except RecordError as err:\n"
        "    sys.exit(str(err))\n"
    )
    assert resource.RLIMIT_FSIZE is not None
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 1
    assert "t/b.parquet: cannot be written (" in done.stderr
    assert "every shard finished before is kept" in done.stderr
    assert [p.name for p in (tmp_path / "tables" / "t").iterdir()] == ["a.parquet"]


def test_a_buffer_stacks_pieces_under_their_keys():
    buffer = Buffer()
    for sortie, n in enumerate((2, 0, 1)):
        piece = Identities(track=np.arange(n), t_s=np.full(n, 9.0), probability=np.full((n, 2), 0.5))
        buffer.add("identities", piece, sortie=sortie, option="open")
    buffer.add("plots", Plots.empty(), sortie=0)
    found = buffer.tables()
    check_same(
        found["identities"],
        {
            "sortie": np.array([0, 0, 2]),
            "option": np.full(3, "open"),
            "track": np.array([0, 1, 0]),
            "t_s": np.full(3, 9.0),
            "probability_0": np.full(3, 0.5),
            "probability_1": np.full(3, 0.5),
        },
    )
    assert len(found["plots"]["cov_15"]) == 0
    with pytest.raises(ValueError, match="identities has had keys"):
        buffer.add("identities", Identities.empty(1), sortie=1)
