import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain import rcs as plain
from watchfloor.physics import rcs
from watchfloor.physics._kernels import po
from watchfloor.physics.physical_optics import CAUTION, COARSE, SIGMA_SPECULAR_DB, Facets, rcs_m2

C = 299_792_458.0
CUBE = np.array(
    [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], dtype=float
)  # fmt: skip
SIDES = np.array(
    [[0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4], [1, 2, 6], [1, 6, 5], [2, 3, 7], [2, 7, 6],
     [3, 0, 4], [3, 4, 7]]
)  # fmt: skip


def ball(n_halvings, radius_m):
    vertex, corner = plain.icosphere(n_halvings, radius_m)
    return Facets(vertex_m=vertex, corner=corner)


def plate(width_m, height_m, n=1):
    """A sheet across x: n by n rectangles of two triangles each."""
    y, z = np.meshgrid(np.linspace(-0.5, 0.5, n + 1) * width_m, np.linspace(-0.5, 0.5, n + 1) * height_m)
    vertex = np.stack([0.0 * y, y, z], axis=-1).reshape(-1, 3)
    a = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    corner = np.concatenate([np.stack([a, a + 1, a + n + 2], 1), np.stack([a, a + n + 2, a + n + 1], 1)])
    return Facets(vertex_m=vertex, corner=corner, sheet=True)


def kernel_integral(phases):
    """What the kernel makes of one triangle of area 1/2 with these corner phases."""
    p = np.array(phases, dtype=float)
    corner, cross = np.array([[0, 1, 2]], dtype=np.int32), np.array([[0.0, 0.0, 1.0]])
    found = po.facet_sum(corner, cross, np.array([True]), 0.0, 0.0, 1.0, p, np.cos(p), np.sin(p))
    return complex(*found)


@pytest.mark.parametrize(
    "phases",
    [
        (0.3, 0.3, 0.3),  # all corners at one distance
        (0.3, 0.3, 2.0),
        (2.0, 0.3, 0.3),
        (0.3, 2.0, 0.3),  # two at one distance: each of the three pairs
        (0.3, 0.3 + 1e-9, 2.0),
        (5.0, 5.0 - 1e-13, 5.0 + 1e-12),
        (0.0, 1e-4, -1e-4),
        (0.0, 0.2999, 0.1),
        (0.0, 0.3001, 0.1),  # either side of the change of branch
        (0.0, 0.0499, 7.0),
        (0.0, 0.0501, 7.0),
        (0.0, -0.0499, -0.4),
        (0.0, 2 * np.pi, 4 * np.pi),  # equal phasors, distinct phases
        (-700.0, 30.0, 812.5),
    ],
)
def test_the_triangle_integral_holds_in_every_branch(phases):
    assert abs(kernel_integral(phases) - plain.triangle_integral(phases)) < 3e-14


@given(
    a=st.floats(-20.0, 20.0),
    b=st.one_of(st.floats(-20.0, 20.0), st.floats(-1e-3, 1e-3)),
    c=st.one_of(st.floats(-20.0, 20.0), st.floats(-1e-3, 1e-3)),
)
def test_the_triangle_integral_is_that_of_many_digits(a, b, c):
    assert abs(kernel_integral((a, a + b, a + c)) - plain.triangle_integral((a, a + b, a + c))) < 3e-13


def test_the_kernels_sine_is_that_of_the_library():
    vertex = np.zeros((3, 200_001))
    vertex[0] = np.concatenate([np.linspace(-1e6, 1e6, 100_001), np.linspace(-10.0, 10.0, 100_000)])
    phase, cosine, sine = (np.empty(vertex.shape[1]) for _ in range(3))
    po.phasors(vertex, 1.0, 0.0, 0.0, phase, cosine, sine)
    np.testing.assert_allclose(sine, np.sin(vertex[0]), rtol=0.0, atol=3e-16)
    np.testing.assert_allclose(cosine, np.cos(vertex[0]), rtol=0.0, atol=3e-16)


def test_the_sum_is_that_of_the_plain_twin():
    vertex, corner = plain.icosphere(1, 0.3)
    rng = np.random.default_rng(5)
    vertex = vertex * rng.uniform(0.8, 1.2, (len(vertex), 1))  # dented: facets may hide each other
    facets = Facets(vertex_m=vertex, corner=corner)
    assert not facets.convex
    azimuth, elevation = rng.uniform(-np.pi, np.pi, 4), rng.uniform(-1.5, 1.5, 4)
    found = rcs_m2(facets, 6e9, azimuth, elevation)
    k = 2.0 * np.pi * 6e9 / C
    for i in range(4):
        level = np.cos(elevation[i])
        s = np.array([level * np.cos(azimuth[i]), -level * np.sin(azimuth[i]), np.sin(elevation[i])])
        expected = k / np.sqrt(np.pi) * plain.scattered(vertex, corner, s, k)
        assert abs(found.amplitude_m[i] - expected) < 1e-12 * abs(expected) + 1e-13


