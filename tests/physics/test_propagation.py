import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from tests.plain import propagation as plain
from watchfloor.physics import frames, propagation, radar
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.radar import Radar


def test_horizon_meets_the_brochure_check():
    # 4/3 earth from the ground to 100 m and 1000 m: 41 and 130 km (the first term of Skolnik, 3rd ed., ch. 8)
    np.testing.assert_allclose(propagation.horizon_m(0.0, [100.0, 1000.0]) / 1e3, [41.2, 130.3], atol=0.06)


def test_horizon_is_symmetric_and_starts_as_a_square_root():
    np.testing.assert_allclose(propagation.horizon_m(20.0, 3e3), propagation.horizon_m(3e3, 20.0), rtol=1e-14)
    small = propagation.horizon_m(0.0, 1e-3)
    np.testing.assert_allclose(small, np.sqrt(2 * 4 / 3 * propagation.MEAN_RADIUS_M * 1e-3), rtol=1e-8)


def test_effective_radius_meets_the_published_figure():
    # -39 N/km gives k = 1.3306, 8477.4 km (MATLAB, effearthradius, documentation example)
    np.testing.assert_allclose(propagation.effective_radius_m(-39.0, earth_radius_m=6371e3), 8477.4e3, atol=60.0)
    with pytest.raises(ValueError, match="ducts"):
        propagation.effective_radius_m(-160.0)


def test_curvature_has_its_known_ends():
    # WGS 84 (NGA.STND.0036, 2014): polar radius of curvature 6 399 593.6258 m; at the equator a (1 - e2)
    np.testing.assert_allclose(propagation.curvature_radius_m(np.pi / 2, [0.0, 1.0]), 6_399_593.6258, atol=1e-3)
    found = propagation.curvature_radius_m(0.0, np.radians([0.0, 90.0]))
    np.testing.assert_allclose(found, [6_335_439.327, 6_378_137.0], atol=1e-3)


def test_apparent_elevation_with_k_1_is_geometric():
    place = frames.Place.from_degrees(30.0, 0.0, 50.0)
    line = Geodesic.WGS84.Direct(30.0, 0.0, 70.0, 200e3)
    target = frames.geodetic_to_ecef(np.radians(line["lat2"]), np.radians(line["lon2"]), 9e3)
    earth = propagation.curvature_radius_m(place.lat_rad, np.radians(70.0))
    found = propagation.apparent_elevation_rad(50.0, 9e3, 200e3, k=1.0, earth_radius_m=earth)
    np.testing.assert_allclose(found, frames.ecef_to_polar(target, place)[2], atol=2e-6)


def test_apparent_elevation_of_the_horizon_is_the_dip():
    distance = propagation.horizon_m(30.0, 5e3)
    dip = propagation.apparent_elevation_rad(30.0, 0.0, propagation.horizon_m(30.0, 0.0))
    np.testing.assert_allclose(propagation.apparent_elevation_rad(30.0, 5e3, distance), dip, rtol=1e-9)
    assert dip < 0.0


def test_visible_ends_at_the_horizon():
    distance = propagation.horizon_m(30.0, 5e3)
    assert propagation.visible(30.0, 5e3, 0.9999 * distance)
    assert not propagation.visible(30.0, 5e3, 1.0001 * distance)


def test_negative_heights_are_refused():
    with pytest.raises(ValueError, match="above the ground"):
        propagation.horizon_m(-1.0, 5.0)


def grazing_path(lat_deg, azimuth_deg, h1_m, h2_m):
    """Both ends of the 4/3-earth ray that grazes the ellipsoid at a point, by integration along the geodesic.

    Every step has its own radius of curvature; h'' = (a + h)/a^2 + 2 h'^2/(a + h) is a straight line in polar form.
    """
    ends = []
    for azimuth, top in ((azimuth_deg + 180.0, h1_m), (azimuth_deg, h2_m)):
        line = Geodesic.WGS84.Line(lat_deg, 20.0, azimuth)
        step, s, h, slope = 250.0, 0.0, 0.0, 0.0
        while h < top:
            here = line.Position(s + 0.5 * step, Geodesic.LATITUDE | Geodesic.AZIMUTH)
            a = 4 / 3 * propagation.curvature_radius_m(np.radians(here["lat2"]), np.radians(here["azi2"]))
            bend = (a + h) / a**2 + 2 * slope**2 / (a + h)
            h, slope, s, before = h + step * slope + 0.5 * step**2 * bend, slope + step * bend, s + step, h
        s -= step * (h - top) / (h - before)
        ends.append(line.Position(s))
    return ends


