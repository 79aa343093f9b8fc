from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.base import units


def test_constants_meet_their_published_values():
    # BIPM, SI Brochure, 9th ed., 2019, table 1 (exact); knot and foot by definition
    assert units.C_MPS == 299_792_458.0
    assert units.BOLTZMANN_JPK == 1.380649e-23
    assert units.KNOT_MPS == pytest.approx(0.514444, abs=5e-7)
    assert units.FOOT_M == 0.3048
    assert units.MONTH_S * 12.0 == pytest.approx(365.25 * 86_400.0, rel=1e-15)


def test_thermal_noise_is_minus_174_dbm_a_hertz():
    # the textbook's -174 dBm/Hz at 290 K
    assert units.db(units.BOLTZMANN_JPK * units.T0_K * 1e3) == pytest.approx(-173.975, abs=1e-3)


def test_decibels_of_known_ratios():
    np.testing.assert_allclose(units.db(np.array([1.0, 2.0, 1e-3])), [0.0, 3.0103, -30.0], atol=1e-5)
    assert units.db(0.0) == -np.inf


@given(st.floats(-200.0, 200.0))
def test_decibels_round_trip(level_db):
    assert units.db(units.from_db(level_db)) == pytest.approx(level_db, abs=1e-10)