def test_shadows_are_those_of_the_plain_twin():
    one, corner = plain.icosphere(2, 0.5)
    two = one @ np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]]) * [1.0, 0.7, 1.2] + [1.1, 0.3, 0.1]
    vertex, corner = np.concatenate([one, two]), np.concatenate([corner, corner + len(one)])
    facets = Facets(vertex_m=vertex, corner=corner)
    arrays = facets._compiled
    hidden = 0
    rng = np.random.default_rng(11)
    for s in rng.normal(size=(12, 3)) * [1.0, 1.0, 0.4]:
        s = s / np.linalg.norm(s)
        shown = np.empty(len(corner), bool)
        po.facing(arrays[2], *s, False, shown)
        before = shown.sum()
        po.hide(arrays[0], arrays[1], *s, 1e-9, shown)
        np.testing.assert_array_equal(shown, plain.lit(vertex, corner, s))
        hidden += before - shown.sum()
    assert hidden > 100


def test_a_body_in_the_shadow_of_another_is_not_seen():
    one, corner = plain.icosphere(3, 0.5)
    small = 0.3 * one + [-2.0, 0.0, 0.0]
    both = Facets(vertex_m=np.concatenate([one, small]), corner=np.concatenate([corner, corner + len(one)]))
    alone = Facets(vertex_m=one, corner=corner)
    np.testing.assert_allclose(rcs_m2(both, 3e9, 0.0).sigma_m2, rcs_m2(alone, 3e9, 0.0).sigma_m2, rtol=1e-9)
    seen = rcs_m2(both, 3e9, 0.0, occlusion=False).sigma_m2
    assert abs(seen / rcs_m2(alone, 3e9, 0.0).sigma_m2 - 1.0) > 0.1


def test_a_shadow_has_no_cracks_between_the_facets_that_cast_it():
    # the centre of the hidden plate lies under the diagonals of the plates before it
    front = np.array([[0.0, -0.5, -0.5], [0.0, 0.5, -0.5], [0.0, 0.5, 0.5], [0.0, -0.5, 0.5]])
    back = np.array([[-1.0, -0.3, -0.3], [-1.0, 0.6, -0.3], [-1.0, -0.3, 0.6]])  # its centroid is (-1, 0, 0)
    corner = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6]])
    both = Facets(vertex_m=np.concatenate([front, back]), corner=corner, sheet=True)
    alone = Facets(vertex_m=front, corner=corner[:2], sheet=True)
    found, expected = rcs_m2(both, 3e9, 0.0), rcs_m2(alone, 3e9, 0.0)
    np.testing.assert_allclose(found.sigma_m2, expected.sigma_m2, rtol=1e-12)


def test_no_facet_lit_is_no_echo():
    flat = plate(0.5, 0.3)
    assert rcs_m2(flat, 3e9, np.pi / 2, np.pi / 2).sigma_m2 < 1e-20


def po_sphere(radius_m, frequency_hz):
    """Physical optics of a smooth sphere: 4 pi k^2 a^4 |integral of u exp(i z u) from 0 to 1|^2, z = 2 k a."""
    z = 4.0 * np.pi * frequency_hz / C * radius_m
    return np.pi * radius_m**2 * abs(np.exp(1j * z) * (1.0 / 1j + 1.0 / z) - 1.0 / z) ** 2


def test_a_ball_of_facets_tends_to_the_closed_form_of_physical_optics_not_to_the_exact_sphere():
    # radius 0.25 m at 3 GHz, ka = 15.7: the closed form is -7.0757 dBsm
    expected = 10.0 * np.log10(po_sphere(0.25, 3e9))
    assert abs(expected + 7.0757) < 5e-5
    rng = np.random.default_rng(0)
    azimuth, elevation = rng.uniform(-np.pi, np.pi, 400), np.arcsin(rng.uniform(-1.0, 1.0, 400))
    spread = []
    for n in (3, 4, 5):
        found = rcs_m2(ball(n, 0.25), 3e9, azimuth, elevation)
        assert found.specular.all()
        spread.append(np.sqrt(np.mean((10.0 * np.log10(found.sigma_m2) - expected) ** 2)))
    assert spread[1] < 0.02  # 5,120 facets
    assert spread[2] < 0.5 * spread[1] < 0.25 * spread[0]
    assert abs(10.0 * np.log10(rcs.mie_sphere_m2(0.25, 3e9)) - expected) > 0.05


