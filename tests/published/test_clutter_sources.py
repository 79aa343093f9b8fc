"""Published figures of clutter: reflectivity, cells, statistics, cancellation."""

import math

import numpy as np
import pytest

from watchfloor.base.units import C_MPS
from watchfloor.physics import clutter


def level_db(x):
    return 10.0 * math.log10(float(x))


def test_sea_state_two_of_the_radar_toolbox():
    """MathWorks, Radar Toolbox, ``seareflectivity`` example: sea state 2, 10 degrees, 30 GHz, H: 2.1555e-4."""
    assert clutter.sigma0_nrl_sea(30e9, math.radians(10.0), 2.0) == pytest.approx(2.1555e-4, abs=5e-9)


TABLE_1 = {"hh": (-73.00, 20.78, 7.351, 25.65, 0.00540), "vv": (-50.79, 25.93, 0.7093, 21.58, 0.00211)}


@pytest.mark.parametrize("polarisation", TABLE_1)
@pytest.mark.parametrize("state", [0.0, 3.0, 6.0])
@pytest.mark.parametrize("grazing_deg", [0.1, 1.0, 10.0, 60.0])
def test_nrl_table_1(polarisation, state, grazing_deg):
    """Gregers-Hansen & Mital, NRL/MR/5310-12-9346, 2012, eq. 7 with the rounded coefficients of table 1.

    They and the program listing of appendix B, which the model uses, differ by less than 0.05 dB.
    """
    c1, c2, c3, c4, c5 = TABLE_1[polarisation]
    for f_ghz in (0.5, 9.4, 35.0):
        expected = c1 + c2 * math.log10(math.sin(math.radians(grazing_deg)))
        expected += (27.5 + c3 * grazing_deg) * math.log10(f_ghz) / (1 + 0.95 * grazing_deg)
        expected += c4 * (1 + state) ** (1 / (2 + 0.085 * grazing_deg + 0.033 * state)) + c5 * grazing_deg**2
        got = clutter.sigma0_nrl_sea(f_ghz * 1e9, math.radians(grazing_deg), state, polarisation=polarisation)
        assert level_db(got) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("terrain", "gamma_db"), [("flatland", -20), ("farmland", -15), ("woods", -15), ("wooded hills", -10), ("city", 0)]
)
def test_gamma_of_the_phased_array_toolbox(terrain, gamma_db):
    """MathWorks, ``surfacegamma`` at 10 GHz, after Nathanson 1999 and Long 2001; 5 lg(f / 10 GHz) elsewhere."""
    assert clutter.land_gamma_db(terrain) == gamma_db
    assert clutter.land_gamma_db(terrain, frequency_hz=300e6) == pytest.approx(gamma_db - 7.614, abs=1e-3)


def test_surface_cell_of_the_radar_toolbox():
    """MathWorks, ``surfclutterrcs`` example: 1 m2/m2, 1 km, 1 x 3 degrees, 10 degrees, 10 us: 5.2627e+03 m2."""
    area = clutter.cell_area_m2(
        1e3,
        math.radians(10.0),
        range_cell_m=0.5 * C_MPS * 10e-6,
        beamwidth_azimuth_rad=math.radians(1.0),
        beamwidth_elevation_rad=math.radians(3.0),
        beam_shape_loss=1.0,
    )
    assert area == pytest.approx(5.2627e3, abs=0.05)


@pytest.mark.parametrize("rate", [1.0, 4.0, 16.0])
def test_skolnik_s_rain(rate):
    """Skolnik, *Introduction to Radar Systems*, 2nd ed., 1980, section 13.7: 7e-12 f^4 R^1.6 (GHz, mm/h)."""
    got = clutter.weather_reflectivity(5.6e9, clutter.rain_reflectivity(rate))
    assert got == pytest.approx(7e-12 * 5.6**4 * rate**1.6, rel=0.01)


def test_marshall_palmer_levels():
    """Z = 200 R^1.6: 23 dBZ at 1 mm/h, 39 dBZ at 10 mm/h, 55 dBZ at 100 mm/h (Battan, 1973, ch. 7)."""
    z = clutter.rain_reflectivity([1.0, 10.0, 100.0])
    np.testing.assert_allclose(10.0 * np.log10(z), [23.0, 39.0, 55.0], atol=0.02)


def test_probert_jones_volume():
    """Probert-Jones 1962: the Gaussian beam fills pi theta phi R^2 dR / (8 ln 2)."""
    cell = {"range_cell_m": 150.0, "beamwidth_azimuth_rad": 0.02, "beamwidth_elevation_rad": 0.03}
    expected = math.pi * 0.02 * 0.03 * 4e4**2 * 150.0 / (8.0 * math.log(2.0))
    assert clutter.cell_volume_m3(4e4, **cell) == pytest.approx(expected, rel=1e-12)