@pytest.mark.parametrize("lat_deg", [0.0, 38.0, 60.0, -75.0])
@pytest.mark.parametrize("azimuth_deg", [0.0, 55.0, 90.0])
def test_coverage_is_right_to_a_thousandth_at_any_latitude(lat_deg, azimuth_deg):
    card = Radar.of(
        frequency_hz=3e9,
        peak_power_w=1e6,
        pulse_width_s=1e-5,
        bandwidth_hz=1e6,
        n_coherent=1,
        n_pulses=1,
        gain_tx=1e4,
        gain_rx=1e4,
        noise_temperature_k=500.0,
        losses=2.0,
        beamwidth_azimuth_rad=0.03,
        beamwidth_elevation_rad=0.03,
        elevation_min_rad=-0.1,
        elevation_max_rad=0.5,
        period_s=10.0,
        pfa=1e-6,
        range_min_m=1e3,
        range_max_m=1e6,
        range_rate_max_mps=1e3,
        measures_elevation=True,
        measures_range_rate=False,
    )
    for h1, h2 in ((25.0, 1000.0), (25.0, 18e3)):
        near, far = grazing_path(lat_deg, azimuth_deg, h1, h2)
        path = Geodesic.WGS84.Inverse(near["lat2"], near["lon2"], far["lat2"], far["lon2"])
        place = frames.Place.from_degrees(near["lat2"], near["lon2"], h1)
        lat, lon = frames.destination(
            place.lat_rad, place.lon_rad, np.radians(path["azi1"]), path["s12"] * np.array([0.999, 1.001])
        )
        seen = radar.look(
            card,
            Targets(ecef_m=frames.geodetic_to_ecef(lat, lon, h2), velocity_ecef_mps=np.zeros((2, 3))),
            Environment(place=place),
        )
        assert seen.visible.tolist() == [True, False]


# Multipath and diffraction

CALM = propagation.Surface(kind="sea")


def test_mirror_point_and_divergence_agree_with_their_plain_twin():
    rng = np.random.default_rng(11)
    radius = 8.5e6
    for _ in range(40):
        h1, h2 = 10 ** rng.uniform(0.5, 3.0), 10 ** rng.uniform(1.0, 4.2)
        ground = propagation.horizon_m(h1, h2, 1.0, radius) * rng.uniform(0.01, 0.95)
        excess, grazing, divergence = plain.mirror(h1, h2, ground, radius)
        rays = propagation.two_rays(h1, h2, ground, k=1.0, earth_radius_m=radius)
        np.testing.assert_allclose(rays.grazing_rad, grazing, rtol=1e-6)
        np.testing.assert_allclose(rays.excess_m, excess, rtol=1e-9)
        np.testing.assert_allclose(rays.divergence, divergence, rtol=3e-4)


@given(h1=st.floats(0.0, 2e3), h2=st.floats(0.0, 2e4), share=st.floats(0.0, 1.2))
def test_two_rays_are_symmetric_and_graze_less_than_the_flat_earth(h1, h2, share):
    ground = share * propagation.horizon_m(h1, h2)
    there, back = propagation.two_rays(h1, h2, ground), propagation.two_rays(h2, h1, ground)
    for name in ("excess_m", "grazing_rad", "divergence"):
        np.testing.assert_allclose(getattr(there, name), getattr(back, name), rtol=1e-6, atol=1e-9)
    flat = np.hypot(ground, h1 + h2) - np.hypot(ground, h2 - h1)
    assert there.excess_m <= flat * (1 + 1e-9) + 1e-6
    assert 0.0 <= there.divergence <= 1.0
    assert there.elevation_mirrored_rad <= 0.0


