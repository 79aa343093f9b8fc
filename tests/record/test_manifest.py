from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchfloor.base.errors import RecordError
from watchfloor.record import Header, Record, write_shard

HEADER = Header(kind="study", scenario="test", digest="abc", seed=1, version="0.1", extra={"tick": 2})
SHARDS = ("a", "b", "c", "d")


def shard(folder, name):
    return write_shard(folder, name, {"t": {"x": np.full(4, float(ord(name)))}, "u": {"s": np.array([name])}})


def contents(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def whole(folder, order=SHARDS):
    with Record.begin(folder, HEADER) as record:
        for name in order:
            if name not in record.done:
                record.add(shard(folder, name))
        record.finish()
    return contents(folder)


@pytest.fixture
def wanted(tmp_path):
    return whole(tmp_path / "wanted")


def test_the_order_of_shards_leaves_no_trace(tmp_path, wanted):
    assert whole(tmp_path / "other", "dbca") == wanted
    assert list(wanted) == ["manifest.jsonl", *(f"tables/{t}/{s}.parquet" for t in "tu" for s in SHARDS)]


@settings(max_examples=25)
@given(st.data())
def test_a_manifest_cut_at_any_byte_resumes_to_the_same_folder(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cut") / "r"
    wanted = whole(folder)
    text = (folder / "manifest.jsonl").read_bytes()
    at = data.draw(st.integers(text.index(b"\n") + 1, len(text)))
    (folder / "manifest.jsonl").write_bytes(text[:at])
    assert whole(folder) == wanted


def test_a_shard_that_never_reached_the_manifest_is_redone(tmp_path, wanted):
    folder = tmp_path / "r"
    with Record.create(folder, HEADER) as record:
        record.add(shard(folder, "a"))
        shard(folder, "b")  # killed here
        (folder / "tables" / "t" / ".c.99.tmp").write_bytes(b"PAR1")
        (folder / ".manifest.jsonl.99.tmp").write_bytes(b"{")
    with Record.resume(folder, HEADER) as record:
        assert record.done == {"a"}
        assert sorted(contents(folder)) == [".lock", "manifest.jsonl", "tables/t/a.parquet", "tables/u/a.parquet"]
    assert whole(folder) == wanted


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:50] + b"!" + path.read_bytes()[51:]),
    ],
    ids=["missing", "truncated", "empty", "changed"],
)
def test_a_damaged_shard_is_noticed_named_and_redone(tmp_path, wanted, spoil):
    folder = tmp_path / "r"
    whole(folder)
    spoil(folder / "tables" / "t" / "c.parquet")
    with Record.resume(folder, HEADER) as record:
        assert record.damaged == ("c",)
        assert record.done == {"a", "b", "d"}
        assert not record.finished
    assert whole(folder) == wanted


def test_reading_a_truncated_shard_says_what_to_do(tmp_path):
    folder = tmp_path / "r"
    whole(folder)
    path = folder / "tables" / "t" / "c.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RecordError, match=r"shard c is missing or truncated; give the command .* again"):
        Record.open(folder)


def test_a_line_spoilt_in_the_middle_costs_its_shard_only(tmp_path, wanted):
    folder = tmp_path / "r"
    whole(folder)
    lines = (folder / "manifest.jsonl").read_text().splitlines(keepends=True)
    lines[2] = lines[2][:30] + "\0" + lines[2][31:]
    (folder / "manifest.jsonl").write_text("".join(lines))
    with Record.resume(folder, HEADER) as record:
        assert record.done == {"a", "c", "d"}
    assert whole(folder) == wanted


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(HEADER, seed=2), r"seed 1 \(here 2\)"),
        (replace(HEADER, scenario="else"), r"scenario test \(here else\)"),
        (replace(HEADER, digest="f" * 64), r"digest abc \(here ffffffffffff\.\.\.\)"),
        (replace(HEADER, version="0.2"), r"version 0\.1 \(here 0\.2\)"),
        (replace(HEADER, tools={**HEADER.tools, "numpy": "9"}), r"tools\.numpy .* \(here 9\)"),
        (replace(HEADER, extra={}), r"extra\.tick 2 \(here nothing\)"),
    ],
)
def test_a_record_of_something_else_is_refused_and_kept(tmp_path, other, said):
    folder = tmp_path / "r"
    before = whole(folder)
    with pytest.raises(RecordError, match=said + ".*--out elsewhere, or --fresh"):
        Record.begin(folder, other)
    assert contents(folder) == before
    with Record.begin(folder, other, fresh=True) as record:
        assert record.done == frozenset()
    assert list(contents(folder)) == ["manifest.jsonl"]


