"""Patterns against plain integrals of the aperture, and the laws that any antenna keeps."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.physics import antenna

NARROW = math.radians(2.0)


def shapes():
    return [("gaussian", None), ("gaussian", -35.0), ("uniform", None), ("cosine", None), ("taylor", -25.0)]


@pytest.mark.parametrize(("taper", "sidelobe_db"), shapes())
@pytest.mark.parametrize("beamwidth_deg", [0.3, 2.0, 40.0, 120.0])
def test_the_half_power_beamwidth_is_met(taper, sidelobe_db, beamwidth_deg):
    width = math.radians(beamwidth_deg)
    u = np.sin(0.5 * width) * np.array([-1.0, 0.0, 1.0])
    np.testing.assert_allclose(antenna.taper_pattern(taper, u, width, sidelobe_db), [0.5, 1.0, 0.5], rtol=1e-12)


@given(u=st.floats(-2.0, 2.0), which=st.sampled_from(shapes()), width=st.floats(0.005, 2.0))
def test_a_pattern_is_even_and_never_above_its_peak(u, which, width):
    left, right = antenna.taper_pattern(which[0], [-u, u], width, which[1])
    assert left == right
    assert 0.0 <= right <= 1.0 + 1e-12


def line_source(x, illumination):
    """Field of an aperture of unit length by plain quadrature; x = u L / lambda."""
    with mpmath.workdps(30):
        x = mpmath.mpf(x)

        def integral(f):
            return mpmath.quad(f, mpmath.linspace(0, 0.5, 9))

        return float(integral(lambda p: illumination(p) * mpmath.cos(2 * mpmath.pi * x * p)) / integral(illumination))


def taylor_illumination(sidelobe_db, n_bar):
    """Taylor's aperture distribution from his Fourier series, in many digits."""
    a = mpmath.acosh(mpmath.mpf(10) ** (-mpmath.mpf(sidelobe_db) / 20)) / mpmath.pi
    s2 = n_bar**2 / (a**2 + (n_bar - mpmath.mpf(0.5)) ** 2)
    weights = []
    for m in range(1, n_bar):
        f = mpmath.factorial(n_bar - 1) ** 2
        f /= mpmath.factorial(n_bar - 1 + m) * mpmath.factorial(n_bar - 1 - m)
        for n in range(1, n_bar):
            f *= 1 - m**2 / (s2 * (a**2 + (n - mpmath.mpf(0.5)) ** 2))
        weights.append(f)
    return lambda p: 1 + 2 * sum(f * mpmath.cos(2 * mpmath.pi * (m + 1) * p) for m, f in enumerate(weights))


@pytest.mark.parametrize(
    ("taper", "sidelobe_db", "n_bar", "illumination"),
    [
        ("uniform", None, None, lambda p: mpmath.mpf(1)),
        ("cosine", None, None, lambda p: mpmath.cos(mpmath.pi * p)),
        ("taylor", -30.0, 4, taylor_illumination(-30, 4)),
        ("taylor", -45.0, 8, taylor_illumination(-45, 8)),
    ],
)
def test_a_pattern_is_the_fourier_integral_of_its_aperture(taper, sidelobe_db, n_bar, illumination):
    factor = antenna.taper_figures(taper, sidelobe_db, n_bar=n_bar).beamwidth_factor
    # 1, 3 and 7 are removable singularities of the product form, 1.00003 lies near one
    x = np.array([0.0, 0.3, 0.5, 1.0, 1.00003, 1.0002, 2.9999, 3.0, 3.7, 6.99995, 7.0, 12.2])
    expected = np.array([line_source(v, illumination) for v in x])
    got = antenna.taper_pattern(taper, x * math.sin(0.5 * NARROW) / (0.5 * factor), NARROW, sidelobe_db, n_bar=n_bar)
    np.testing.assert_allclose(np.sqrt(got), np.abs(expected), atol=1e-10)


@pytest.mark.parametrize("sidelobe_db", [-20.0, -30.0, -45.0, -60.0])
def test_taylor_sidelobes_stay_at_their_design(sidelobe_db):
    found = antenna.taper_figures("taylor", sidelobe_db).peak_sidelobe_db
    assert sidelobe_db - 1.0 < found <= sidelobe_db + 0.05


def test_a_low_floor_is_the_only_sidelobe_of_a_gaussian_beam():
    far = antenna.taper_pattern("gaussian", [0.5, -0.9], NARROW, -40.0)
    np.testing.assert_allclose(far, 1e-4)
    assert antenna.taper_pattern("gaussian", 0.2, NARROW) < 1e-30