def test_a_plate_of_facets_has_the_sidelobes_of_the_closed_form():
    azimuth = np.radians(np.linspace(-80.0, 80.0, 1601))
    expected = np.sqrt(rcs.plate_m2(0.5, 0.3, 10e9, np.abs(azimuth)))
    peak = expected.max()
    for n in (1, 7):
        found = rcs_m2(plate(0.5, 0.3, n), 10e9, azimuth)
        np.testing.assert_allclose(np.abs(found.amplitude_m), expected, rtol=0.0, atol=1e-10 * peak)


def test_a_plate_tilted_both_ways_is_the_closed_form():
    azimuth, elevation = np.radians([3.0, -20.0, 11.0]), np.radians([7.0, 4.0, -13.0])
    normal = np.cos(azimuth) * np.cos(elevation)
    around = np.arctan2(np.sin(elevation), np.sin(azimuth) * np.cos(elevation))
    expected = rcs.plate_m2(0.4, 0.7, 5e9, np.arccos(normal), around)
    found = rcs_m2(plate(0.4, 0.7, 3), 5e9, azimuth, elevation).sigma_m2
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_sheet_is_seen_from_both_sides_and_a_body_from_outside():
    sheet = plate(0.5, 0.3)
    np.testing.assert_allclose(rcs_m2(sheet, 3e9, np.pi).sigma_m2, rcs_m2(sheet, 3e9, 0.0).sigma_m2, rtol=1e-12)
    cube = Facets(vertex_m=CUBE, corner=SIDES)
    wavelength = C / 3e9
    np.testing.assert_allclose(rcs_m2(cube, 3e9, 0.0).sigma_m2, 4.0 * np.pi / wavelength**2, rtol=1e-12)


def test_the_phase_is_two_way_and_grows_towards_the_radar():
    cube = Facets(vertex_m=CUBE, corner=SIDES)  # its face towards the nose stands at x = 1 m
    moved = Facets(vertex_m=CUBE + [0.25, 0.0, 0.0], corner=SIDES)
    turn = rcs_m2(moved, 3e9, 0.0).amplitude_m / rcs_m2(cube, 3e9, 0.0).amplitude_m
    np.testing.assert_allclose(turn, np.exp(4j * np.pi * 3e9 / C * 0.25), rtol=1e-10)


def test_starboard_is_to_the_right_of_the_nose():
    # a wedge whose large face looks to starboard (minus y): azimuth +90 degrees
    face = CUBE * [1.0, 1.0, 2.0] * np.where(CUBE[:, 1:2] == 1.0, [0.2, 1.0, 0.2], [1.0, 1.0, 1.0])
    wedge = Facets(vertex_m=face, corner=SIDES)
    right, left = rcs_m2(wedge, 3e9, [np.pi / 2, -np.pi / 2]).sigma_m2
    np.testing.assert_allclose(right, 4.0 * np.pi * (2.0 * 3e9 / C) ** 2, rtol=1e-9)  # 2 m2 seen along the normal
    assert left < right / 100.0


def test_polarisation_makes_no_difference_and_a_crossed_one_is_refused():
    cube = Facets(vertex_m=CUBE, corner=SIDES)
    first, second = (rcs_m2(cube, 3e9, [0.1, 0.4], polarisation=p).sigma_m2 for p in ("VV", "HH"))
    np.testing.assert_array_equal(first, second)
    with pytest.raises(ValueError, match="polarisation must be VV or HH, got 'HV'"):
        rcs_m2(cube, 3e9, 0.0, polarisation="HV")


def test_each_look_says_how_far_it_may_be_off():
    cube = Facets(vertex_m=CUBE, corner=SIDES)
    found = rcs_m2(cube, 3e9, np.radians([0.0, 1.0, 20.0, 45.0]))
    np.testing.assert_array_equal(found.specular, [True, True, False, False])
    np.testing.assert_array_equal(found.sigma_db, [SIGMA_SPECULAR_DB, SIGMA_SPECULAR_DB, np.inf, np.inf])
    assert found.origin == "po"
    assert found.caution == f"2 of 4 looks: {CAUTION}"
    assert rcs_m2(cube, 3e9, 0.0).caution == ""


