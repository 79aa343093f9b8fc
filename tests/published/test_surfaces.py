"""Permittivity of sea and soil against values that others printed."""

import numpy as np
import pytest

from watchfloor.physics import propagation


def test_standard_sea_water_conducts_as_unesco_says():
    # Culkin & Smith, IEEE Journal of Oceanic Engineering 5 (1), 1980: 42.914 mS/cm at 35 psu and 15 C
    np.testing.assert_allclose(propagation.sea_conductivity(15.0, 35.0), 4.2914, atol=1e-4)


def test_pure_water_meets_its_static_permittivity():
    # Archer & Wang, Journal of Physical and Chemical Reference Data 19, 1990, table 4: 80.1 at 20 C, 78.4 at 25 C
    found = propagation.sea_permittivity(1e6, temperature_c=[20.0, 25.0], salinity_gpkg=0.0).real
    np.testing.assert_allclose(found, [80.1, 78.4], atol=0.4)


@pytest.mark.parametrize("frequency_mhz", [100.0, 1000.0, 2000.0, 3000.0, 6000.0])
def test_sea_water_is_near_blakes_constants(frequency_mhz):
    # Blake, NRL Report 7098, 1970, p. 9: sea water at 10 C, straight lines between 1.5, 3 and 10 GHz
    f = frequency_mhz
    if f <= 1500:
        eps, sigma = 80.0, 4.3
    elif f <= 3000:
        eps, sigma = 80.0 - 0.00733 * (f - 1500), 4.30 + 0.00148 * (f - 1500)
    else:
        eps, sigma = 69.0 - 0.00243 * (f - 3000), 6.52 + 0.001314 * (f - 3000)
    wanted = eps - 18e3j * sigma / f
    found = propagation.sea_permittivity(1e6 * f, temperature_c=10.0)
    assert abs(found - wanted) < 0.15 * abs(wanted)
    # and what matters to lobing hardly differs
    grazing = np.radians([0.5, 2.0, 10.0])
    for polarisation in ("H", "V"):
        gap = propagation.fresnel_reflection(grazing, found, polarisation) - propagation.fresnel_reflection(
            grazing, wanted, polarisation
        )
        assert np.abs(gap).max() < 0.06


@pytest.mark.parametrize("water", [0.05, 0.1, 0.2, 0.3, 0.4])
def test_soil_lies_on_topps_curve(water):
    # Topp, Davis & Annan, Water Resources Research 16, 1980, eq. (7 solved for eps): mineral soils, 20 MHz to 1 GHz
    wanted = 3.03 + 9.3 * water + 146.0 * water**2 - 76.7 * water**3
    np.testing.assert_allclose(propagation.soil_permittivity(1e9, water=water).real, wanted, rtol=0.12)
