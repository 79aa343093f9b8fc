"""Closed forms of simple bodies against the formulas and values printed in books.

Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, chapter 6 (corners: table of the peak values 12 pi,
4 pi / 3, 15.6, 8 pi) and section 5.4; Skolnik (ed.), *Radar Handbook*, 3rd ed., 2008, chapter 14 (plate, cylinder,
tip); European Space Agency, STEP forum, "RCS values", 2019: two reflectors in dBsm at Sentinel-1's 5.405 GHz.
"""

import numpy as np
import pytest

from watchfloor.physics import rcs

WAVELENGTH = 0.03
FREQUENCY = 299_792_458.0 / WAVELENGTH


def test_peaks_of_flat_bodies():
    assert rcs.plate_m2(0.5, 0.4, FREQUENCY) == pytest.approx(4 * np.pi * 0.2**2 / WAVELENGTH**2, rel=1e-13)
    assert rcs.disc_m2(0.25, FREQUENCY) == pytest.approx(4 * np.pi**3 * 0.25**4 / WAVELENGTH**2, rel=1e-13)
    assert rcs.cylinder_m2(0.1, 0.8, FREQUENCY) == pytest.approx(2 * np.pi * 0.1 * 0.8**2 / WAVELENGTH, rel=1e-13)


@pytest.mark.parametrize(
    ("shape", "factor"), [("square", 12 * np.pi), ("triangular", 4 * np.pi / 3), ("circular", 15.6)]
)
def test_peaks_of_trihedral_corners(shape, factor):
    found = rcs.trihedral_m2(0.3, FREQUENCY, shape=shape)
    assert found == pytest.approx(factor * 0.3**4 / WAVELENGTH**2, rel=1e-13 if shape != "circular" else 1e-3)


def test_the_peak_of_a_dihedral_corner():
    assert rcs.dihedral_m2(0.3, 0.2, FREQUENCY) == pytest.approx(8 * np.pi * 0.06**2 / WAVELENGTH**2, rel=1e-13)


def test_two_reflectors_at_sentinel_1():
    assert 10 * np.log10(rcs.dihedral_m2(1.5, 1.5, 5.405e9)) == pytest.approx(46.17, abs=5e-3)
    assert 10 * np.log10(rcs.trihedral_m2(2.5, 5.405e9, shape="triangular")) == pytest.approx(47.26, abs=5e-3)


def test_the_first_sidelobe_of_a_square_plate_is_13_db_down():
    # sin(u)/u has its first side maximum of -13.26 dB at u = 4.4934
    side = 30.0 * WAVELENGTH
    tilt = np.arcsin(4.493_409 / (2.0 * np.pi * side / WAVELENGTH))
    down = rcs.plate_m2(side, side, FREQUENCY, tilt) / np.cos(tilt) ** 2 / rcs.plate_m2(side, side, FREQUENCY)
    assert 10 * np.log10(down) == pytest.approx(-13.26, abs=5e-3)


def test_the_first_sidelobe_of_a_disc_is_17_6_db_down():
    # 2 J1(u)/u has its first side maximum of -17.57 dB at u = 5.1356
    radius = 20.0 * WAVELENGTH
    tilt = np.arcsin(5.135_622 / (4.0 * np.pi * radius / WAVELENGTH))
    down = rcs.disc_m2(radius, FREQUENCY, tilt) / np.cos(tilt) ** 2 / rcs.disc_m2(radius, FREQUENCY)
    assert 10 * np.log10(down) == pytest.approx(-17.57, abs=5e-3)


def test_a_spheroid_from_its_ends_and_side():
    # Crispin & Siegel 1968, ch. 5: pi b^4 / a^2 along the long axis, pi a^2 across it
    found = rcs.ellipsoid_m2(3.0, 0.6, 0.6, FREQUENCY, [0.0, np.pi / 2, 0.3], [0.0, 0.0, np.pi / 2])
    np.testing.assert_allclose(found, np.pi * np.array([0.6**4 / 9.0, 9.0, 9.0]), rtol=1e-12)


def test_a_cone_of_15_degrees_by_kellers_rim():
    # Keller 1960: n = 3/2 + 1/12, 4 pi a^2 (sin(pi/n)/n)^2 / (cos(pi/n) - cos(3 pi/n))^2
    n = 19.0 / 12.0
    expected = 4 * (np.sin(np.pi / n) / n / (np.cos(np.pi / n) - np.cos(3 * np.pi / n))) ** 2
    found = rcs.cone_nose_m2(0.2, np.radians(15.0), FREQUENCY, n_diffractions=1) / (np.pi * 0.2**2)
    assert found == pytest.approx(expected, rel=1e-12)
    assert 10 * np.log10(found) == pytest.approx(-1.33, abs=5e-3)


def test_a_tip_is_small_and_grows_with_the_wavelength():
    # Knott et al., section 6.3: lambda^2 tan^4 / (16 pi); 20 degrees half angle, 3 cm
    assert rcs.tip_m2(np.radians(20.0), FREQUENCY) == pytest.approx(WAVELENGTH**2 * 0.017_549_4 / 50.265_48, rel=1e-5)


def test_a_cone_seen_along_the_normal_of_its_side():
    # Ruck et al., section 6.3: lambda^2 (8 pi / 9) (a / lambda)^3 / (sin^2 cos), a the base radius
    half = np.radians(15.0)
    expected = WAVELENGTH**2 * 8 * np.pi / 9 * (0.4 / WAVELENGTH) ** 3 / (np.sin(half) ** 2 * np.cos(half))
    assert rcs.frustum_m2(0.0, 0.4, half, FREQUENCY) == pytest.approx(expected, rel=1e-12)


def test_an_ogive_from_the_side():
    # Crispin & Siegel 1968, ch. 5: at broadside pi R b, R the arc's radius
    arc = (1.0 + 0.2**2) / 0.4
    assert rcs.ogive_m2(2.0, 0.2, FREQUENCY) == pytest.approx(np.pi * arc * 0.2, rel=1e-12)