def test_a_coarse_mesh_is_said_to_be_one():
    rough = ball(2, 0.25)
    found = rcs_m2(rough, [1e9, 60e9], 0.3)
    np.testing.assert_array_equal(found.coarse, [False, True])
    np.testing.assert_array_equal(found.sigma_db, [SIGMA_SPECULAR_DB, np.inf])
    assert found.caution == f"1 of 2 looks: {COARSE}"


def test_looks_broadcast():
    found = rcs_m2(ball(2, 1.0), np.array([1e9, 2e9])[:, None, None], np.zeros((3, 1)), np.zeros(4))
    assert found.sigma_m2.shape == found.sigma_db.shape == found.specular.shape == (2, 3, 4)


def test_a_soup_of_triangles_is_joined():
    joined = Facets.from_triangles(CUBE[SIDES])
    assert (joined.n_facets, len(joined.vertex_m)) == (12, 8)
    assert joined.volume_m3 == pytest.approx(1.0, rel=1e-14)
    assert joined.area_m2.sum() == pytest.approx(6.0, rel=1e-14)
    assert joined.convex
    rough = CUBE[SIDES] + np.random.default_rng(1).uniform(-1e-7, 1e-7, (12, 3, 3)) + 1e-3
    with pytest.raises(ValueError, match="the surface is open"):
        Facets.from_triangles(rough)
    assert len(Facets.from_triangles(rough, merge_m=1e-4).vertex_m) == 8


def test_the_height_of_the_curve_over_its_facets_is_that_of_a_circle():
    facets = ball(4, 1.0)
    edge = np.sqrt(4.0 / np.sqrt(3.0) * facets.area_m2.mean())
    # a chord from centroid to centroid, edge / sqrt(3) long: its height is chord^2 / 8 radii
    assert facets.sagitta_m == pytest.approx(edge**2 / 3.0 / 8.0, rel=0.35)  # facets differ by a third
    assert Facets(vertex_m=CUBE, corner=SIDES).sagitta_m < 1e-12


@pytest.mark.parametrize(
    ("vertex", "corner", "message"),
    [
        (CUBE, SIDES[1:], r"surface is open: no facet joins facet \d+ along its edge .* \(3 such edges\)"),
        (CUBE, np.where(np.arange(12)[:, None] == 4, SIDES[:, ::-1], SIDES), "run the same way along the edge"),
        (CUBE, SIDES[:, ::-1], "facet 0 has its normals inwards"),
        (CUBE, np.vstack([SIDES, [[0, 1, 1]]]), r"facet 12 \(corners \[0, 1, 1\]\) has no area, as have 0 more"),
        (CUBE, np.vstack([SIDES, SIDES[:1]]), "facets 0, 12 run the same way"),
        (CUBE, np.where(SIDES == 7, 8, SIDES), "facet 3 has corners .*8.*, but there are 8 vertices"),
        (CUBE, SIDES.astype(float), "corner must be whole numbers"),
        (CUBE[:, :2], SIDES, r"vertex_m must be \(v, 3\)"),
        (np.where(np.arange(8)[:, None] == 5, np.nan, CUBE), SIDES, "vertex_m must be finite, row 5"),
    ],
)
def test_a_bad_mesh_is_refused_by_facet(vertex, corner, message):
    with pytest.raises(ValueError, match=message):
        Facets(vertex_m=vertex, corner=corner)


def test_a_void_inside_a_body_is_refused():
    hollow = np.concatenate([CUBE, 0.2 * CUBE + 0.4])
    with pytest.raises(ValueError, match="facet 12 has its normals inwards"):
        Facets(vertex_m=hollow, corner=np.concatenate([SIDES, SIDES[:, ::-1] + 8]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 0.0, 0.0), "frequency_hz must be above 0"),
        ((np.nan, 0.0, 0.0), "frequency_hz must be above 0"),
        ((3e9, np.inf, 0.0), "azimuth_rad must be finite"),
        ((3e9, 0.0, 5.0), "elevation_rad must lie"),
        ((3e9, 0.0, np.nan), "elevation_rad must lie"),
        ((1e7, 0.0, 0.0), "wavelengths across"),
        ((1e15, 0.0, 0.0), "too many"),
    ],
)
def test_a_bad_look_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        rcs_m2(Facets(vertex_m=CUBE, corner=SIDES), *arguments)


def test_triangles_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"triangles_m must be \(n, 3, 3\)"):
        Facets.from_triangles(CUBE)
    with pytest.raises(ValueError, match="merge_m must be at least 0"):
        Facets.from_triangles(CUBE[SIDES], merge_m=np.nan)