def test_a_million_directions_take_little_time_and_any_shape():
    u = np.linspace(-1.0, 1.0, 1001).reshape(7, 11, 13)
    assert antenna.taper_pattern("taylor", u, NARROW, -30.0).shape == u.shape
    assert antenna.taper_pattern("taylor", 0.0, NARROW, -30.0) == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hann", 0.0, NARROW, None), "taper must be one of"),
        (("taylor", 0.0, NARROW, None), "needs sidelobe_db"),
        (("taylor", 0.0, NARROW, 30.0), "a sign"),
        (("gaussian", 0.0, NARROW, 30.0), "a sign"),
        (("uniform", 0.0, NARROW, -13.0), "leave it out"),
        (("uniform", 0.0, 5.0, None), "degrees"),
        (("uniform", [0.0, math.nan], NARROW, None), "offset_sin"),
        (("gaussian", 0.0, math.nan, None), "beamwidth_rad"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        antenna.taper_pattern(*arguments)


def test_n_bar_belongs_to_taylor_alone():
    with pytest.raises(ValueError, match="n_bar"):
        antenna.taper_pattern("cosine", 0.0, NARROW, n_bar=4)
    with pytest.raises(ValueError, match="a beam"):
        antenna.taper_figures("gaussian")


def test_a_uniform_array_at_half_a_wavelength_has_its_line_pattern_near_the_peak():
    m = 200
    u = np.linspace(-0.03, 0.03, 61)
    width = 2.0 * math.asin(0.5 * 0.8858929 / (0.5 * m))
    line = antenna.taper_pattern("uniform", u, width)
    # the array's Dirichlet kernel differs from the sinc by (pi u d)^2 / 6 of its value
    np.testing.assert_allclose(antenna.array_pattern(np.ones(m), 0.5, u), line, atol=1e-3)


@given(spacing=st.floats(0.2, 1.5), steer=st.floats(-0.9, 0.9), n=st.integers(1, 9))
def test_array_directivity_is_the_peak_over_the_mean_of_the_pattern(spacing, steer, n):
    weights = np.linspace(1.0, 0.5, n)
    u, w = np.polynomial.legendre.leggauss(200)
    mean = 0.5 * w @ antenna.array_pattern(weights, spacing, u - steer)  # over the sphere: uniform in u
    assert antenna.array_directivity(weights, spacing, steer_sin=steer) == pytest.approx(1.0 / mean, rel=1e-9)


def test_taper_efficiency_of_many_elements_is_that_of_the_aperture():
    p = (np.arange(2000) + 0.5) / 2000 - 0.5
    found = antenna.taper_efficiency(np.cos(math.pi * p))
    assert found == pytest.approx(antenna.taper_figures("cosine").efficiency, rel=1e-6)


def test_directivity_of_a_gaussian_beam_is_its_integral_over_the_sphere():
    width = math.radians(5.0)
    theta = np.linspace(0.0, 0.5, 20_001)
    power = 2.0 ** (-((theta / (0.5 * width)) ** 2))
    mean = 0.5 * np.trapezoid(power * np.sin(theta), theta)
    assert antenna.directivity_from_beamwidths(width, width, beam="gaussian") == pytest.approx(1.0 / mean, rel=2e-3)


def test_directivity_of_a_uniform_aperture_is_that_of_its_area():
    side, wavelength = 3.0, 0.03
    width = antenna.beamwidth_rad(side, wavelength, factor=antenna.taper_figures("uniform").beamwidth_factor)
    gain = antenna.aperture_gain(side * side, wavelength)
    assert antenna.directivity_from_beamwidths(width, width, beam="rectangular") == pytest.approx(gain, rel=1e-4)


@given(peak=st.floats(-0.02, 0.1), width=st.floats(0.05, 0.15))
def test_a_cosecant_beam_gives_equal_echo_at_constant_height(peak, width):
    elevation = np.linspace(peak + 0.5 * width, 0.7, 9)
    g = antenna.cosecant_squared(elevation, peak, width, 0.7)
    np.testing.assert_allclose(g * np.sin(elevation) ** 2, 0.5 * np.sin(elevation[0]) ** 2, rtol=1e-9)
    # continuous at the join and at the upper end
    edges = np.array([peak + 0.5 * width, 0.7])
    below, above = antenna.cosecant_squared([edges - 1e-9, edges + 1e-9], peak, width, 0.7)
    np.testing.assert_allclose(below, above, rtol=1e-6)


def test_cosecant_loss_is_the_ratio_of_plain_sums():
    peak, width, top = math.radians(3.0), math.radians(5.0), math.radians(35.0)
    x = np.linspace(-0.5, 1.2, 400_001)
    full = np.sum(antenna.cosecant_squared(x, peak, width, top) * np.cos(x))
    lobe = np.sum(2.0 ** (-((2.0 * (x - peak) / width) ** 2)) * np.cos(x))
    assert antenna.cosecant_squared_loss_db(peak, width, top) == pytest.approx(10 * math.log10(full / lobe), abs=1e-5)


def test_a_cosecant_beam_needs_its_parts_in_order():
    with pytest.raises(ValueError, match="elevation_max_rad"):
        antenna.cosecant_squared(0.1, 0.05, 0.1, 0.09)


@given(theta=st.floats(-1.2, 1.2), exponent=st.floats(0.0, 3.0))
def test_scan_loss_and_element_pattern_are_one_another_s_inverse(theta, exponent):
    product = antenna.scan_loss(theta, exponent=exponent) * antenna.element_pattern(theta, exponent=exponent)
    assert product == pytest.approx(1.0, rel=1e-12)
    assert antenna.scan_loss(theta, exponent=exponent) >= 1.0


def test_nothing_leaves_an_array_backwards():
    assert antenna.element_pattern(2.0) == 0.0


@given(width=st.floats(1e-4, 0.02), theta=st.floats(-1.0, 1.0))
def test_a_steered_beam_broadens_with_the_projected_aperture(width, theta):
    # next term: relative (s^2 / 6)(1 + 2 sin^2)/cos^4 with s = width / 2
    assert antenna.broadened_beamwidth(width, theta) == pytest.approx(width / math.cos(theta), rel=1e-3)


def test_a_beam_at_end_fire_is_refused():
    with pytest.raises(ValueError, match="end-fire"):
        antenna.broadened_beamwidth(0.1, [0.0, 1.5])


def test_the_grating_lobe_of_the_limit_stands_at_end_fire():
    scan = math.radians(45.0)
    spacing = float(antenna.grating_lobe_spacing(scan))
    lobe = antenna.array_pattern(np.ones(16), spacing, -1.0 - math.sin(scan))
    assert lobe == pytest.approx(1.0, rel=1e-9)


def test_error_sidelobes_are_what_random_arrays_show():
    rng = np.random.default_rng(5)
    n, trials, failed, phase, amplitude = 64, 3000, 0.1, 0.2, 0.1
    alive = rng.uniform(size=(trials, n)) >= failed
    weights = alive * (1 + amplitude * rng.normal(size=(trials, n))) * np.exp(1j * phase * rng.normal(size=(trials, n)))
    u = 2.0 / n * (np.arange(3, 30) + 0.0)  # nulls of the uniform array: only errors radiate there
    steps = np.exp(1j * math.pi * np.outer(np.arange(n), u))
    mean = np.mean(np.abs(weights @ steps) ** 2) / np.mean(np.abs(weights.sum(axis=1)) ** 2)
    expected = antenna.error_sidelobe(n, phase_sd_rad=phase, amplitude_sd=amplitude, failed=failed)
    # 27 x 3000 exponential samples: 0.4 % a sigma; the second-order terms left out are below 5 %
    assert mean == pytest.approx(expected, rel=0.06)


def test_beam_shape_loss_of_dense_pulses_is_that_of_all_the_pattern():
    # all pulses of a wide arc, compared with those inside the beamwidth: n_B pulses at the peak
    density, n = 101, 2001
    all_of_it = antenna.beam_shape_loss_db(pulses_per_beamwidth=density, n_pulses=n) - 10 * math.log10(n / density)
    assert all_of_it == pytest.approx(antenna.beam_shape_loss_db(), abs=1e-9)
    assert antenna.beam_shape_loss_db(n_axes=2) == pytest.approx(2.0 * antenna.beam_shape_loss_db())


def test_one_pulse_at_the_peak_loses_nothing():
    assert antenna.beam_shape_loss_db(pulses_per_beamwidth=1.0) == 0.0
    with pytest.raises(ValueError, match="odd"):
        antenna.beam_shape_loss_db(pulses_per_beamwidth=4.0, n_pulses=4)
    with pytest.raises(ValueError, match="pulses_per_beamwidth"):
        antenna.beam_shape_loss_db(n_pulses=3)


def test_raster_loss_is_the_mean_of_the_two_way_beam():
    x = (np.arange(20_000) + 0.5) / 20_000 - 0.5
    mean = np.mean(antenna.taper_pattern("gaussian", 0.8 * x * 0.01, 2.0 * math.asin(0.005)) ** 2)
    assert antenna.raster_loss_db(0.8, n_axes=1) == pytest.approx(-10 * math.log10(mean), abs=1e-6)


def test_mean_sidelobe_and_the_main_lobe_share_the_power():
    assert antenna.mean_sidelobe(500.0, 1.0) == 0.0
    with pytest.raises(ValueError, match="decibels"):
        antenna.mean_sidelobe(-3.0, 0.5)
