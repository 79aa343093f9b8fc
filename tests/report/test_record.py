"""What a study leaves for the page beside its trials: verdicts about everybody, and how knowledge goes stale."""

from __future__ import annotations

import numpy as np
import pytest

from watchfloor.record import Record


@pytest.fixture(scope="module")
def tables(record):
    opened = Record.open(record)
    return {name: opened.table(name) for name in ("verdicts", "timeline", "staleness", "trials")}


def test_a_verdict_is_a_distribution(tables):
    rows = tables["verdicts"]
    key = np.stack([rows[k] for k in ("replicate", "who", "hours", "mover", "quarter")])
    _, which = np.unique(np.concatenate([key, [np.unique(rows["option"], return_inverse=True)[1]]]), axis=1,
                         return_inverse=True)  # fmt: skip
    np.testing.assert_allclose(np.bincount(which, rows["probability"]), 1.0, atol=1e-9)
    assert set(np.bincount(which)) == {3}  # two types and "other"


def test_the_last_word_about_the_subject_is_the_timelines(tables):
    time, word = tables["timeline"], tables["verdicts"]
    for who in (0, 1, 2):
        for replicate in (0, 1):
            mine = (time["option"] == "open") & (time["who"] == who) & (time["replicate"] == replicate)
            mine &= np.isclose(time["hours"], time["hours"][mine].max())
            held = np.flatnonzero(mine & (time["track"] >= 0))
            said = (word["option"] == "open") & (word["who"] == who) & (word["replicate"] == replicate)
            said &= np.isclose(word["hours"], word["hours"][said].max())
            said &= (word["mover"] == 0) & (word["quarter"] == 4) & (word["candidate"] == word["type"])
            np.testing.assert_allclose(word["probability"][said], time["p_type"][held[-1]], atol=1e-12)


def test_knowledge_only_goes_stale(tables):
    rows = tables["staleness"]
    assert len(rows["nats"]) > 0
    for law in np.unique(rows["law"]):
        for sensor in np.unique(rows["sensor"]):
            for replicate in (0, 1):
                mine = (rows["law"] == law) & (rows["sensor"] == sensor) & (rows["replicate"] == replicate)
                assert (np.diff(rows["nats"][mine]) < 0.0).all()
                assert rows["nats"][mine][0] > 0.0
