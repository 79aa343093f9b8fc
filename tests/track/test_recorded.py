import numpy as np
import pytest

from tests.track.simulated import SITE, TWO_PI, flights, scan
from watchfloor.base.picture import Plots, Status
from watchfloor.physics.frames import ecef_to_geodetic, polar_to_ecef
from watchfloor.track import GnnTrackerConfig, plots_from_wgs84, track_plots
from watchfloor.track.recorded import frames, rotation

STEADY = GnnTrackerConfig(manoeuvre_mps2=0.5, climb_manoeuvre_mps2=0.2)


def recording(n=12, turns=40, *, period_s=4.9, phase_rad=2.2, seed=41, **options):
    rng = np.random.default_rng(seed)
    flown = flights(n, rng)
    plots = [scan(flown, k, rng, period_s=period_s, phase_rad=phase_rad, **options) for k in range(1, turns)]
    return flown, Plots.concat(plots)


@pytest.mark.parametrize("start_s", [0.0, 1.6e9])
def test_rotation_is_read_off_the_plots(start_s):
    _, plots = recording(period_s=4.87, n_false=5, turns=300)
    period_s, phase_rad = rotation(plots.t_s + start_s, plots.measurement[:, 1])
    assert period_s == pytest.approx(4.87, abs=1e-4)
    beam = phase_rad + TWO_PI * (plots.t_s + start_s) / period_s
    assert np.abs(np.angle(np.exp(1j * (beam - plots.measurement[:, 1])))).max() < 0.05


def test_what_does_not_turn_has_no_rotation():
    rng = np.random.default_rng(42)
    assert rotation(np.sort(rng.uniform(0.0, 300.0, 500)), rng.uniform(0.0, TWO_PI, 500)) is None
    assert rotation(np.arange(5.0), np.arange(5.0)) is None
    # all at once every 4 s, from one sector: any period that divides 4 s looks coherent
    assert rotation(np.repeat(4.0 * np.arange(60), 8), rng.uniform(0.0, 0.3, 480)) is None


def test_a_rotation_is_read_off_one_sector():
    _, plots = recording(period_s=4.87, turns=200, n=60)
    plots = plots.take((plots.measurement[:, 1] > 1.0) & (plots.measurement[:, 1] < 1.4))
    period_s, _ = rotation(plots.t_s, plots.measurement[:, 1])
    assert period_s == pytest.approx(4.87, abs=1e-3)


def test_frames_are_centred_on_reports():
    t_s = np.repeat(np.arange(20) * 2.0 + 0.7, 6)
    length_s, start_s = frames(t_s, np.full(120, -1))
    assert length_s == pytest.approx(2.0)
    np.testing.assert_allclose(((t_s - start_s) / length_s) % 1.0, 0.5, atol=1e-6)
    length_s, _ = frames(np.array([0.0, 1.0, 5.0, 6.1, 10.0, 11.0]), np.array([1, 2, 1, 2, 1, 2]))
    assert length_s == pytest.approx(5.0)


def held(history, flown, n):
    """Distance of each estimate to its nearest flight, and tracks with more than ten estimates."""
    off = np.linalg.norm(history.position_ecef_m[:, None] - flown.at(np.repeat(history.t_s[:, None], n, 1)), axis=2)
    numbers, counts = np.unique(history.number, return_counts=True)
    return off, numbers[counts > 10]


def test_a_recording_of_an_unknown_rotation_is_tracked():
    flown, plots = recording(n_false=5)
    told = []
    history = track_plots(plots, places=[SITE], config=STEADY, progress=told.append)
    off, long = held(history, flown, 12)
    assert len(long) == 12
    assert np.median(off.min(axis=1)) < 700.0  # 3 mrad at 50 to 250 km is 450 m
    assert (history.status == Status.CONFIRMED).all()
    assert told[-1] == 1.0
    assert (np.diff(told) > 0.0).all()
    # nothing twice: one row a track and time
    assert len(np.unique(np.stack([history.number, history.t_s]), axis=1).T) == len(history)
    # nothing lost: the last turn's plots are in
    assert history.t_s.max() == plots.t_s.max() or history.t_s.max() > plots.t_s.max() - 4.9


@pytest.mark.parametrize("flat", [False, True])
def test_positions_in_wgs84_are_tracked(flat):
    rng = np.random.default_rng(43)
    n = 8
    flown = flights(n, rng, near_m=20e3, far_m=120e3)
    t_s = np.repeat(np.arange(60) * 4.0, n)
    at = flown.at(t_s.reshape(60, n)).reshape(-1, 3) + rng.normal(size=(60 * n, 3)) * 30.0
    lat_rad, lon_rad, alt_m = ecef_to_geodetic(at)
    if flat:
        alt_m = np.full(len(alt_m), np.nan)
    keep = rng.random(len(t_s)) < 0.9
    plots, place = plots_from_wgs84(
        t_s[keep], lat_rad[keep], lon_rad[keep], alt_m[keep], sigma_m=30.0, sigma_alt_m=30.0, unknown_alt_m=9000.0
    )
    config = STEADY.model_copy(update={"altitude_m": 9000.0})
    history = track_plots(plots, places=[place], config=config)
    off, long = held(history, flown, n)
    assert len(long) == n
    assert np.median(off.min(axis=1)) < (600.0 if flat else 40.0)


def test_positions_meet_their_polar_form():
    position = polar_to_ecef(50e3, 1.0, 0.1, SITE)
    lat_rad, lon_rad, alt_m = (np.atleast_1d(v) for v in ecef_to_geodetic(position))
    plots, place = plots_from_wgs84(np.zeros(1), lat_rad, lon_rad, alt_m, sigma_m=20.0, sigma_alt_m=50.0)
    np.testing.assert_allclose(polar_to_ecef(*plots.measurement[0, :3], place), position, atol=1e-6)
    r, _, elevation = plots.measurement[0, :3]
    sd = np.sqrt(np.diag(plots.cov[0])[:3]) * [1.0, r * np.cos(elevation), r]
    np.testing.assert_allclose(sd, [20.0, 20.0, 50.0])


def test_what_cannot_be_tracked_is_refused():
    _, plots = recording(turns=3)
    with pytest.raises(ValueError, match="no plots to track"):
        track_plots(Plots.empty(), places=[SITE])
    with pytest.raises(ValueError, match="places has 0"):
        track_plots(plots, places=[])
    with pytest.raises(ValueError, match="finite"):
        plots_from_wgs84(np.zeros(1), np.array([np.nan]), np.zeros(1), np.zeros(1), sigma_m=1.0, sigma_alt_m=1.0)
    with pytest.raises(ValueError, match="above 0"):
        plots_from_wgs84(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1), sigma_m=0.0, sigma_alt_m=1.0)
