import xml.etree.ElementTree as ET

import numpy as np
import pytest

from watchfloor.assess.identity import score_identities
from watchfloor.report.identity_figures import identity_confusion, identity_reliability, identity_risk
from watchfloor.report.score_figures import standalone

NAMES = ("fighter", "airliner", "uav")


def scores(n=200, seed=1):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(4, 0.4), n)
    truth = (rng.random(n)[:, None] > np.cumsum(p, axis=1)).sum(axis=1).clip(max=3)
    return score_identities(p, truth)


def texts(svg):
    return [one.text or "" for one in ET.fromstring(standalone(svg)).iter() if one.tag.endswith("text")]


def test_reliability_says_its_error_beside_the_honest_one():
    found = scores().reliability
    svg = identity_reliability("r", found, title="Before", alt="reliability")
    said = texts(svg)
    assert "Before" in said
    assert any(f"error {found.ece:.3f}" in one and f"{found.ece_of_honest:.3f}" in one for one in said)
    assert svg == identity_reliability("r", found, title="Before", alt="reliability")
    both = texts(identity_reliability("r", {"naive": found, "learned": scores(seed=2).reliability}, title="t", alt="a"))
    assert sum(one.startswith(("naive: ", "learned: ")) for one in both) == 2


@pytest.mark.parametrize("n", [1, 30, 3000])
def test_risk_is_drawn_of_few_flights_and_of_many(n):
    svg = identity_risk("k", {"learned": scores(n).risk_coverage}, title="t", alt="a")
    assert any(one.startswith("learned: mean ") for one in texts(svg))
    assert "share of those wrong [1]" in texts(svg)


def test_confusions_are_counts_with_names():
    found = scores().decisions
    said = texts(identity_confusion("c", found, NAMES, title="t", alt="a"))
    for word in (*NAMES, "other", "abstained", "unseen type", "named at 90 % or more"):
        assert word in said, word
    counts = sorted(int(one) for one in said if one.isdigit())
    assert counts == sorted(found.confusion[found.confusion > 0].tolist())
    with pytest.raises(ValueError, match="3 known types"):
        identity_confusion("c", found, NAMES[:2], title="t", alt="a")
