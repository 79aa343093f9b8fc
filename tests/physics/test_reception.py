"""What `radar.look` adds to free space, each part worked out another way."""

import numpy as np
import pytest

from tests.physics.test_filters import by_hand
from tests.physics.test_parts import VALUES
from watchfloor.base.heights import Heights
from watchfloor.physics import antenna, atmosphere, clutter, filters, frames, jamming, propagation, refraction, terrain
from watchfloor.physics.environment import Environment, Jammers, Rain, SurfaceClutter, Targets
from watchfloor.physics.propagation import Surface
from watchfloor.physics.radar import Radar, look

SITE = frames.Place.from_degrees(45.0, 10.0, 30.0)
C = 299_792_458.0


def radar(**changes) -> Radar:
    return Radar.of(**(VALUES | {"elevation_max_rad": 1.2} | changes))


def at(azimuth_rad, elevation_rad, range_m, rate_mps=0.0, **more) -> Targets:
    azimuth, elevation, slant, rate = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, float)) for v in (azimuth_rad, elevation_rad, range_m, rate_mps))
    )
    ecef = frames.polar_to_ecef(slant, azimuth, elevation, SITE)
    away = (ecef - SITE.ecef_m) / slant[:, None]
    return Targets(ecef_m=ecef, velocity_ecef_mps=rate[:, None] * away, **more)


def compare(one: Radar, targets: Targets, free: Radar | None = None, **around):
    """Look in an environment, and the one of a plain radar in free space."""
    return look(one, targets, Environment(place=SITE, **around)), look(
        free or radar(), targets, Environment(place=SITE)
    )


def test_a_fixed_face_loses_by_the_cosine_and_ends_at_its_sector():
    face = {"motion": "electronic", "face_azimuth_rad": 1.0, "face_tilt_rad": 0.2, "scan_exponent": 1.5}
    azimuth = 1.0 + np.radians([0.0, 30.0, -50.0, 59.0, 70.0])
    targets = at(azimuth, 0.2, 50e3)
    seen, free = compare(radar(**face, scan_max_rad=np.radians(55.0), azimuth_width_rad=np.radians(130.0)), targets)
    cosine = np.cos(0.2) ** 2 * np.cos(azimuth - 1.0) + np.sin(0.2) ** 2  # elevation above the horizon is near 0.2
    reach = np.arccos(cosine) <= np.radians(55.0)
    assert seen.visible.tolist() == reach.tolist() == [True, True, True, False, False]
    np.testing.assert_allclose(seen.snr_1m2[:3] / free.snr_1m2[:3], cosine[:3] ** 3, rtol=2e-3)
    np.testing.assert_allclose(seen.sigmas[1][:3] / free.sigmas[1][:3] * cosine[:3], 1.0, atol=0.5)
    assert np.isnan(seen.sigmas[1][3])


def test_a_fan_weights_both_ways_and_a_cosecant_beam_falls_more_slowly():
    elevation = np.radians([2.0, 3.5, 6.0, 20.0])
    targets = at(0.3, elevation, 60e3)
    shape = {"elevation_peak_rad": np.radians(2.0), "taper": "uniform"}
    fan, free = compare(radar(elevation="fan", **shape), targets)
    cosecant, _ = compare(radar(elevation="cosecant", **shape), targets)
    offset = np.sin(free.elevation_apparent_rad - np.radians(2.0))
    np.testing.assert_allclose(
        fan.snr_1m2 / free.snr_1m2, antenna.taper_pattern("uniform", offset, np.radians(3.0)) ** 2, rtol=1e-9
    )
    np.testing.assert_allclose(
        fan.snr_1m2[1] / free.snr_1m2[1], 0.25, atol=0.04
    )  # half power, twice; 0.13 degrees of refraction
    assert cosecant.snr_1m2[3] > 30.0 * fan.snr_1m2[3]


