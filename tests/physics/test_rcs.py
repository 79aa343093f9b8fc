import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import rcs as plain
from watchfloor.physics import rcs
from watchfloor.physics.physical_optics import Facets, rcs_m2


def signature(**changes):
    fields = {
        "name": "toy",
        "bands": ("VHF", "X"),
        "aspect_rad": np.radians([0.0, 90.0, 180.0]),
        "dbsm": np.array([[10.0, 20.0, 0.0], [-30.0, 0.0, -20.0]]),
        "swerling": 1,
        "sigma_db": np.array([1.0, 6.0]),
        "origin": ("measured", "assumed"),
    }
    return rcs.Signature(**{**fields, **changes})


def test_luneburg_meets_the_public_figures():
    # 4 pi^3 a^4 / lambda^2 at 10 and 3 GHz: 0.86 and 0.08 m2 for 5 cm, 13.8 and 1.2 m2 for 10 cm
    np.testing.assert_allclose(rcs.luneburg_m2(0.05, [10e9, 3e9]), [0.86, 0.08], atol=5e-3)
    np.testing.assert_allclose(rcs.luneburg_m2(0.10, [10e9, 3e9]), [13.8, 1.24], atol=5e-2)


def test_luneburg_is_a_disc_seen_along_its_normal():
    area, wavelength = np.pi * 0.07**2, 299_792_458.0 / 9e9
    np.testing.assert_allclose(rcs.luneburg_m2(0.07, 9e9), 4 * np.pi * area**2 / wavelength**2, rtol=1e-13)


@pytest.mark.parametrize(
    ("frequency_hz", "band"),
    # IEEE Std 521-2019, table 1; the lower edge belongs to the band
    [(30e6, "VHF"), (299e6, "VHF"), (300e6, "UHF"), (1e9, "L"), (2e9, "S"), (5.6e9, "C"), (8e9, "X"), (94e9, "W")],
)
def test_bands_are_those_of_the_standard(frequency_hz, band):
    assert rcs.band_of(frequency_hz) == band


def test_no_band_beyond_the_table():
    with pytest.raises(ValueError, match="frequency_hz must lie in a radar band"):
        rcs.band_of(1e12)


def test_sigma_is_linear_in_decibels_between_aspects():
    found = rcs.sigma_m2(signature(), "X", np.radians([0.0, 45.0, 90.0, 180.0]))
    np.testing.assert_allclose(10 * np.log10(found), [-30.0, -15.0, 0.0, -20.0], atol=1e-9)


def test_port_and_starboard_are_alike():
    aspect = np.linspace(0.0, np.pi, 17)
    np.testing.assert_array_equal(rcs.sigma_m2(signature(), "VHF", aspect), rcs.sigma_m2(signature(), "VHF", -aspect))


def test_an_unknown_band_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="no band 'S', only VHF, X"):
        rcs.sigma_m2(signature(), "S", 0.0)


def test_a_reflector_adds_to_the_mean():
    # mean over a uniform phase of |sqrt(a) + sqrt(b) exp(i phase)|^2
    phase = 2 * np.pi * (np.arange(1000) + 0.5) / 1000
    mean = np.mean(np.abs(np.sqrt(0.3) + np.sqrt(2.0) * np.exp(1j * phase)) ** 2)
    np.testing.assert_allclose(rcs.add_incoherent(0.3, 2.0), mean, rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dbsm": np.zeros((2, 4))}, "need dbsm"),
        ({"bands": ("VHF", "VHF")}, "must differ"),
        ({"bands": ("VHF", "Q")}, "among"),
        ({"origin": ("measured", "guessed")}, "origins are"),
        ({"aspect_rad": np.radians([0.0, 90.0, 170.0])}, "rise from 0 to pi"),
        ({"dbsm": np.full((2, 3), np.nan)}, "finite"),
        ({"sigma_db": np.array([-1.0, 1.0])}, "at least 0"),
        ({"swerling": 7}, "0 to 4"),
    ],
)
def test_a_bad_signature_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        signature(**changes)


