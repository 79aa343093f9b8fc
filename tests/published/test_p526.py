"""ITU-R P.526-15 (2019): knife edge, Fresnel ellipsoids, and where the approximations stand against the exact forms."""

import numpy as np
import pytest

from watchfloor.physics import propagation


def test_a_grazed_edge_costs_6_db():
    # P.526-15, annex 1, section 4.1: at v = 0 half the field is left; eq. (31) gives 6.03 dB
    np.testing.assert_allclose(propagation.knife_edge_loss_db(0.0), 20 * np.log10(2.0), rtol=1e-14)
    np.testing.assert_allclose(propagation.knife_edge_p526_db(0.0), 6.03, atol=5e-3)


@pytest.mark.parametrize(
    ("v", "c", "s"),
    [  # Abramowitz & Stegun, 1964, table 7.7: Fresnel integrals C(v), S(v)
        (0.5, 0.4923442, 0.0647324),
        (1.0, 0.7798934, 0.4382591),
        (1.5, 0.4452612, 0.6975050),
        (2.0, 0.4882534, 0.3434157),
        (3.0, 0.6057208, 0.4963130),
    ],
)
def test_exact_loss_meets_the_tabulated_fresnel_integrals(v, c, s):
    wanted = -20 * np.log10(np.hypot(1 - c - s, c - s) / 2)  # eq. (30)
    np.testing.assert_allclose(propagation.knife_edge_loss_db(v), wanted, atol=2e-5)


def test_the_approximation_is_as_close_as_its_figure_shows():
    # eq. (31) "for v greater than -0.78": within a third of a decibel of the exact form, and 0 below
    v = np.linspace(-0.77, 30.0, 2000)
    assert np.abs(propagation.knife_edge_p526_db(v) - propagation.knife_edge_loss_db(v)).max() < 0.35
    assert propagation.knife_edge_p526_db(-0.79) == 0.0


def test_practical_units_of_the_ellipsoid_and_of_v():
    # eq. (3): R = 550 sqrt(n d1 d2 / ((d1 + d2) f)) m with km and MHz; the 550 is rounded from 547.5
    found = propagation.fresnel_radius_m(10e3, 30e3, 299_792_458.0 / 1e9, 2)
    np.testing.assert_allclose(found, 550 * np.sqrt(2 * 10 * 30 / (40 * 1000)), rtol=5e-3)
    # v = sqrt(2) at an edge that fills the first ellipsoid, by eq. (2) and (26)
    radius = propagation.fresnel_radius_m(10e3, 30e3, 0.3)
    np.testing.assert_allclose(propagation.fresnel_v(radius, 10e3, 30e3, 0.3), np.sqrt(2.0), rtol=1e-14)


def test_first_mode_in_the_recommendations_practical_units():
    # section 3.1.1.2, eq. (13) to (18) with MHz, km, m, typed out; 1 GHz, sea, V, 20 m to 100 m over 80 km, 8500 km
    f, ae, d = 1000.0, 8500.0, 80.0
    eps = 71.0 - 81.0j
    k_h = 0.36 * (ae * f) ** (-1 / 3) * ((71 - 1) ** 2 + 81.0**2) ** -0.25
    k = k_h * np.sqrt(71.0**2 + 81.0**2)
    beta = (1 + 1.6 * k**2 + 0.67 * k**4) / (1 + 4.5 * k**2 + 1.53 * k**4)
    x = 2.188 * beta * f ** (1 / 3) * ae ** (-2 / 3) * d
    loss = -(11 + 10 * np.log10(x) - 17.6 * x)
    for h in (20.0, 100.0):
        b = beta * 9.575e-3 * beta * f ** (2 / 3) * ae ** (-1 / 3) * h
        loss -= 17.6 * np.sqrt(b - 1.1) - 5 * np.log10(b - 1.1) - 8 if b > 2 else 20 * np.log10(b + 0.1 * b**3)
    found = propagation.smooth_earth_loss_db(1e9, eps, "V", 20.0, 100.0, 80e3, k=1.0, earth_radius_m=8500e3)
    np.testing.assert_allclose(found, loss, atol=0.05)


def test_first_mode_against_the_exact_series_beyond_the_horizon():
    for frequency, h1, h2 in ((150e6, 20.0, 300.0), (1e9, 20.0, 100.0), (10e9, 10.0, 50.0)):
        eps = complex(propagation.sea_permittivity(frequency))
        ground = propagation.horizon_m(h1, h2) * np.linspace(1.0, 2.0, 20)
        exact = -20 * np.log10(propagation.residue_factor(frequency, eps, "H", h1, h2, ground))
        found = propagation.smooth_earth_loss_db(frequency, eps, "H", h1, h2, ground)
        assert np.abs(found - exact).max() < 1.5