def test_a_great_sphere_is_flat():
    ground = np.geomspace(100.0, 1e5, 40)
    eps = propagation.sea_permittivity(1e9)
    rays = propagation.two_rays(20.0, 500.0, ground, k=1e6)
    mirror = propagation.fresnel_reflection(rays.grazing_rad, eps, "V")
    flat = propagation.two_ray_flat(1e9, 20.0, 500.0, ground, mirror)
    round_ = propagation.two_ray_spherical(CALM, 1e9, "V", 20.0, 500.0, ground, k=1e6)
    np.testing.assert_allclose(round_, flat, rtol=0, atol=1e-4)


def test_over_the_antenna_the_mirrored_ray_comes_straight_down():
    rays = propagation.two_rays(10.0, 3000.0, 0.0)
    np.testing.assert_allclose([rays.excess_m, rays.grazing_rad], [20.0, np.pi / 2], rtol=1e-12)


def test_lobes_of_a_perfect_mirror_stand_where_they_must():
    # Skolnik, 3rd ed., section 8.2: maxima 2 at sin(elevation) = (2n + 1) lambda / 4h, nulls at n lambda / 2h
    wavelength, height, far = 0.1, 10.0, 1e7
    maxima = np.arcsin((2 * np.arange(5) + 1) * wavelength / (4 * height))
    nulls = np.arcsin(np.arange(5) * wavelength / (2 * height))
    frequency = 299_792_458.0 / wavelength
    for elevation, wanted in ((maxima, 2.0), (nulls, 0.0)):
        found = propagation.two_ray_flat(frequency, height, height + far * np.tan(elevation), far)
        np.testing.assert_allclose(np.abs(found), wanted, atol=2e-3)


@pytest.mark.parametrize("polarisation", ["H", "V"])
@pytest.mark.parametrize(
    ("frequency_hz", "h1", "h2"), [(1e9, 20.0, 100.0), (3e9, 10.0, 30.0), (3e9, 100.0, 100.0), (10e9, 10.0, 50.0)]
)
def test_the_factor_follows_the_exact_field_from_the_lobes_into_the_shadow(frequency_hz, h1, h2, polarisation):
    eps = CALM.permittivity_at(frequency_hz)
    ground = propagation.horizon_m(h1, h2) * np.linspace(0.5, 1.5, 60)
    exact = propagation.residue_factor(frequency_hz, eps, polarisation, h1, h2, ground, n_modes=300)
    found = propagation.propagation_factor(CALM, frequency_hz, polarisation, h1, h2, ground)
    rays = propagation.two_rays(h1, h2, ground)
    limit = 1.2 * (299_792_458.0 / frequency_hz / (2 * np.pi * 4 / 3 * propagation.MEAN_RADIUS_M)) ** (1 / 3)
    lobes = rays.grazing_rad >= limit
    off_db = 20.0 * np.log10(np.where(lobes, np.maximum(found, 0.5) / np.maximum(exact, 0.5), found / exact))
    assert np.abs(off_db[rays.grazing_rad >= 2 * limit]).max(initial=0.0) < 0.3  # nulls left out
    assert np.abs(off_db[lobes]).max(initial=0.0) < 1.7
    assert np.abs(off_db[~lobes]).max() < 3.0


@pytest.mark.parametrize(("frequency_hz", "h1", "h2"), [(150e6, 5.0, 300.0), (1e9, 20.0, 1e4), (3e9, 500.0, 1e4)])
def test_low_and_great_heights_keep_to_the_exact_field_around_the_horizon(frequency_hz, h1, h2):
    eps = CALM.permittivity_at(frequency_hz)
    ground = propagation.horizon_m(h1, h2) * np.linspace(0.96, 1.15, 40)
    exact = propagation.residue_factor(frequency_hz, eps, "H", h1, h2, ground, n_modes=600)
    found = propagation.propagation_factor(CALM, frequency_hz, "H", h1, h2, ground)
    assert np.abs(20 * np.log10(found / exact)).max() < 3.0