def test_a_wide_beam_lobes_as_two_rays_and_a_narrow_one_that_looks_up_does_not():
    wide = {"beamwidth_elevation_rad": np.radians(40.0), "elevation_min_rad": np.radians(-20.0)}  # lowest looks level
    vhf = {"frequency_hz": 170e6} | wide
    sea = Surface(kind="sea")
    targets = at(0.5, np.radians(np.linspace(0.5, 12.0, 60)), 120e3)
    seen, free = compare(radar(**vhf), targets, radar(**vhf), surface=sea)
    lat, lon, height = frames.ecef_to_geodetic(targets.ecef_m)
    ground, _ = frames.geodesic(SITE.lat_rad, SITE.lon_rad, lat, lon)
    earth = propagation.curvature_radius_m(SITE.lat_rad, 0.5)
    factor = propagation.propagation_factor(sea, 170e6, "H", 30.0, height, ground, earth_radius_m=earth)
    low = free.elevation_apparent_rad < np.radians(2.0)
    np.testing.assert_allclose((seen.snr_1m2 / free.snr_1m2)[low], factor[low] ** 4, rtol=0.08)
    ratio_db = 10.0 * np.log10(seen.snr_1m2 / free.snr_1m2)
    assert 10.0 < ratio_db.max() <= 12.05
    assert ratio_db.min() < -10.0
    pencil = {"frequency_hz": 170e6, "beamwidth_elevation_rad": np.radians(2.0), "sidelobe_db": -60.0}
    seen, free = compare(radar(**pencil), at(0.5, np.radians([6.0, 9.0]), 120e3), radar(**pencil), surface=sea)
    np.testing.assert_allclose(seen.snr_1m2 / free.snr_1m2, 1.0, atol=0.02)


def test_rain_weakens_the_part_of_the_ray_below_its_top():
    rain = Rain(rate_mmph=10.0, top_m=3000.0)
    targets = at(0.0, [0.01, np.radians(30.0)], [100e3, 20e3])
    seen, free = compare(radar(frequency_hz=10e9), targets, radar(frequency_hz=10e9), rain=rain)
    specific = float(atmosphere.rain_attenuation_db_per_km(10e9, 10.0, polarisation="H"))
    loss_db = -10.0 * np.log10(seen.snr_1m2 / free.snr_1m2)
    np.testing.assert_allclose(loss_db[0], 2.0 * specific * 100.0, rtol=1e-6)  # all of it below 3 km
    np.testing.assert_allclose(loss_db[1], 2.0 * specific * 20.0 * 2970.0 / 10e3, rtol=0.01)  # climbs 10 km


STATED = {"prf_hz": (900.0, 1100.0), "doppler": "bank", "range_max_m": 120e3, "range_min_m": 5e3, "n_coherent": 16}


def straddled(one, cells, rate_mps):
    """Loss of the nearest sample, the peak moved by linear FM's coupling: c T f / 2 B, nearer when it comes closer."""
    moved = np.asarray(cells) - C / 2.0 * 2e-5 / 1e6 * (-2.0 * np.asarray(rate_mps) * 3e9 / C) / one.range_cell_m
    return np.sinc(moved - np.rint(moved)) ** 2


def test_stated_filters_meet_the_quadratic_forms_look_by_look():
    one = radar(**STATED, window="hamming")
    cell = one.range_cell_m
    slant, rate = cell * np.array([400.0, 400.3, 555.0, 600.0]), np.array([0.0, 33.0, -120.0, 240.0])
    seen, free = compare(one, at(0.2, 0.1, slant, rate), radar(n_coherent=16))
    weights = filters.weights(one.waveform, one.processing)
    wanted = np.zeros(4)
    for prf in (900.0, 1100.0):
        step = -2.0 * rate * 3e9 / C / prf
        wanted += [max(by_hand(w, s) for w in weights) / 2.0 for s in step]
    wanted *= straddled(one, [0.0, 0.3, 0.0, 0.0], rate)
    np.testing.assert_allclose(seen.snr_1m2 / free.snr_1m2, wanted, rtol=1e-3)


