from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.report import answers
from watchfloor.report.gather import gather


@pytest.fixture(scope="module")
def study(record):
    return gather(record)


def test_levers_are_read_from_what_an_option_changes(study):
    assert [answers.pulling(study, lever) for lever in ("reflectors", "transponder", "sharing", "delay")] == [
        ["lenses"], ["quiet"], ["cut"], ["late"],
    ]  # fmt: skip
    assert answers.levers(study, "open") == frozenset()


def test_the_ledger_adds_up_to_what_the_site_holds(study):
    for option in study.options:
        total = sum(answers.nats_by_radar(study, option).values())
        np.testing.assert_allclose(total, study.values("exposure", "nats", option), rtol=1e-4, atol=1e-3)


def test_the_last_month_holds_the_same(study):
    for option in ("open", "late"):
        np.testing.assert_allclose(
            answers.monthly(study, option)[-1], sum(answers.nats_by_radar(study, option).values()), rtol=1e-9
        )


def test_a_site_that_is_switched_on_late_knows_nothing_before(study):
    assert not answers.monthly(study, "late")[0].any()
    assert np.isnan(answers.flights_by_nats(study, "late", 0)[0])
    assert answers.monthly(study, "open")[0].all()


def test_without_a_transponder_no_label_is_declared(study):
    said, quiet = answers.nats_by_label(study, "open"), answers.nats_by_label(study, "quiet")
    assert said["transponder"].all()
    assert not quiet["transponder"].any()
    for option, parts in (("open", said), ("quiet", quiet)):
        whole = sum(answers.nats_by_radar(study, option).values())
        np.testing.assert_allclose(sum(parts.values()), whole, rtol=1e-9)


def test_hours_that_are_never_reached_are_said_so():
    assert answers.hours_cell(np.array([np.inf, np.inf]), 8.0) == "not within 8.0 h"
    assert answers.hours_cell(np.array([1.0, 2.0, np.inf]), 8.0) == "2.0 h (1.0 to over 8.0)"


def test_hours_to_growth_are_straight_between_checkpoints(study, monkeypatch):
    grown = {0: np.array([[0.0, 0.0], [0.1, 0.02], [0.3, 0.04]])}
    monkeypatch.setattr(answers, "range_growth", lambda *_: grown)
    monkeypatch.setattr(answers, "common_hours", lambda *_: np.array([0.0, 1.0, 3.0]))
    reached, last = answers.hours_to(study, "open", 0.2)[0]
    np.testing.assert_allclose(reached, [2.0, np.inf])
    assert last == 3.0


def test_rank_correlation_meets_a_worked_example():
    # Kendall & Gibbons, Rank Correlation Methods, 5th ed., 1990, ch. 1: ten pupils ranked in mathematics and in music,
    # squared differences of ranks sum to 182, rho = 1 - 6 * 182 / 990 = -0.103
    first = np.array([7, 4, 3, 10, 6, 2, 9, 8, 1, 5], float)
    second = np.array([5, 7, 3, 10, 1, 9, 6, 2, 8, 4], float)
    assert answers.rank_correlation(first, second) == pytest.approx(-0.103, abs=5e-4)


@given(st.lists(st.integers(-5, 5), min_size=3, max_size=30), st.integers(0, 2**32 - 1))
def test_rank_correlation_agrees_with_pairwise_counting_of_ranks(values, seed):
    a = np.array(values, float)
    b = np.random.default_rng(seed).integers(-5, 5, len(a)).astype(float)
    ranks = [np.array([(x > v).sum() + 0.5 * ((x == v).sum() + 1) for v in x]) for x in (-a, -b)]
    spread = [r.std() for r in ranks]
    expected = 0.0 if 0.0 in spread else float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    assert answers.rank_correlation(a, b) == pytest.approx(expected, abs=1e-9)
    assert answers.rank_correlation(a, np.exp(a)) == pytest.approx(1.0 if spread[0] else 0.0)


def test_chance_rank_holds_for_independent_samples():
    rng = np.random.default_rng(3)
    n, m = 30, 4000
    beyond = np.mean([
        abs(answers.rank_correlation(rng.random(n), rng.random(n))) > answers.chance_rank(n) for _ in range(m)
    ])  # fmt: skip
    assert abs(beyond - 0.05) < 4.0 * np.sqrt(0.05 * 0.95 / m) + 0.005  # the law is asymptotic in n