def test_a_lens_needs_sense():
    with pytest.raises(ValueError, match="radius_m"):
        rcs.luneburg_m2(-0.1, 1e9)


SIZES = [1e-5, 1e-4, 0.003, 0.1, 0.5, 1.0, np.pi, 2 * np.pi, 10.0, 37.7, 100.0]
C = 299_792_458.0


def radius_of(x):
    """Radius of the sphere of size x = ka at 1 GHz. [m]"""
    return np.asarray(x) * C / (2 * np.pi * 1e9)


def test_the_conducting_sphere_is_the_series_in_many_digits():
    radius = radius_of(SIZES)
    expected = np.pi * radius**2 * [plain.sphere_efficiency(x) for x in 2 * np.pi * 1e9 / C * radius]
    np.testing.assert_allclose(rcs.mie_sphere_m2(radius, 1e9), expected, rtol=1e-13)


def test_the_largest_sphere_is_the_series_in_many_digits():
    radius = radius_of([1e3, 1e4])
    expected = np.pi * radius**2 * [plain.sphere_efficiency(x) for x in 2 * np.pi * 1e9 / C * radius]
    np.testing.assert_allclose(rcs.mie_sphere_m2(radius, 1e9), expected, rtol=2e-12)


@pytest.mark.parametrize("index", [1.55, 1.33 + 1e-5j, 8.2 + 1.8j, 0.75, 1.0001])
def test_the_dielectric_sphere_is_the_series_in_many_digits(index):
    radius = radius_of([1e-3, 0.1, 1.0, 3.0, 20.0])
    expected = np.pi * radius**2 * [plain.sphere_efficiency(x, index) for x in 2 * np.pi * 1e9 / C * radius]
    np.testing.assert_allclose(rcs.mie_sphere_m2(radius, 1e9, refractive_index=index), expected, rtol=1e-8)


def test_a_sphere_of_endless_index_conducts():
    radius = radius_of([0.5, 1.0, 5.0])
    found = rcs.mie_sphere_m2(radius, 1e9, refractive_index=1e4 + 1e4j)
    np.testing.assert_allclose(found, rcs.mie_sphere_m2(radius, 1e9), rtol=3e-4)  # skin depth over radius


def test_the_smallest_spheres_join_the_series_smoothly():
    x = np.array([0.999e-6, 1.001e-6])
    for index in (None, 1.5 + 0.1j):
        low, high = rcs.mie_sphere_m2(radius_of(x), 1e9, refractive_index=index) / x**6
        assert low == pytest.approx(high, rel=1e-9)
    assert rcs.mie_sphere_m2(0.0, 1e9) == 0.0


def test_spheres_broadcast():
    assert rcs.mie_sphere_m2(np.ones((3, 1)), [1e9, 2e9]).shape == (3, 2)
    assert rcs.mie_sphere_m2(1.0, [1e9, 2e9], refractive_index=[[1.5], [2.0 + 1j]]).shape == (2, 2)


@pytest.mark.parametrize("shape", ["square", "triangular"])
@pytest.mark.parametrize(
    "towards", [(1, 1, 1), (1, 1.6, 2), (0.3, 1, 1.1), (0.2, 0.5, 1), (1, 0.1, 0.15), (0.3, 0.4, 1)]
)
def test_a_corner_sends_back_what_rays_do(shape, towards):
    x, y, z = towards
    found = rcs.trihedral_m2(
        1.0, 3e9, shape=shape, azimuth_rad=np.arctan2(y, x), elevation_rad=np.arctan2(z, np.hypot(x, y))
    )
    aperture = np.sqrt(found / (4 * np.pi)) * C / 3e9
    # counted on a grid of 9 mm: its edge is a few metres long, half a cell uncertain at random
    assert aperture == pytest.approx(plain.corner_aperture(shape, towards), abs=8e-3)


def test_a_corner_of_quarter_discs_sends_back_what_rays_do():
    found = rcs.trihedral_m2(1.0, 3e9, shape="circular")
    aperture = np.sqrt(found / (4 * np.pi)) * C / 3e9
    assert aperture == pytest.approx(plain.corner_aperture("circular", (1, 1, 1)), abs=8e-3)


