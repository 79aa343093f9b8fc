from __future__ import annotations

import functools
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.run import fake_work
from watchfloor.base.errors import ScenarioError
from watchfloor.record import Header, Record
from watchfloor.run.executor import run_tasks

HEADER = Header(kind="run", scenario="fake", digest="d", seed=1, version="0")
IDS = tuple(str(i) for i in range(7))


def contents(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def play(folder: Path, workers: int, **work) -> tuple[dict[str, str], dict[str, str]]:
    with Record.begin(folder, HEADER) as record:
        given_up = run_tasks(
            [one for one in IDS if one not in record.done],
            functools.partial(fake_work.write, folder=folder, **work),
            workers=workers,
            on_done=lambda _, line: record.add(line),
            preload=(),
        )
        record.finish()
    return given_up, contents(folder)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    given_up, files = play(tmp_path_factory.mktemp("wanted") / "r", 1)
    assert given_up == {}
    assert len(files) == len(IDS) + 1
    return files


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_leaves_the_same_bytes(tmp_path, wanted, workers):
    assert play(tmp_path / "r", workers) == ({}, wanted)


def test_a_worker_killed_once_leaves_no_trace(tmp_path, wanted):
    assert play(tmp_path / "r", 2, killer="3", kills=1) == ({}, wanted)


def test_a_task_that_kills_its_worker_twice_is_given_up_and_no_other(tmp_path, wanted):
    given_up, files = play(tmp_path / "r", 3, killer="3", kills=2)
    assert given_up == {"3": "its worker was killed 2 times"}
    assert sorted(set(wanted) - set(files)) == ["tables/numbers/3.parquet"]
    assert play(tmp_path / "r", 2) == ({}, wanted)  # the same command again mends it


def test_when_nothing_ever_finishes_the_rest_is_not_tried(tmp_path):
    tried = tmp_path / "tried"
    tried.mkdir()
    given_up = run_tasks(
        IDS,
        functools.partial(fake_work.die, folder=tried),
        workers=2,
        on_done=lambda *_: pytest.fail("nothing can finish"),
        preload=(),
    )
    assert sorted(given_up) == sorted(IDS)
    assert sum("not tried" in why for why in given_up.values()) == len(IDS) - 3
    assert len(list(tried.iterdir())) <= 4


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_work_raises_comes_through_and_what_was_done_is_kept(workers):
    kept, many = [], [str(i) for i in range(400)]
    with pytest.raises(ValueError, match="no 3"):
        run_tasks(many, fake_work.refuse, workers=workers, on_done=lambda one, _: kept.append(one), preload=())
    assert {"0", "1", "2"} <= set(kept)
    assert "399" not in kept, "no new task starts; how many were under way is the machine's business"


def test_a_users_mistake_arrives_whole_from_a_worker():
    with pytest.raises(ScenarioError) as caught:
        run_tasks(("1", "2"), fake_work.mistake, workers=2, on_done=lambda *_: None, preload=())
    assert str(caught.value) == "s.yaml:3:1: seed: wanted a number (came x)"


def test_a_caller_who_cannot_keep_a_result_stops_the_work():
    def full(one, _):
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        run_tasks(IDS, fake_work.refuse, workers=2, on_done=full, preload=())


@pytest.mark.parametrize(("workers", "retries", "ids"), [(0, 2, IDS), (1, 0, IDS), (1, 1, ("a", "a"))])
def test_nonsense_is_refused(workers, retries, ids):
    with pytest.raises(ValueError, match="at least 1|twice"):
        run_tasks(ids, str, workers=workers, retries=retries, on_done=print)


def test_nothing_to_do_is_done():
    assert run_tasks((), str, workers=2, on_done=print) == {}


def parent(folder: Path) -> subprocess.Popen[str]:
    """Start a process that plays all tasks slowly on two workers, and wait for its third shard."""
    code = (
        "from pathlib import Path; import sys; from tests.run.test_executor import play\n"
        "if __name__ == '__main__':\n    play(Path(sys.argv[1]), 2, pause_s=0.15)\n"
    )
    script = folder.with_suffix(".py")
    script.write_text(code)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    child = subprocess.Popen(
        [sys.executable, str(script), str(folder)], env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    manifest = folder / "manifest.jsonl"
    for _ in range(3000):
        if manifest.exists() and manifest.read_bytes().count(b"\n") >= 4:
            return child
        assert child.poll() is None, child.stderr.read() if child.stderr else ""
        time.sleep(0.01)
    raise AssertionError("the parent did not get going")


def gone(pids: list[int]) -> bool:
    for _ in range(500):
        if not any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids):
            return True
        time.sleep(0.01)
    return False


def session(leader: int) -> list[int]:
    """Return the processes of a session (Linux), the leader apart."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and int(stat.parent.name) != leader:
            found.append(int(stat.parent.name))
    return found


def test_a_parent_killed_midway_resumes_to_the_same_bytes(tmp_path, wanted):
    child = parent(tmp_path / "r")
    others = session(child.pid)
    child.kill()
    child.communicate()
    assert others
    assert gone(others), "workers outlived their parent"
    before = len(Record.open(tmp_path / "r").done)
    assert 3 <= before < len(IDS)
    assert play(tmp_path / "r", 2) == ({}, wanted)


def test_ctrl_c_stops_workers_and_keeps_what_is_finished(tmp_path, wanted):
    child = parent(tmp_path / "r")
    others = session(child.pid)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does
    _, said = child.communicate(timeout=30)
    assert child.returncode == -signal.SIGINT
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert gone(others)
    assert len(Record.open(tmp_path / "r").done) >= 3
    assert not (tmp_path / "r" / ".lock").exists()
    assert play(tmp_path / "r", 2) == ({}, wanted)
