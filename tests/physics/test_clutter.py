"""Reflectivity and cells: domains, limits, and the plain integral of a beam over the ground."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.physics import clutter


@given(grazing=st.floats(0.01, 1.5), more=st.floats(0.0, 0.05), gamma=st.floats(-40.0, 10.0))
def test_land_echoes_more_the_steeper_the_ray(grazing, more, gamma):
    low, high = clutter.sigma0_constant_gamma([grazing, grazing + more], gamma)
    assert 0.0 < low <= high <= 10.0 ** (0.1 * gamma)


@given(
    frequency=st.floats(0.5e9, 35e9),
    grazing_deg=st.floats(0.1, 10.0),
    state=st.floats(0.0, 5.0),
    polarisation=st.sampled_from(["hh", "vv"]),
)
def test_a_rougher_sea_echoes_more(frequency, grazing_deg, state, polarisation):
    calm, rough = clutter.sigma0_nrl_sea(
        frequency, math.radians(grazing_deg), [state, state + 1.0], polarisation=polarisation
    )
    assert calm < rough < 1.0


def test_a_calm_sea_echoes_more_in_vertical_polarisation():
    grazing = np.radians([0.3, 1.0, 3.0, 10.0])
    hh, vv = (clutter.sigma0_nrl_sea(3e9, grazing, 1.0, polarisation=p) for p in ("hh", "vv"))
    assert np.all(vv > hh)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clutter.sigma0_nrl_sea(0.2e9, 0.1, 2.0), "frequency_hz"),
        (lambda: clutter.sigma0_nrl_sea(3e9, 1.0, 7.0), "sea_state"),
        (lambda: clutter.sigma0_nrl_sea(3e9, 1e-4, 2.0), "grazing_rad"),
        (lambda: clutter.sigma0_nrl_sea(3e9, math.nan, 2.0), "grazing_rad"),
        (lambda: clutter.sigma0_nrl_sea(3e9, 0.1, 2.0, polarisation="hv"), "hh or vv"),
        (lambda: clutter.sigma0_constant_gamma(5.0, -10.0), "degrees"),
        (lambda: clutter.land_gamma_db("moon"), "flatland, farmland"),
        (lambda: clutter.rain_reflectivity(-1.0), "rain_rate_mmph"),
        (lambda: clutter.weather_reflectivity(3e9, -5.0), "dBZ"),
        (lambda: clutter.grazing_angle_rad(100.0, 50.0), "range_m"),
        (
            lambda: clutter.cell_area_m2(
                1e3, 0.1, range_cell_m=1.0, beamwidth_azimuth_rad=0.0, beamwidth_elevation_rad=0.1
            ),
            "beamwidth",
        ),
    ],
)
def test_what_lies_outside_a_model_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("grazing_deg", "range_cell_m"), [(0.5, 150.0), (3.0, 15.0), (40.0, 5_000.0), (60.0, 9_000.0)])
def test_the_area_of_a_cell_is_the_beam_s_plain_integral_over_the_ground(grazing_deg, range_cell_m):
    slant, azimuth, elevation = 20e3, math.radians(1.5), math.radians(2.0)
    psi = math.radians(grazing_deg)
    height = slant * math.sin(psi)  # flat ground
    two_way = 8.0 * math.log(2.0)
    ranges = np.linspace(max(slant - 0.5 * range_cell_m, 1.001 * height), slant + 0.5 * range_cell_m, 20_001)
    tilt = np.arcsin(height / ranges) - psi
    weight = np.exp(-two_way * (tilt / elevation) ** 2)  # in elevation
    along = ranges / np.sqrt(ranges**2 - height**2)  # ground metres a metre of range
    across = ranges * azimuth * math.sqrt(math.pi / two_way)
    expected = np.trapezoid(weight * along * across, ranges)
    got = clutter.cell_area_m2(
        slant, psi, range_cell_m=range_cell_m, beamwidth_azimuth_rad=azimuth, beamwidth_elevation_rad=elevation
    )
    assert got == pytest.approx(expected, rel=0.02)


@given(slant=st.floats(1e3, 1e5), grazing=st.floats(0.01, 1.5))
def test_a_cell_is_never_larger_than_either_limit(slant, grazing):
    cell = {"beamwidth_azimuth_rad": 0.02, "beamwidth_elevation_rad": 0.03, "beam_shape_loss": 1.0}
    area = clutter.cell_area_m2(slant, grazing, range_cell_m=150.0, **cell)
    assert area <= slant * 0.02 * 150.0 / math.cos(grazing) * (1.0 + 1e-12)
    assert area <= slant**2 * 0.02 * 0.03 / math.sin(grazing) * (1.0 + 1e-12)


@given(height=st.floats(1.0, 1e4), share=st.floats(0.0, 1.0))
def test_the_grazing_angle_closes_the_triangle_to_the_earth_s_centre(height, share):
    radius = 8_500e3
    horizon = math.sqrt(2.0 * radius * height + height**2)
    slant = height + share * (horizon - height)
    psi = clutter.grazing_angle_rad(height, slant, effective_radius_m=radius)
    # cosine theorem at the point on the surface
    assert math.hypot(radius + slant * math.sin(psi), slant * math.cos(psi)) == pytest.approx(radius + height, abs=1e-3)
    assert psi >= -1e-6


def test_the_surface_beyond_the_horizon_is_not_seen():
    assert clutter.grazing_angle_rad(100.0, 100e3) < 0.0
    assert clutter.grazing_angle_rad(100.0, 1000.0, effective_radius_m=math.inf) == pytest.approx(math.asin(0.1))


def test_gamma_falls_by_five_decibels_a_decade():
    assert clutter.land_gamma_db("city", frequency_hz=1e9) == pytest.approx(-5.0)