def test_exact_field_meets_two_rays_deep_in_the_lobes():
    # two ways to the same field that share nothing: modes of the sphere, and geometrical optics
    ground = propagation.horizon_m(20.0, 100.0) * np.linspace(0.3, 0.4, 20)
    eps = CALM.permittivity_at(1e9)
    exact = propagation.residue_factor(1e9, eps, "H", 20.0, 100.0, ground)
    optics = np.abs(propagation.two_ray_spherical(CALM, 1e9, "H", 20.0, 100.0, ground))
    np.testing.assert_allclose(optics, exact, atol=0.03)


@given(
    frequency_hz=st.floats(100e6, 10e9),
    h1=st.floats(0.0, 200.0),
    h2=st.floats(0.0, 2e4),
    share=st.floats(0.01, 2.0),
    polarisation=st.sampled_from(["H", "V"]),
)
def test_the_factor_is_finite_at_most_2_and_has_no_step(frequency_hz, h1, h2, share, polarisation):
    ground = share * max(propagation.horizon_m(h1, h2), 100.0) * np.array([1.0, 1.0 + 1e-9])
    for surface in (CALM, propagation.Surface(kind="land", rms_height_m=0.3)):
        found = propagation.propagation_factor(surface, frequency_hz, polarisation, h1, h2, ground)
        assert np.all((found >= 0.0) & (found <= 2.0 + 1e-9))
        np.testing.assert_allclose(found[0], found[1], rtol=0.02, atol=1e-3)


def test_a_pattern_weighs_both_rays():
    ground = np.linspace(5e3, 70e3, 200)
    plain_ = propagation.propagation_factor(CALM, 1e9, "H", 20.0, 100.0, ground)
    one = propagation.propagation_factor(CALM, 1e9, "H", 20.0, 100.0, ground, pattern=np.ones_like)
    np.testing.assert_allclose(one, plain_, rtol=1e-9)
    half = propagation.propagation_factor(CALM, 1e9, "H", 20.0, 100.0, ground, pattern=lambda e: np.full(e.shape, 0.5))
    np.testing.assert_allclose(half, 0.5 * plain_, rtol=1e-6)
    up = propagation.propagation_factor(CALM, 1e9, "H", 20.0, 4000.0, ground, pattern=lambda e: (e > 0.0) + 0.0)
    seen = propagation.two_rays(20.0, 4000.0, ground).grazing_rad > 0.01
    np.testing.assert_allclose(up[seen], 1.0, rtol=1e-12)


def test_roughness_ends_the_lobes():
    ground = np.linspace(5e3, 20e3, 100)
    rough = propagation.propagation_factor(propagation.sea_surface(8), 10e9, "H", 20.0, 3000.0, ground)
    calm = propagation.propagation_factor(CALM, 10e9, "H", 20.0, 3000.0, ground)
    assert np.ptp(rough) < 0.1 < 1.5 < np.ptp(calm)


def test_roughness_models_meet_their_definitions():
    x = 2 * (2 * np.pi * 0.3 * np.sin(0.05) / 0.1) ** 2
    args = (0.3, 0.05, 0.1)
    np.testing.assert_allclose(propagation.roughness_factor(*args, model="ament"), np.exp(-x), rtol=1e-14)
    average = integrate.quad(lambda u: np.exp(x * np.cos(u)) / np.pi, 0.0, np.pi)[0]  # I0, by its integral
    np.testing.assert_allclose(propagation.roughness_factor(*args), np.exp(-x) * average, rtol=1e-12)


