"""Willis, *Bistatic Radar*, 2nd ed., Artech House, 1995: figures that the book states in words or formulas."""

from __future__ import annotations

import numpy as np
import pytest

from watchfloor.physics import bistatic


def test_ovals_part_at_the_lemniscate():
    """Ch. 4: one oval while L < 2 sqrt(R_T R_R), the lemniscate at equality, two ovals about the stations beyond."""
    product = 900e6  # 30 km times 30 km
    for baseline, middle in ((59e3, "inside"), (61e3, "outside")):
        across = bistatic.oval_radius_m(np.pi / 2.0, product, baseline)
        assert np.isnan(across) == (middle == "outside")
    assert bistatic.oval_radius_m(np.pi / 2.0, product, 60e3) == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize("e", [0.05, 0.1, 0.2, 0.3])
def test_area_of_one_oval_by_the_books_series(e):
    """Ch. 4, area of one oval: pi k^2 (1 - L^4/64 k^4 - 3 L^8/16384 k^8), k^2 = R_T R_R; its next term is the error."""
    k4 = 1.0
    baseline4 = (4.0 * e) ** 2 * k4
    series = np.pi * (1.0 - baseline4 / (64.0 * k4) - 3.0 * baseline4**2 / (16384.0 * k4**2))
    found = float(bistatic.oval_area_m2(1.0, baseline4**0.25))
    assert abs(found - series) < np.pi * e**6 * 0.03


def test_forward_scatter_of_a_10_m2_silhouette_at_100_mhz():
    """Section 8.4: sigma_F = 4 pi A^2 / lambda^2, here worked by hand: 4 pi 100 m4 / 9 m2 is 139.6 m2, 21.45 dBsm."""
    assert 10.0 * np.log10(bistatic.forward_scatter_m2(10.0, 3.0)) == pytest.approx(21.45, abs=0.01)


def test_doppler_vanishes_on_the_baseline_and_is_monostatic_without_one():
    """Ch. 6, table of special cases: beta = 180 deg gives no shift; beta = 0 gives 2 v cos(delta) / lambda."""
    assert bistatic.doppler_hz(300.0, 0.4, np.pi, 0.03) == pytest.approx(0.0, abs=1e-9)
    assert bistatic.doppler_hz(300.0, 0.4, 0.0, 0.03) == pytest.approx(2.0 * 300.0 * np.cos(0.4) / 0.03)
