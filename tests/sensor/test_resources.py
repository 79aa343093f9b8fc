"""The time budget of search and track."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.sensor.resources import allot


@given(
    need=st.lists(st.floats(0.0, 10.0), max_size=30),
    cost=st.floats(0.01, 0.5),
    share=st.floats(0.0, 1.0),
)
def test_the_most_needed_come_first_and_search_keeps_its_share(need, cost, share):
    need = np.array(need)
    plan = allot(need, np.full(len(need), cost), budget_s=2.0, search_share=share)
    assert plan.left_s >= share * 2.0 * (1.0 - 1e-9)
    assert len(plan.chosen) + plan.n_dropped == len(need)
    left = np.setdiff1d(np.arange(len(need)), plan.chosen)
    if left.size and plan.chosen.size:
        assert need[plan.chosen].min() >= need[left].max()
    if left.size:  # one more would not have fitted
        assert (len(plan.chosen) + 1) * cost > (1.0 - share) * 2.0 * (1.0 - 1e-9)


def test_a_short_dwell_never_overtakes_a_longer_one_that_is_needed_more():
    plan = allot(np.array([3.0, 2.0, 1.0]), np.array([0.5, 0.6, 0.1]), budget_s=1.0, search_share=0.0)
    assert plan.chosen.tolist() == [0]
    assert plan.n_dropped == 2


def test_equal_needs_keep_their_order():
    plan = allot(np.ones(4), np.full(4, 0.25), budget_s=1.0, search_share=0.5)
    assert plan.chosen.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"search_share": 1.5}, "search_share must lie in"),
        ({"budget_s": 0.0}, "budget_s must be above 0"),
        ({"need": np.array([np.nan])}, "need must be finite"),
        ({"cost_s": np.array([0.0])}, "cost_s above 0"),
    ],
)
def test_mistakes_are_told(changes, message):
    values = {"need": np.ones(1), "cost_s": np.ones(1), "budget_s": 1.0, "search_share": 0.5} | changes
    with pytest.raises(ValueError, match=message):
        allot(values.pop("need"), values.pop("cost_s"), **values)