def test_mti_factor_of_the_radar_toolbox():
    """MathWorks, ``mtifactor`` example: 4 pulses, 300 MHz, 200 Hz, 2 m/s (its default): 55.3986 dB."""
    got = clutter.mti_improvement(4, prf_hz=200.0, spread_mps=2.0, wavelength_m=C_MPS / 300e6)
    assert level_db(got) == pytest.approx(55.3986, abs=5e-5)


def test_scanning_limits_of_skolnik():
    """Skolnik, 2nd ed., 1980, section 4.6: scanning limits I to n^2/1.388 (one delay) and n^4/3.853 (two)."""
    prf, beamwidth, n_hits, wavelength = 1000.0, 0.02, 40.0, 0.1
    spread = clutter.scanning_spread_mps(wavelength, beamwidth * prf / n_hits, beamwidth)
    case = {"prf_hz": prf, "spread_mps": spread, "wavelength_m": wavelength}
    assert clutter.mti_improvement_narrow(2, **case) == pytest.approx(n_hits**2 / 1.388, rel=3e-3)
    assert clutter.mti_improvement_narrow(3, **case) == pytest.approx(n_hits**4 / 3.853, rel=4e-3)


def test_narrow_forms_of_skolnik():
    """Skolnik, 2nd ed., 1980, eqs. 4.25, 4.26: fp^2/(4 pi^2 s^2) x 2 and fp^4/(8 pi^4 s^4), s = 2 sigma_v/lambda."""
    fp, sigma_v, wavelength = 800.0, 0.4, 0.1
    s = 2.0 * sigma_v / wavelength
    case = {"prf_hz": fp, "spread_mps": sigma_v, "wavelength_m": wavelength}
    assert clutter.mti_improvement_narrow(2, **case) == pytest.approx(fp**2 / (2.0 * math.pi**2 * s**2))
    assert clutter.mti_improvement_narrow(3, **case) == pytest.approx(fp**4 / (8.0 * math.pi**4 * s**4))


def test_richards_closed_forms():
    """Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, eqs. 5.57 to 5.60.

    1/(1 - rho1) and 1/(1 - 4/3 rho1 + 1/3 rho2) with Gaussian rho: 13 dB and more for a spectrum narrow against the
    repetition frequency (0.05 of it), as the text says.
    """
    rho = [math.exp(-2.0 * (math.pi * 0.05 * k) ** 2) for k in (1, 2)]
    case = {"prf_hz": 1.0, "spread_mps": 0.05, "wavelength_m": 2.0}
    assert clutter.mti_improvement(2, **case) == pytest.approx(1.0 / (1.0 - rho[0]), rel=1e-9)
    assert clutter.mti_improvement(3, **case) == pytest.approx(1.0 / (1.0 - (4.0 * rho[0] - rho[1]) / 3.0), rel=1e-9)
    assert level_db(clutter.mti_improvement(2, **case)) > 13.0


def test_staggers_of_shrader():
    """Radar Handbook, 3rd ed., 2008, section 2.8: 25:30:27:31 moves the first blind speed to 28.25 times the mean's."""
    ratio = clutter.stagger_blind_speed_mps((25, 30, 27, 31), 1e-3, 0.1) / clutter.blind_speeds_mps(1000.0, 0.1)
    assert ratio == pytest.approx(28.25, rel=1e-12)


def test_blind_speeds_of_skolnik():
    """Skolnik, 3rd ed., 2001, eq. 3.9: v (knots) = 0.97 lambda (m) fp (Hz): 97 knots at 0.1 m and 1 kHz."""
    assert float(clutter.blind_speeds_mps(1000.0, 0.1)) / (1852.0 / 3600.0) == pytest.approx(97.0, abs=0.3)


@pytest.mark.parametrize(("shape", "gain_db"), [(0.5, 8.4), (1.0, 6.3), (10.0, 1.7)])
def test_threshold_in_k_clutter(shape, gain_db):
    """Exact values of the K law's exceedance (Ward, Tough & Watts, *Sea Clutter*, 2nd ed., 2013, ch. 4), Pfa 1e-6."""
    ratio = clutter.multiplier(clutter.Law("k", shape), 1e-6) / clutter.multiplier(clutter.RAYLEIGH, 1e-6)
    assert level_db(ratio) == pytest.approx(gain_db, abs=0.05)


def test_windblown_spectra_of_billingsley():
    """Billingsley, *Low-Angle Radar Land Clutter*, 2002, table of beta: 5.7 s/m windy (15-30 mph), 5.2 gale force.

    The formula through the middles of the classes; the classes' own figures scatter by a tenth about it.
    """
    for wind_mph, beta in ((22.0, 5.7), (42.0, 5.2)):
        found = math.sqrt(2.0) / clutter.windblown_spread_mps(wind_mph * 0.44704)
        assert found == pytest.approx(beta, rel=0.15)
