"""What a set of repetition frequencies resolves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sensor.flights import radar
from watchfloor.physics.ambiguity import folding, joint_span


@given(st.lists(st.integers(2, 40), min_size=1, max_size=4))
def test_without_tolerance_it_is_the_least_common_multiple(spans):
    expected = math.lcm(*spans)
    found = joint_span(np.array(spans, float), extent=1e6)
    assert found == (expected if expected <= 1e6 else math.inf)


@given(
    spans=st.lists(st.floats(5.0, 50.0), min_size=2, max_size=3),
    value=st.floats(0.0, 200.0),
    other=st.floats(0.0, 200.0),
)
def test_below_the_span_two_values_fold_apart_somewhere(spans, value, other):
    tolerance = 0.3
    span = joint_span(spans, extent=400.0, tolerance=tolerance)
    away = abs(value - other)
    spans = np.array(spans)
    # alike in every frequency: the distance is near a multiple of each span
    alike = np.all(np.abs(away / spans - np.rint(away / spans)) * spans <= 0.5 * tolerance)
    if alike and away > tolerance:
        assert away >= span - tolerance


def test_a_wider_cell_is_never_better():
    sets = [30.0, 33.7, 41.1]
    spans = [joint_span(sets, extent=1e5, tolerance=t) for t in (0.0, 0.01, 0.1, 1.0, 5.0)]
    assert spans == sorted(spans, reverse=True)


def test_one_frequency_folds_by_its_own_span_if_it_reaches_that_far():
    c = 299_792_458.0
    model = radar(prf_hz=(1000.0,), doppler="bank", pulse_width_s=20e-6)
    span_m, span_mps = folding(model)
    assert span_m == pytest.approx(c / 2000.0)
    assert span_mps == pytest.approx(0.5 * model.wavelength_m * 1000.0)
    near = radar(prf_hz=(1000.0,), doppler="bank", pulse_width_s=20e-6, range_max_m=100e3, range_rate_max_mps=20.0)
    assert folding(near) == (math.inf, math.inf)
    assert folding(radar()) == (math.inf, math.inf)


def test_only_the_frequencies_that_a_dwell_holds_count():
    prf = (800.0, 950.0, 1100.0)
    three = folding(radar(prf_hz=prf, n_pulses=3, doppler="bank", pulse_width_s=20e-6, n_coherent=16))
    one = folding(radar(prf_hz=prf, n_pulses=1, doppler="bank", pulse_width_s=20e-6, n_coherent=16))
    assert three[0] > 600e3
    assert one[0] == pytest.approx(299_792_458.0 / 1600.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spans": [0.0]}, "spans must be"),
        ({"spans": []}, "at least one value"),
        ({"extent": 0.0}, "extent must be"),
        ({"tolerance": np.nan}, "tolerance must be"),
    ],
)
def test_arguments_outside_their_domain_are_named(changes, message):
    values = {"spans": [1.0, 2.0], "extent": 10.0, "tolerance": 0.0} | changes
    with pytest.raises(ValueError, match=message):
        joint_span(values.pop("spans"), **values)