def test_clutter_hides_the_slow_and_leaves_the_fast():
    one = radar(**STATED, window="chebyshev", elevation="fan", elevation_peak_rad=0.01)
    ground = SurfaceClutter(kind="land", gamma_db=-15.0, spread_mps=0.3)
    slant = one.range_cell_m * 100.0  # 15 km: inside the horizon of a 30 m antenna, 22.6 km
    targets = at(0.2, 0.02, slant, [0.0, 12.5])  # half the blind speed of 1 kHz at 3 GHz: 25 m/s
    around = {"clutter": ground, "ground_alt_m": 0.0}
    seen, clean = compare(one, targets, one, **around)
    grazing = clutter.grazing_angle_rad(30.0, slant)
    area = slant * one.beamwidth_azimuth_rad * one.range_cell_m / clutter.BEAM_SHAPE_LOSS
    sigma = area * clutter.sigma0_constant_gamma(grazing, -15.0)
    down = np.arcsin(30.0 / slant) + slant / (2.0 * 4.0 / 3.0 * 6.371e6)
    gain = antenna.taper_pattern("gaussian", np.sin(-down - 0.01), np.radians(3.0), -30.0) ** 2
    np.testing.assert_allclose(seen.clutter, one.snr_1m2_1m / 16 / slant**4 * sigma * gain, rtol=5e-3)
    weights = filters.weights(one.waveform, one.processing)
    for target, rate in enumerate((0.0, 12.5)):
        wanted = 0.0
        for prf in (900.0, 1100.0):
            to_step = 2.0 * 3e9 / C / prf
            wanted += 0.5 * max(
                by_hand(w, -rate * to_step) / (1.0 + seen.clutter[target] * by_hand(w, 0.0, 0.3 * to_step))
                for w in weights
            )
        straight = clean.snr_1m2[target] / np.mean(
            [max(by_hand(w, -rate * 2.0 * 3e9 / C / prf) for w in weights) for prf in (900.0, 1100.0)]
        )
        np.testing.assert_allclose(seen.snr_1m2[target] / straight, wanted, rtol=5e-3)
    assert seen.snr_1m2[0] < 1e-3 * clean.snr_1m2[0]
    assert seen.snr_1m2[1] > 0.3 * clean.snr_1m2[1]


def test_clutter_folds_in_from_ambiguous_ranges():
    high = frames.Place.from_degrees(45.0, 10.0, 4000.0)  # horizon at 261 km
    one = radar(**(STATED | {"prf_hz": (1500.0,), "range_max_m": 90e3}))  # unambiguous to 99.9 km
    ecef = frames.polar_to_ecef(np.array([30e3]), 0.0, 0.05, high)
    around = Environment(place=high, clutter=SurfaceClutter(kind="land"))
    seen = look(one, Targets(ecef_m=ecef, velocity_ecef_mps=0.0 * ecef), around)
    from watchfloor.physics.reception import surface_clutter_to_noise

    span = C / 2.0 / 1500.0
    alone = surface_clutter_to_noise(one, around, 30e3 + span * np.arange(3))
    assert np.all(alone > 0.0)
    np.testing.assert_allclose(seen.clutter, alone.sum(), rtol=1e-9)


def test_clutter_without_stated_filters_is_refused():
    with pytest.raises(ValueError, match="doppler is 'matched': state prf_hz"):
        look(radar(), at(0.0, 0.1, 3e4), Environment(place=SITE, clutter=SurfaceClutter(kind="land")))


def test_a_blind_range_and_a_blind_speed_are_blind():
    one = radar(**(STATED | {"prf_hz": (2000.0,), "doppler": "mti", "n_coherent": 3, "range_max_m": 140e3}))
    blind_range = C / 2.0 / 2000.0
    blind_speed = 2000.0 * C / 3e9 / 2.0
    targets = at(0.1, 0.1, [blind_range, 60.0e3, 60.0e3], [50.0, blind_speed, 0.5 * blind_speed])
    seen, free = compare(one, targets, radar(n_coherent=3))
    ratio = seen.snr_1m2 / free.snr_1m2
    assert ratio[0] < 1e-20
    assert ratio[1] < 1e-6
    np.testing.assert_allclose(
        ratio[2], 16.0 / 18.0 * straddled(one, 60e3 / one.range_cell_m, 0.5 * blind_speed), rtol=5e-3
    )


@pytest.mark.parametrize(
    ("build", "wanted"),
    [
        (lambda: SurfaceClutter(kind="lake"), "kind must be land or sea"),
        (lambda: SurfaceClutter(kind="sea", sea_state=9), "sea_state must lie in"),
        (lambda: SurfaceClutter(kind="land", spread_mps=0.0), "spread_mps must lie in"),
        (lambda: Rain(rate_mmph=0.0), "rate_mmph must lie in"),
        (lambda: Environment(place=SITE, k=0.0), "k must be above 0"),
        (lambda: at(0.0, 0.0, 1e4, sigma_m2=np.ones(2)), "sigma_m2 is one number or one for each of 1"),
    ],
)
def test_surroundings_outside_their_domain_are_named(build, wanted):
    with pytest.raises(ValueError, match=wanted):
        build()