@given(st.floats(0.0, np.pi / 2), st.floats(0.0, np.pi / 2))
def test_no_corner_outshines_its_axis(azimuth, elevation):
    for shape in ("square", "triangular"):
        best = rcs.trihedral_m2(1.0, 3e9, shape=shape)
        found = rcs.trihedral_m2(1.0, 3e9, shape=shape, azimuth_rad=azimuth, elevation_rad=elevation)
        assert 0.0 <= found <= best * (1 + 1e-9)


def test_a_square_plate_and_its_disc_have_the_same_peak_per_area():
    assert rcs.disc_m2(1 / np.sqrt(np.pi), 3e9) == pytest.approx(rcs.plate_m2(1.0, 1.0, 3e9), rel=1e-12)


def test_the_disc_is_smooth_through_its_axis():
    tilt = np.array([0.0, 1e-9, 1.58e-6, 1.6e-6, 1e-5])
    np.testing.assert_allclose(rcs.disc_m2(0.5, 3e9, tilt), rcs.disc_m2(0.5, 3e9), rtol=1e-7)


def test_an_equal_axed_ellipsoid_is_a_sphere_from_everywhere():
    azimuth, elevation = np.linspace(-3, 3, 13), np.linspace(-1.5, 1.5, 13)
    np.testing.assert_allclose(rcs.ellipsoid_m2(0.7, 0.7, 0.7, 3e9, azimuth, elevation), np.pi * 0.49, rtol=1e-12)


def test_an_ogive_from_the_side_shrinks_to_nothing_at_its_limit():
    tip = np.arcsin(2 * 0.5 * 2 * 0.25 / (0.25 + 0.25**2) / 2)  # sin = half length / arc radius, length 1, radius 0.25
    limit = np.pi / 2 - tip
    near = rcs.ogive_m2(1.0, 0.25, 10e9, limit + np.array([1e-6, 0.1, 0.3]))
    assert near[0] < 1e-5 * near[2]
    assert np.all(np.diff(near) > 0.0)
    with pytest.raises(ValueError, match="aspect_rad: no point"):
        rcs.ogive_m2(1.0, 0.25, 10e9, limit - 1e-3)


def test_a_second_diffraction_fades_with_size():
    half = np.radians(15.0)
    ratio = [rcs.cone_nose_m2(r, half, 3e9) / rcs.cone_nose_m2(r, half, 3e9, n_diffractions=1) for r in (0.1, 1.0, 1e6)]
    assert abs(ratio[2] - 1.0) < 1e-3 < abs(ratio[1] - 1.0)


def test_the_closed_forms_meet_the_facets():
    # a cylinder of 720 flat sides, and a cone: physical optics with its edges, in their specular directions
    around = np.linspace(0.0, 2 * np.pi, 721)[:-1]
    ring = np.stack([0 * around, np.cos(around), np.sin(around)], axis=1)
    n, nxt = np.arange(720), np.roll(np.arange(720), -1)
    end, other = np.full(720, 1440), np.full(720, 1441)
    corner = np.concatenate(
        [
            np.stack(t, 1)
            for t in ((n, n + 720, nxt), (nxt, n + 720, nxt + 720), (end, n, nxt), (other, nxt + 720, n + 720))
        ]
    )
    vertex = np.concatenate([0.2 * ring + [-0.5, 0, 0], 0.2 * ring + [0.5, 0, 0], [[-0.5, 0, 0], [0.5, 0, 0]]])
    tube = Facets(vertex_m=vertex, corner=corner[:, ::-1] if _inside_out(vertex, corner) else corner)
    found = rcs_m2(tube, 10e9, np.pi / 2 + np.array([0.0, 0.01, 0.02])).sigma_m2
    np.testing.assert_allclose(found, rcs.cylinder_m2(0.2, 1.0, 10e9, [0.0, 0.01, 0.02]), rtol=0.06)  # 1 / (2 k a)
    half, height = np.radians(15.0), 0.25 / np.tan(np.radians(15.0))
    vertex = np.concatenate([0.25 * ring, [[height, 0, 0], [0, 0, 0]]])
    corner = np.concatenate([np.stack(t, 1) for t in ((n, nxt, end - 720), (nxt, n, end - 719))])
    cone = Facets(vertex_m=vertex, corner=corner[:, ::-1] if _inside_out(vertex, corner) else corner)
    found = rcs_m2(cone, 10e9, np.pi / 2 - half).sigma_m2
    assert found == pytest.approx(rcs.frustum_m2(0.0, 0.25, half, 10e9), rel=0.06)


