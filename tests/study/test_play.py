"""A small study end to end: the same bytes whatever the workers, the kills and the stops."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from watchfloor.base.errors import RecordError, ScenarioError
from watchfloor.base.streams import Streams
from watchfloor.record import Record
from watchfloor.scenario.load import load
from watchfloor.study.play import play

SMALL = Path(__file__).with_name("small.yaml")


def fingerprint(folder):
    """Return the digest of every file of a record."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """Return the study played by one worker."""
    folder = tmp_path_factory.mktemp("study") / "one"
    summary = play(load(SMALL), out=folder, workers=1)
    assert (summary.n_options, summary.n_replicates, summary.n_played, summary.given_up) == (3, 2, 6, {})
    return folder


@pytest.mark.parametrize("workers", [2, 3])
def test_the_record_is_the_same_bytes_for_any_number_of_workers(one, tmp_path, workers):
    play(load(SMALL), out=tmp_path / "many", workers=workers)
    assert fingerprint(tmp_path / "many") == fingerprint(one)


def test_a_study_killed_on_the_way_resumes_to_the_same_bytes(one, tmp_path):
    folder = tmp_path / "killed"
    code = (
        "from pathlib import Path\nfrom watchfloor.scenario.load import load\nfrom watchfloor.study.play import play\n"
        f"play(load({str(SMALL)!r}), out=Path({str(folder)!r}), workers=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    manifest = folder / "manifest.jsonl"
    while process.poll() is None and not (manifest.exists() and manifest.read_bytes().count(b"\n") >= 3):
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the study must still have been at work"
    summary = play(load(SMALL), out=folder, workers=2)
    assert 0 < summary.n_played < 6, "finished runs are kept"
    assert fingerprint(folder) == fingerprint(one)


def test_a_truncated_shard_is_noticed_and_redone(one, tmp_path):
    import shutil

    folder = tmp_path / "cut"
    shutil.copytree(one, folder)
    shard = folder / "tables" / "trials" / "open.00001.parquet"
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(RecordError, match=r"open\.00001"):
        Record.open(folder)
    assert play(load(SMALL), out=folder, workers=1).n_played == 1
    assert fingerprint(folder) == fingerprint(one)


def test_every_run_leaves_every_table(one):
    record = Record.open(one)
    assert set(record.table_names) == {
        "beliefs", "exposure", "ledger", "staleness", "timeline", "transfers", "trials", "verdicts",
    }  # fmt: skip
    exposure = record.table("exposure")
    assert len(exposure["option"]) == 6
    trials = record.table("trials")
    defended = trials["who"] == 1
    assert defended.sum() == 6
    usual = (trials["who"] == 0) & (trials["only_radar"] == -1) & (trials["left_out"] == -1)
    assert ((trials["option"] == "open") & usual).sum() == 2 * 3, "a curve has the prior and two checkpoints"


def test_exposure_is_the_time_in_the_air_beside_the_active_site(one):
    exposure = Record.open(one).table("exposure")
    hours = dict(zip(exposure["option"].tolist(), exposure["hours"].tolist(), strict=True))
    np.testing.assert_allclose(hours["open"], 2 * 300 / 3600)
    np.testing.assert_allclose(hours["late"], 1 * 300 / 3600)


def test_a_cut_link_leaves_the_defender_with_the_catalogue(one):
    exposure = Record.open(one).table("exposure")
    cut = exposure["option"] == "no-sharing"
    assert (exposure["nats_received"][cut] == 0.0).all()
    assert (exposure["n_received"][cut] == 0).all()
    open_ = exposure["option"] == "open"
    assert (exposure["n_received"][open_] == 1).all(), "the second sortie's evidence is still on its way"
    assert (exposure["nats_received"][open_] > 0.0).all()
    np.testing.assert_array_equal(exposure["nats"][cut], exposure["nats"][open_], "the host learns all the same")


def test_options_of_a_replicate_share_its_world_and_replicates_do_not(one):
    beliefs = Record.open(one).table("beliefs")
    true = {
        (option, replicate): beliefs["true_dbsm"][
            (beliefs["option"] == option) & (beliefs["replicate"] == replicate) & (beliefs["hours"] == 0.0)
        ]
        for option in ("open", "late")
        for replicate in (0, 1)
    }
    np.testing.assert_array_equal(true["open", 0], true["late", 0])
    assert not np.array_equal(true["open", 0], true["open", 1])


def test_two_sorties_narrow_the_belief(one):
    beliefs = Record.open(one).table("beliefs")
    mine = beliefs["option"] == "open"
    last = mine & (beliefs["hours"] == beliefs["hours"].max())
    seen = last & (beliefs["n_looks"] > 4.0)
    assert seen.any()
    first = mine & (beliefs["hours"] == 0.0)
    assert beliefs["sd_db"][seen].max() < beliefs["sd_db"][first].min() + 3.0
    assert beliefs["sd_db"][seen].mean() < 0.5 * beliefs["sd_db"][first].mean()


def test_the_ledger_adds_up_to_the_entropy_lost(one):
    ledger = Record.open(one).table("ledger")
    assert (ledger["nats"] >= -1e-9).all()
    assert set(np.unique(ledger["sortie"])) == {0, 1}
    np.testing.assert_allclose(ledger["n_hits"] + ledger["n_misses"], ledger["n_looks"], rtol=1e-9)


def test_a_record_of_another_study_is_not_continued(one, tmp_path):
    import shutil

    folder = tmp_path / "other"
    shutil.copytree(one, folder)
    changed = tmp_path / "changed.yaml"
    changed.write_text(SMALL.read_text().replace("seed: 7", "seed: 8"))
    with pytest.raises(RecordError, match="seed"):
        play(load(changed), out=folder, workers=1)


def test_a_scenario_that_asks_nothing_is_refused(tmp_path):
    text = SMALL.read_text()
    plain = tmp_path / "plain.yaml"
    plain.write_text(text[: text.index("study:")])
    with pytest.raises(ScenarioError, match="study"):
        play(load(plain), out=tmp_path / "x", workers=1)


def test_a_sortie_is_lost_on_the_link_whatever_the_delay(tmp_path):
    text = SMALL.read_text().replace("months: 2\n", "months: 12\n").replace("duration_s: 300", "duration_s: 120")
    text = text.replace("delay_months: 0.5, loss: 0.0", "delay_months: 0.0, loss: 0.5").replace(", curve: true", "")
    text = text.replace("replicates: 2", "replicates: 4")
    text = text.replace("seed: 7", "seed: 12")
    (tmp_path / "lossy.yaml").write_text(text)
    play(load(tmp_path / "lossy.yaml"), out=tmp_path / "out", workers=2)
    exposure = Record.open(tmp_path / "out").table("exposure")
    received = {o: exposure["n_received"][exposure["option"] == o] for o in ("open", "late")}
    # the late site misses the first sortie and no other: it is one short exactly where that one was not lost
    first = [Streams(12, f"replicate-{r}").rng("share", "link", "0").random() >= 0.5 for r in range(4)]
    assert set(first) == {True, False}, "the seed must show both"
    assert (received["open"] - received["late"]).tolist() == [int(arrived) for arrived in first]