def test_a_jammer_is_heard_through_main_lobe_and_sidelobes():
    one, free = radar(), radar()
    spot = frames.polar_to_ecef(np.array([150e3, 80e3]), np.array([1.0, 2.5]), 0.05, SITE)
    noise = Jammers(ecef_m=spot, erp_w=np.array([100.0, 1e3]), bandwidth_hz=np.array([10e6, 50e6]))
    bearing = np.array([1.0, 1.0 + np.radians(0.75), 4.0])
    seen, free = compare(one, at(bearing, 0.05, 60e3), jammers=noise)
    peak = [
        float(jamming.jam_to_noise(one, range_m, erp_w=erp_w, bandwidth_hz=band_hz))
        for erp_w, band_hz, range_m in ((100.0, 10e6, 150e3), (1e3, 50e6, 80e3))
    ]
    floor = 10.0**-3.0  # Gaussian beam, sidelobes 30 dB down in azimuth; elevation is that of the targets
    np.testing.assert_allclose(seen.jamming, [
        peak[0] + peak[1] * floor, 0.5 * peak[0] + peak[1] * floor, (peak[0] + peak[1]) * floor
    ], rtol=0.02)  # fmt: skip
    np.testing.assert_allclose(seen.snr_1m2, free.snr_1m2 / (1.0 + seen.jamming), rtol=1e-12)


def test_ray_traced_elevations_replace_those_of_the_effective_earth():
    air = refraction.Exponential(n_surface=350.0)
    rays = refraction.RayTable(air, 30.0, earth_radius_m=6.371e6)
    targets = at(0.7, np.radians([0.1, 0.5, 3.0]), [60e3, 250e3, 250e3])
    seen, free = compare(radar(), targets, refraction=rays)
    lat, lon, height = frames.ecef_to_geodetic(targets.ecef_m)
    ground, _ = frames.geodesic(SITE.lat_rad, SITE.lon_rad, lat, lon)
    wanted = refraction.apparent_elevation(air, 30.0, height, ground)
    np.testing.assert_allclose(seen.elevation_apparent_rad, wanted, atol=3e-5)
    moved = seen.elevation_apparent_rad - free.elevation_apparent_rad
    assert moved[1] > 4e-4  # 4/3 earth bends such air too little
    np.testing.assert_allclose(seen.snr_1m2, free.snr_1m2)


def test_a_ridge_hides_targets_and_the_clutter_of_its_shadow():
    # a wall 400 m high, 10 km north of an antenna 30 m up on flat land at 0 m
    step = np.radians(1.0 / 1200.0)
    height = np.zeros((721, 601), np.float32)
    north, west = SITE.lat_rad + 480 * step, SITE.lon_rad - 300 * step
    wall = round((north - (SITE.lat_rad + 10e3 / 6.3675e6)) / step)
    height[wall] = 400.0
    land = Heights(height_m=height, north_rad=north, west_rad=west, step_lat_rad=step, step_lon_rad=step)
    table = terrain.min_visible_height(land, SITE, range_max_m=22e3, n_azimuth=720, range_step_m=100.0, voids="unknown")
    lit = terrain.with_ground(table, land)
    one = radar(**STATED)
    targets = at(0.0, np.radians([0.5, 3.0, 0.5]), one.range_cell_m * np.array([133.0, 133.0, 53.0]))
    seen, free = compare(one, targets, one, terrain=lit, clutter=SurfaceClutter(kind="land"))
    assert free.visible.all()
    assert seen.visible.tolist() == [False, True, True]  # the wall stands 2.1 degrees high
    assert seen.clutter[0] == seen.clutter[1] == 0.0
    assert seen.clutter[2] > 0.0
    south, _ = compare(one, at(np.pi, 0.1, 20e3), one, terrain=lit, clutter=SurfaceClutter(kind="land"))
    assert south.clutter[0] > 0.0
    unlit, _ = compare(one, targets, one, terrain=table, clutter=SurfaceClutter(kind="land"))
    assert unlit.clutter[0] > 0.0  # without the ground's own heights no shadow is known


def test_the_mean_straddle_is_the_mean_over_a_cell():
    one = radar(**STATED)
    targets = at(0.2, 0.1, one.range_cell_m * (400.0 + (np.arange(500) + 0.5) / 500.0))
    around = Environment(place=SITE)
    placed, mean = look(one, targets, around).snr_1m2, look(one, targets, around, straddle="mean").snr_1m2
    np.testing.assert_allclose(placed.mean(), mean.mean(), rtol=1e-3)
    assert np.ptp(placed) / placed.mean() > 0.7
    assert np.ptp(mean) / mean.mean() < 0.02