def test_reflection_has_its_known_ends():
    eps = 80.0 - 20.0j
    root = np.sqrt(eps)
    for polarisation, sign in (("H", 1.0), ("V", -1.0)):
        ends = propagation.fresnel_reflection([0.0, np.pi / 2], eps, polarisation)
        np.testing.assert_allclose(ends, [-1.0, sign * (1 - root) / (1 + root)], rtol=1e-12)
    brewster = np.arctan(1.0 / np.sqrt(4.0))  # Born & Wolf, 7th ed., section 1.5.3: tan(incidence) = n
    assert abs(propagation.fresnel_reflection(brewster, 4.0, "V")) < 1e-12


@given(grazing=st.floats(0.0, np.pi / 2), real=st.floats(1.001, 90.0), loss=st.floats(0.0, 1e3))
def test_reflection_never_adds_energy(grazing, real, loss):
    for polarisation in ("H", "V"):
        assert abs(propagation.fresnel_reflection(grazing, real - 1j * loss, polarisation)) <= 1.0 + 1e-9


def test_knife_edge_agrees_with_the_fresnel_integrals():
    v = np.linspace(-5.0, 5.0, 101)
    s, c = special.fresnel(v)
    wanted = -20 * np.log10(np.sqrt((1 - c - s) ** 2 + (c - s) ** 2) / 2)  # P.526-15, eq. (30) as printed
    np.testing.assert_allclose(propagation.knife_edge_loss_db(v), wanted, atol=1e-9)
    np.testing.assert_allclose(propagation.knife_edge_loss_db(1e6), 20 * np.log10(np.sqrt(2) * np.pi * 1e6), rtol=1e-9)


def test_blake_chart_is_the_factor_on_a_grid():
    slant, height = np.linspace(5e3, 150e3, 30), np.linspace(0.0, 9e3, 20)
    chart = propagation.blake_chart(
        CALM, 1.3e9, "H", 25.0, free_space_range_m=80e3, range_m=slant, height_m=height, elevation_rad=[0.0, 0.1]
    )
    assert chart.factor.shape == (20, 30)
    assert chart.factor[-1, 0] == 0.0  # 5 km of slant range do not reach 9 km of height
    assert chart.margin_db[-1, 0] == -np.inf
    radius = propagation.K_STANDARD * propagation.MEAN_RADIUS_M
    phi = 100e3 / radius
    h = height[7]
    there = np.hypot((radius + h) * np.sin(phi), (radius + h) * np.cos(phi) - radius - 25.0)
    one = propagation.blake_chart(CALM, 1.3e9, "H", 25.0, free_space_range_m=80e3, range_m=[there], height_m=[h])
    wanted = propagation.propagation_factor(CALM, 1.3e9, "H", 25.0, h, 100e3)
    np.testing.assert_allclose(one.factor[0, 0], wanted, rtol=1e-6)
    np.testing.assert_allclose(one.margin_db[0, 0], 40 * np.log10(wanted * 80e3 / there), rtol=1e-6)
    # the chart's rays are those that leave at their elevation
    back = propagation.apparent_elevation_rad(25.0, h, 100e3)
    ray = propagation.blake_chart(
        CALM, 1.3e9, "H", 25.0, free_space_range_m=1e3, range_m=[there], height_m=[h], elevation_rad=[back]
    )
    np.testing.assert_allclose(ray.ray_height_m[0, 0], h, atol=1e-3)