def _inside_out(vertex, corner):
    a, b, c = (vertex[corner[:, i]] for i in range(3))
    return np.einsum("ij,ij->", a, np.cross(b - a, c - a)) < 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rcs.mie_sphere_m2(-1.0, 1e9), "radius_m must be at least 0"),
        (lambda: rcs.mie_sphere_m2([1.0, np.nan], 1e9), "radius_m must be at least 0"),
        (lambda: rcs.mie_sphere_m2(1.0, 0.0), "frequency_hz must be above 0"),
        (lambda: rcs.mie_sphere_m2(1e6, 1e9), "exceeds 1e6"),
        (lambda: rcs.mie_sphere_m2(1.0, 1e9, refractive_index=8 - 2j), "take the conjugate"),
        (lambda: rcs.mie_sphere_m2(1.0, 1e9, refractive_index=np.nan), "refractive_index must be finite"),
        (lambda: rcs.plate_m2(1.0, 0.01, 1e9), "height_m must be at least wavelength / 2 pi"),
        (lambda: rcs.plate_m2(1.0, 1.0, 1e9, 20.0), "off_normal_rad must be from 0"),
        (lambda: rcs.plate_m2(1.0, 1.0, 1e9, 0.1, np.inf), "around_rad must be finite"),
        (lambda: rcs.disc_m2(1.0, 1e9, -0.1), "off_normal_rad"),
        (lambda: rcs.dihedral_m2(1.0, 1.0, 1e9, 1.0), "off_bisector_rad"),
        (
            lambda: rcs.trihedral_m2(1.0, 1e9, shape="round"),
            "shape must be square, triangular or circular, got 'round'",
        ),
        (lambda: rcs.trihedral_m2(1.0, 1e9, shape="circular", azimuth_rad=0.5), "only the axis"),
        (lambda: rcs.trihedral_m2(1.0, 1e9, shape="square", elevation_rad=45.0), "degrees"),
        (lambda: rcs.cylinder_m2(1.0, 1.0, 1e9, np.pi / 2), "take disc_m2"),
        (lambda: rcs.tip_m2(0.0, 1e9), "half_angle_rad must lie between"),
        (lambda: rcs.cone_nose_m2(1.0, 0.2, 1e9, n_diffractions=3), "n_diffractions must be 1 or 2"),
        (lambda: rcs.frustum_m2(1.0, 0.5, 0.2, 1e9), "small_radius_m must be below"),
        (lambda: rcs.ogive_m2(1.0, 0.5, 1e9), "radius_m must be below half"),
        (lambda: rcs.ellipsoid_m2(1.0, 1.0, 0.01, 1e9), "least_radius_of_curvature_m"),
        (lambda: rcs.ellipsoid_m2(1.0, 1.0, 1.0, 1e9, 0.0, 2.0), "elevation_rad"),
    ],
)
def test_what_optics_cannot_know_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def table(**changes):
    """A table of 2 polarisations, 2 frequencies, 3 elevations and 4 azimuths with values of its own everywhere."""
    rng = np.random.default_rng(3)
    fields = {
        "name": "toy",
        "polarisation": ("VV", "HH"),
        "frequency_hz": np.array([1e9, 4e9]),
        "elevation_rad": np.radians([-10.0, 0.0, 20.0]),
        "azimuth_rad": np.radians([0.0, 40.0, 100.0, 180.0]),
        "dbsm": rng.uniform(-30.0, 20.0, (2, 2, 3, 4)),
        "sigma_db": rng.uniform(1.0, 6.0, (2, 2, 3, 4)),
        "origin": (("measured", "mom"), ("po", "assumed")),
    }
    return rcs.SignatureTable(**{**fields, **changes})