def test_fresh_keeps_what_is_not_the_records(tmp_path):
    folder = tmp_path / "r"
    whole(folder)
    (folder / "report.html").write_text("mine")
    (folder / "tables" / "notes.txt").write_text("mine")
    Record.begin(folder, HEADER, fresh=True).close()
    assert list(contents(folder)) == ["manifest.jsonl", "report.html", "tables/notes.txt"]


def test_a_folder_of_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(RecordError, match=r"holds 'thesis.doc' but no record; name a new or empty folder with --out"):
        Record.begin(tmp_path, HEADER, fresh=True)
    with pytest.raises(RecordError, match="is a file; name a folder"):
        Record.begin(tmp_path / "thesis.doc", HEADER)
    with pytest.raises(RecordError, match=r"is not a record .*name a folder that `watchfloor run --out`"):
        Record.open(tmp_path)
    with pytest.raises(RecordError, match="there is no such folder"):
        Record.open(tmp_path / "nowhere")
    (tmp_path / "manifest.jsonl").write_text('{"other": "tool"}\n')
    with pytest.raises(RecordError, match=r"manifest.jsonl:1: is not a header"):
        Record.open(tmp_path)


def test_a_finished_record_can_grow(tmp_path, wanted):
    folder = tmp_path / "r"
    whole(folder, "ca")
    assert Record.open(folder).finished
    with Record.resume(folder, HEADER) as record:
        record.add(shard(folder, "b"))
        assert not Record.open(folder).finished
    assert whole(folder) == wanted


def test_two_writers_never_share_a_folder(tmp_path):
    folder = tmp_path / "r"
    with (
        Record.begin(folder, HEADER),
        pytest.raises(RecordError, match=rf"process {os.getpid()} is writing this record; wait for it"),
    ):
        Record.begin(folder, HEADER)
    Record.begin(folder, HEADER).close()
    assert list(contents(folder)) == ["manifest.jsonl"]


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path, wanted):
    folder = tmp_path / "r"
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.record.test_manifest import HEADER, shard\n"
        "from watchfloor.record import Record\n"
        "folder = Path(sys.argv[1]); record = Record.begin(folder, HEADER)\n"
        "record.add(shard(folder, 'b')); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code, str(folder)], env=env, check=False, timeout=60)
    assert done.returncode == -9
    assert (folder / ".lock").exists()
    assert whole(folder) == wanted


def test_a_full_disk_under_the_manifest_keeps_the_lines_before(tmp_path, wanted, monkeypatch):
    folder = tmp_path / "r"
    real = os.write

    def full(handle, text):
        real(handle, text[:10])
        raise OSError(28, "No space left on device")

    with Record.begin(folder, HEADER) as record:
        record.add(shard(folder, "a"))
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(RecordError, match=r"manifest.jsonl: cannot be written \(No space left on device\)"):
            record.add(shard(folder, "b"))
        assert record.done == {"a"}
    monkeypatch.undo()
    assert Record.open(folder).done == {"a"}
    assert whole(folder) == wanted


def test_meta_is_kept_and_must_be_plain(tmp_path):
    folder = tmp_path / "r"
    with Record.begin(folder, HEADER) as record:
        record.add(write_shard(folder, "a", {"t": {"x": np.ones(2)}}, {"option": "open", "hours": [1.5]}))
        with pytest.raises(ValueError, match="JSON compliant"):
            record.add(write_shard(folder, "b", {"t": {"x": np.ones(2)}}, {"x": float("nan")}))
    found = Record.open(folder)
    assert found.lines["a"].meta == {"option": "open", "hours": [1.5]}
    assert found.rows("t") == 2
    assert found.header == HEADER
    assert not found.finished


def test_an_attached_file_is_whole_or_absent(tmp_path, monkeypatch):
    folder = tmp_path / "r"
    with Record.begin(folder, HEADER) as record:
        record.attach("scenario.yaml", b"name: one\n")

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(RecordError, match=r"scenario.yaml: cannot be written \(No space left on device\)"):
            record.attach("scenario.yaml", b"name: two\n")
        monkeypatch.undo()
    assert (folder / "scenario.yaml").read_bytes() == b"name: one\n"
    assert list(contents(folder)) == ["manifest.jsonl", "scenario.yaml"]