def test_arguments_outside_their_domain_are_refused():
    good = (1e9, "H", 10.0, 100.0, 1e4)
    for position, bad, name in (
        (0, -1.0, "frequency"),
        (2, -1.0, "height1"),
        (3, np.nan, "height2"),
        (4, -5.0, "ground"),
    ):
        args = [*good[:position], bad, *good[position + 1 :]]
        with pytest.raises(ValueError, match=name):
            propagation.propagation_factor(CALM, *args)
    with pytest.raises(ValueError, match=r"height2_m \(3,\), ground_distance_m \(2,\)"):
        propagation.propagation_factor(CALM, 1e9, "H", 10.0, [1.0, 2.0, 3.0], [1e3, 2e3])
    with pytest.raises(ValueError, match="gradient_n_per_km"):
        propagation.effective_radius_m(np.nan)
    with pytest.raises(ValueError, match="height2_m"):
        propagation.apparent_elevation_rad(1.0, np.inf, 1e3)
    with pytest.raises(ValueError, match="polarisation"):
        propagation.propagation_factor(CALM, 1e9, "X", 10.0, 100.0, 1e4)
    with pytest.raises(ValueError, match="sign of time"):
        propagation.fresnel_reflection(0.1, 80.0 + 3.0j, "H")
    with pytest.raises(ValueError, match="radians"):
        propagation.fresnel_reflection(5.0, 80.0, "H")
    with pytest.raises(ValueError, match="model"):
        propagation.roughness_factor(1.0, 0.1, 0.1, model="beckmann")
    with pytest.raises(ValueError, match="kind"):
        propagation.Surface(kind="ice")
    with pytest.raises(ValueError, match="sea_state"):
        propagation.sea_surface(9)
    with pytest.raises(ValueError, match="inside the horizon"):
        propagation.residue_factor(1e9, 70 - 30j, "H", 20.0, 1000.0, 5e3)
    with pytest.raises(ValueError, match="distance2_m"):
        propagation.fresnel_v(1.0, 1.0, 0.0, 0.1)
    with pytest.raises(ValueError, match="temperature_c"):
        propagation.sea_permittivity(1e9, temperature_c=288.15)
    with pytest.raises(ValueError, match="silt"):
        propagation.soil_permittivity(1e9, sand=0.7, clay=0.3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_the_horizon_names_what_is_outside_its_domain(bad):
    for call, name in (
        (lambda: propagation.horizon_m(bad, 0.0), "height1_m"),
        (lambda: propagation.horizon_m(0.0, [1.0, bad]), "height2_m"),
        (lambda: propagation.horizon_m(1.0, 0.0, bad), "k"),
        (lambda: propagation.horizon_m(1.0, 0.0, earth_radius_m=bad), "earth_radius_m"),
    ):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            call()


def test_curvature_refuses_degrees_and_nan():
    with pytest.raises(ValueError, match=r"lat_rad must be .*degrees\?"):
        propagation.curvature_radius_m(40.0, 0.0)
    with pytest.raises(ValueError, match="azimuth_rad must be finite"):
        propagation.curvature_radius_m(0.5, np.nan)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
def test_a_ratio_of_radii_that_is_none_is_named(bad):
    for call in (
        lambda: propagation.smooth_earth_loss_db(1e9, 70 - 30j, "V", 20.0, 100.0, 8e4, k=bad),
        lambda: propagation.residue_factor(1e9, 70 - 30j, "V", 20.0, 100.0, 8e4, k=bad),
        lambda: propagation.blake_chart(
            CALM, 1e9, "H", 20.0, free_space_range_m=1e5, range_m=[1e4], height_m=[1e2], k=bad
        ),
    ):
        with pytest.raises(ValueError, match="^k must be"):
            call()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_named(bad):
    for call, name in (
        (lambda: propagation.visible(10.0, 100.0, bad), "ground_distance_m"),
        (lambda: propagation.two_ray_flat(1e9, 10.0, 100.0, 1e4, bad), "reflection"),
        (lambda: propagation.two_ray_flat(1e9, 10.0, 100.0, 1e4, [-1.0, complex(0.0, bad)]), "reflection"),
        (lambda: propagation.sea_conductivity(bad, 35.0), "temperature_c"),
        (lambda: propagation.sea_conductivity(15.0, bad), "salinity_gpkg"),
    ):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            call()


@pytest.mark.parametrize("bad", [-1, 0, 1.5, np.nan])
def test_the_number_of_an_ellipsoid_is_whole_and_at_least_1(bad):
    with pytest.raises(ValueError, match="^n must be a whole number"):
        propagation.fresnel_radius_m(1e3, 1e3, 0.1, bad)


def test_a_sea_state_given_as_a_float_is_the_state():
    for state in range(9):
        assert propagation.sea_surface(float(state)) == propagation.sea_surface(state)
    with pytest.raises(ValueError, match="sea_state"):
        propagation.sea_surface(2.5)
