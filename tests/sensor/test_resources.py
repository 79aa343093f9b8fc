"""The time budget of search and track."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sensor.flights import radar
from watchfloor.scenario import catalog
from watchfloor.sensor.card import radar_from
from watchfloor.sensor.resources import Load, allot, dwell_energy_j, mean_power_w, steady_load


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


def test_a_dwell_sends_its_pulses():
    kind = radar(peak_power_w=60e3, pulse_width_s=100e-6, n_coherent=8, n_pulses=2)
    assert dwell_energy_j(kind) == pytest.approx(96.0)  # 6 J a pulse, 16 pulses
    assert mean_power_w(kind) == pytest.approx(96.0 * 300 / 10.0)  # 300 beams of 1.2 degrees in 10 s


@pytest.mark.parametrize("name", sorted(catalog.radars()))
def test_no_card_sends_more_than_its_peak_power(name):
    kind = radar_from(catalog.radars()[name], None, face_azimuth_deg=0.0)
    assert 0.0 < mean_power_w(kind) < 0.5 * kind.peak_power_w


def test_a_radar_that_turns_sends_the_same_whatever_happens():
    kind = radar()
    ticks = [steady_load(kind, 2, t, t + 7.5) for t in (0.0, 7.5, 15.0)]
    load = Load.concat(ticks)
    assert load.energy_j.sum() == pytest.approx(mean_power_w(kind) * 22.5)
    assert load.search_s.sum() == pytest.approx(22.5)
    assert np.all(load.sensor == 2)
    assert np.all(load.n_dropped == 0)
    assert len(steady_load(kind, 2, 5.0, 5.0)) == 0
    assert len(Load.empty()) == 0
