"""Bistatic geometry against triangles, limits and integrals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from watchfloor.physics import bistatic, rcs

STATION = {
    "energy_j": 8.0, "gain_tx": 1e4, "gain_rx": 2e3, "wavelength_m": 0.1, "noise_temperature_k": 500.0, "losses": 4.0,
}  # fmt: skip
metres = st.floats(1e2, 1e6)


@given(rt=metres, rr=metres, share=st.floats(0.0, 1.0))
def test_the_bistatic_angle_closes_the_triangle(rt, rr, share):
    base = abs(rt - rr) + share * 2.0 * min(rt, rr)
    angle = bistatic.bistatic_angle_rad(rt, rr, base)
    assert np.isclose(rt * rt + rr * rr - 2.0 * rt * rr * np.cos(angle), base * base, rtol=1e-7, atol=1e-3 * rt)


@given(rt=metres, rr=metres, share=st.floats(0.01, 0.99))
def test_range_sum_and_direction_give_the_receivers_range_back(rt, rr, share):
    base = abs(rt - rr) + share * 2.0 * min(rt, rr)
    cosine = (base * base + rr * rr - rt * rt) / (2.0 * base * rr)
    found = bistatic.receiver_range_m(rt + rr, base, np.arccos(np.clip(cosine, -1.0, 1.0)))
    assert np.isclose(found, rr, rtol=1e-5)


def test_without_a_baseline_it_is_a_monostatic_radar():
    assert bistatic.bistatic_angle_rad(5e4, 5e4, 0.0) == 0.0
    assert bistatic.receiver_range_m(1e5, 0.0, 0.7) == pytest.approx(5e4)
    product = bistatic.range_product_m2(20.0, 2.0, **STATION)
    mono = (bistatic.snr(1.0, 1.0, 2.0, **STATION) / 20.0) ** 0.25
    assert np.sqrt(product) == pytest.approx(mono)
    assert bistatic.oval_radius_m(1.0, product, 0.0) == pytest.approx(mono)
    assert bistatic.oval_area_m2(product, 0.0) == pytest.approx(np.pi * product)


@given(angle=st.floats(0.0, 6.28), product=st.floats(1e8, 1e11), share=st.floats(0.0, 1.9))
def test_an_oval_holds_one_product_of_ranges(angle, product, share):
    base = share * np.sqrt(product)
    r = bistatic.oval_radius_m(angle, product, base)
    x, y = r * np.cos(angle), r * np.sin(angle)
    assert np.isclose(np.hypot(x - base / 2, y) * np.hypot(x + base / 2, y), product, rtol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, 1.9, 2.0, 2.1, 3.0, 6.0])
def test_the_area_of_an_oval_is_its_integral(share):
    product, base = 1.0, share

    def half_square(t):
        outer = bistatic.oval_radius_m(t, product, base)
        inner = bistatic.oval_radius_m(t, product, base, inner=True) if share > 2.0 else 0.0
        return 0.0 if np.isnan(outer) else 0.5 * (outer**2 - inner**2)

    e = base**2 / 4.0
    end = 0.5 * np.arcsin(min(1.0 / e, 1.0)) if e > 1.0 else np.pi / 2
    area = 4.0 * integrate.quad(half_square, 0.0, end, limit=400, epsabs=1e-10)[0]
    assert bistatic.oval_area_m2(product, base) == pytest.approx(area, rel=2e-5)


def test_forward_scatter_is_the_plates_broadside_echo():
    # Babinet: the shadow of a body radiates like a plate of its outline
    side, frequency = 2.0, 3e9
    wavelength = 299_792_458.0 / frequency
    assert bistatic.forward_scatter_m2(side**2, wavelength) == pytest.approx(
        float(rcs.plate_m2(side, side, frequency)), rel=1e-9
    )


def test_resolution_and_doppler_fall_with_half_the_bistatic_angle():
    angle = np.radians([0.0, 60.0, 90.0, 120.0])
    np.testing.assert_allclose(
        bistatic.range_cell_m(1e6, angle) * bistatic.doppler_hz(100.0, 0.0, angle, 0.1),
        299.792458 / 2.0 * 1e0 * 2.0 * 100.0 / 0.1 * 1e0,
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bistatic.bistatic_angle_rad(1.0, 1.0, 3.0), "form no triangle"),
        (lambda: bistatic.receiver_range_m(5e4, 6e4, 0.1), "range_sum_m must be above baseline_m"),
        (lambda: bistatic.receiver_range_m(np.nan, 6e4, 0.1), "range_sum_m must be"),
        (lambda: bistatic.snr(0.0, 1.0, 1.0, **STATION), "range_tx_m must be"),
        (lambda: bistatic.snr(1.0, 1.0, -1.0, **STATION), "sigma_m2 must be"),
        (lambda: bistatic.range_cell_m(1e6, np.pi), "bistatic_rad must be"),
        (lambda: bistatic.forward_scatter_m2(np.nan, 1.0), "area_m2 must be"),
        (lambda: bistatic.oval_area_m2(0.0, 1.0), "range_product_m2 must be"),
    ],
)
def test_arguments_outside_their_domain_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
