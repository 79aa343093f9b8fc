"""Seeing and naming aircraft: values of the literature."""

from __future__ import annotations

import numpy as np
import pytest

from watchfloor.sensor.observer import CONTRAST_LEAST, IDENTIFY_CYCLES, identify_probability, sighting_rate


@pytest.mark.parametrize(
    ("ratio", "probability"),
    [(3.0, 1.0), (2.0, 0.95), (1.5, 0.80), (1.0, 0.50), (0.75, 0.30), (0.5, 0.10), (0.25, 0.02)],
)
def test_the_transfer_function_meets_its_table(ratio, probability):
    # Ratches 1976 and Holst, Electro-Optical Imaging System Performance, target transfer probability function: the
    # table that the closed form was fitted to, rounded to a twentieth
    assert abs(identify_probability(ratio * IDENTIFY_CYCLES) - probability) < 0.025


def test_johnsons_cycles_for_identification():
    assert IDENTIFY_CYCLES == 6.4  # Johnson 1958: 6.4 +/- 1.5 line pairs across the least dimension, half of observers


def test_visibility_is_where_five_per_cent_of_the_contrast_are_left():
    # WMO-No. 8: meteorological optical range, 0.05; Andrews 1989 writes exp(-2.996 r / R)
    assert CONTRAST_LEAST == 0.05
    with_air = sighting_rate(7e3, 1.0, visibility_m=10e3, search_per_sr_s=1.0)
    np.testing.assert_allclose(with_air * 7e3**2, np.exp(-2.996 * 0.7), rtol=1e-3)