def test_a_table_is_linear_in_amplitude_between_its_points():
    toy = table()
    root = 10 ** (toy.dbsm / 20)
    # halfway in the logarithm of frequency (2 GHz), a quarter in elevation, a half in azimuth
    found = rcs.table_m2(toy, 2e9, np.radians(20.0), np.radians(-7.5), polarisation="HH")
    level = root[1].mean(axis=0)
    expected = (0.75 * level[0] + 0.25 * level[1])[:2].mean() ** 2
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_table_gives_back_its_points():
    toy = table()
    frequency, elevation, azimuth = np.meshgrid(toy.frequency_hz, toy.elevation_rad, toy.azimuth_rad, indexing="ij")
    for i, polarisation in enumerate(toy.polarisation):
        found = rcs.table_m2(toy, frequency, azimuth, elevation, polarisation=polarisation)
        np.testing.assert_allclose(10 * np.log10(found), toy.dbsm[i], rtol=1e-9)
        spread = rcs.table_sigma_db(toy, frequency, azimuth, elevation, polarisation=polarisation)
        np.testing.assert_array_equal(spread, toy.sigma_db[i])


@given(st.floats(-10.0, 10.0), st.floats(-0.17, 0.34), st.floats(1e9, 4e9))
def test_a_table_stays_between_its_extremes_and_turns_round(azimuth, elevation, frequency):
    toy = table()
    found = rcs.table_m2(toy, frequency, azimuth, elevation, polarisation="VV")
    assert toy.dbsm[0].min() - 1e-9 <= 10 * np.log10(found) <= toy.dbsm[0].max() + 1e-9
    for other in (azimuth + 2 * np.pi, -azimuth):
        assert rcs.table_m2(toy, frequency, other, elevation, polarisation="VV") == pytest.approx(found, rel=1e-6)


def test_a_table_from_port_to_starboard_tells_them_apart():
    full = table(azimuth_rad=np.radians([-180.0, -90.0, 90.0, 180.0]))
    port, starboard = rcs.table_m2(full, 1e9, np.radians([-90.0, 90.0]), polarisation="VV")
    np.testing.assert_allclose(10 * np.log10([port, starboard]), full.dbsm[0, 0, 1, 1:3], rtol=1e-9)
    around = rcs.table_m2(full, 1e9, np.radians([270.0, -90.0, 630.0]), polarisation="VV")
    np.testing.assert_allclose(around, port, rtol=1e-9)


def test_the_spread_of_a_table_is_the_worst_around_and_what_is_unknown_stays_so():
    spread = np.ones((2, 2, 3, 4))
    spread[0, 1, 1, 2] = np.inf
    toy = table(sigma_db=spread)
    azimuth = np.radians([40.0, 70.0, 100.0, 139.0, 180.0])
    found = rcs.table_sigma_db(toy, 4e9, azimuth, polarisation="VV")
    np.testing.assert_array_equal(found, [1.0, np.inf, np.inf, np.inf, 1.0])
    np.testing.assert_array_equal(rcs.table_sigma_db(toy, 1e9, azimuth, polarisation="VV"), 1.0)


def test_one_elevation_holds_for_all():
    flat = table(elevation_rad=np.zeros(1), dbsm=np.full((2, 2, 1, 4), -7.0), sigma_db=np.ones((2, 2, 1, 4)))
    found = rcs.table_m2(flat, 2e9, 0.3, [-1.5, 0.0, 1.5], polarisation="HH")
    np.testing.assert_allclose(10 * np.log10(found), -7.0, rtol=1e-12)


ROWS = {
    "polarisation": ["HH", "VV", "VV", "HH"],
    "frequency_hz": [1e9] * 4,
    "azimuth_rad": [np.pi, 0.0, np.pi, 0.0],
    "elevation_rad": [0.0] * 4,
    "dbsm": [1.0, 2.0, 3.0, 4.0],
}


def test_rows_in_any_order_become_a_table():
    made = rcs.table_from_rows("toy", origin="assumed", **ROWS)
    assert made.polarisation == ("HH", "VV")
    np.testing.assert_array_equal(made.dbsm[:, 0, 0], [[4.0, 1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(made.sigma_db, rcs.SIGMA_DB["assumed"])
    assert made.azimuth_rad[-1] == np.pi


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"azimuth_rad": [np.pi, 0.0, 0.0, 0.0]}, "2 values at VV, 1e"),
        ({"frequency_hz": [1e9, 1e9, 2e9, 1e9]}, "0 values at HH, 2e"),
        ({"dbsm": [1.0]}, "equally long"),
        ({"azimuth_rad": [np.nan, 0.0, 0.0, 0.0]}, "azimuth_rad must be finite"),
        ({"origin": "heard"}, "origin must be one of"),
    ],
)
def test_rows_that_are_no_grid_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        rcs.table_from_rows("toy", **{"origin": "mom", **ROWS, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dbsm": np.zeros((2, 2, 3, 3))}, r"must be \(2, 2, 3, 4\)"),
        ({"dbsm": np.full((2, 2, 3, 4), np.nan)}, "dbsm must be finite"),
        ({"sigma_db": np.full((2, 2, 3, 4), np.nan)}, "sigma_db must be at least 0"),
        ({"polarisation": ("VV", "RL")}, "among VV"),
        ({"polarisation": ("VV", "VV")}, "must differ"),
        ({"frequency_hz": np.array([4e9, 1e9])}, "frequency_hz must rise"),
        ({"frequency_hz": np.array([-1.0, 1e9])}, "frequency_hz must be above 0"),
        ({"elevation_rad": np.array([-10.0, 0.0, 20.0])}, "degrees"),
        ({"azimuth_rad": np.radians([0.0, 40.0, 100.0, 170.0])}, "from 0 to pi or from -pi to pi"),
        ({"origin": (("measured",), ("mom",))}, "origin must be"),
        ({"origin": (("measured", "mom"), ("po", "heard"))}, "got heard"),
    ],
)
def test_a_bad_table_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        table(**changes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.9e9, 0.0, 0.0, "VV"), "frequency_hz must lie from 1e"),
        ((np.nan, 0.0, 0.0, "VV"), "frequency_hz must lie"),
        ((2e9, np.nan, 0.0, "VV"), "azimuth_rad must be finite"),
        ((2e9, 0.0, 0.5, "VV"), "elevation_rad must lie from -0.17"),
        ((2e9, 0.0, np.inf, "VV"), "elevation_rad must be finite"),
        ((2e9, 0.0, 0.0, "HV"), "no polarisation 'HV', only VV, HH"),
    ],
)
def test_a_table_is_not_asked_beyond_itself(arguments, message):
    for function in (rcs.table_m2, rcs.table_sigma_db):
        with pytest.raises(ValueError, match=message):
            function(table(), *arguments[:3], polarisation=arguments[3])


@pytest.mark.parametrize("factor", [0.0, -2.0, np.nan, np.inf])
def test_a_body_grows_by_a_sound_factor(factor):
    with pytest.raises(ValueError, match="factor must be above 0"):
        table().scaled(factor)


def test_shapes_by_optics_broadcast_over_frequency_though_they_do_not_depend_on_it():
    assert rcs.ellipsoid_m2(1.0, 0.5, 0.4, [3e9, 10e9]).shape == (2,)
    assert rcs.ogive_m2(2.0, 0.25, [[3e9], [10e9]], [1.5, 1.6]).shape == (2, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_sums_and_lenses_refuse_what_is_no_size(bad):
    for call, name in (
        (lambda: rcs.add_incoherent(bad, 1.0), "sigma_a_m2"),
        (lambda: rcs.add_incoherent(1.0, bad), "sigma_b_m2"),
        (lambda: rcs.luneburg_m2(bad, 1e9), "radius_m"),
        (lambda: rcs.luneburg_m2(0.1, bad), "frequency_hz"),
    ):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            call()
