import numpy as np
import pytest

from watchfloor.physics.radar import Radar

VALUES = {
    "frequency_hz": 3e9,
    "peak_power_w": 32e3,
    "pulse_width_s": 2e-5,
    "bandwidth_hz": 1e6,
    "n_coherent": 8,
    "n_pulses": 2,
    "gain_tx": 3e3,
    "gain_rx": 3e3,
    "noise_temperature_k": 600.0,
    "losses": 5.0,
    "beamwidth_azimuth_rad": np.radians(1.5),
    "beamwidth_elevation_rad": np.radians(3.0),
    "elevation_min_rad": np.radians(-1.0),
    "elevation_max_rad": np.radians(30.0),
    "period_s": 10.0,
    "pfa": 1e-6,
    "range_min_m": 5e3,
    "range_max_m": 450e3,
    "range_rate_max_mps": 1200.0,
    "measures_elevation": True,
    "measures_range_rate": True,
}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"frequency_hz": 0.0}, "frequency_hz must be above 0"),
        ({"bandwidth_hz": np.nan}, "bandwidth_hz must be above 0 and finite, got nan"),
        ({"bandwidth_hz": 1e3}, "at least 1/pulse_width_s of bandwidth"),
        ({"n_coherent": 2.5}, "n_coherent must be a whole number"),
        ({"modulation": "chirp"}, "modulation must be one of plain, lfm, barker, frank, got 'chirp'"),
        ({"modulation": "barker"}, "barker has .* chips, pulse_width_s times bandwidth_hz is 20"),
        ({"modulation": "frank"}, "square number of chips, the pulse has 20"),
        ({"prf_hz": (0.0,)}, "prf_hz must lie between 0 and 1/pulse_width_s"),
        ({"prf_hz": (6e4,)}, "prf_hz must lie between 0 and 1/pulse_width_s, got 60000"),
        ({"gain_rx": -3.0}, "gain_rx must be above 0"),
        ({"beamwidth_azimuth_rad": 30.0}, "below pi, got 30.0 .degrees"),
        ({"sidelobe_db": 30.0}, "sidelobe_db must lie in"),
        ({"beam_shape_loss": 6.0}, "beam_shape_loss is a part of losses .5. and cannot be more, got 6.0"),
        ({"losses": 0.5}, "losses is a ratio, at least 1"),
        ({"elevation_min_rad": 0.6}, "elevation_min_rad < elevation_max_rad"),
        ({"pfa": 1.0}, "pfa must lie inside"),
        ({"range_min_m": 5e5}, "range_min_m must lie in"),
        ({"n_coherent": 1}, "measures_range_rate needs n_coherent of at least 2"),
        ({"doppler": "bank"}, "doppler 'bank' needs prf_hz"),
        ({"window": "kaiser"}, "window must be none, hann"),
        ({"motion": "electronic"}, "electronic scan needs face_azimuth_rad"),
        ({"face_azimuth_rad": 1.0}, "electronic scan needs face_azimuth_rad and no other has one"),
        ({"azimuth_width_rad": 2.0}, "a rotating scan goes all round"),
    ],
)
def test_a_value_outside_its_domain_is_named(change, wanted):
    with pytest.raises(ValueError, match=wanted):
        Radar.of(**(VALUES | change))


def test_a_field_no_part_has_is_named_with_the_nearest():
    with pytest.raises(TypeError, match="no 'prf'; did you mean 'prf_hz'"):
        Radar.of(**VALUES, prf=(300.0,))
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'pfa'"):
        Radar.of(**{name: value for name, value in VALUES.items() if name != "pfa"})


def test_a_changed_radar_shares_what_did_not_change():
    radar = Radar.of(**VALUES)
    other = radar.but(pfa=1e-4, losses=7.0)
    assert (other.pfa, other.losses) == (1e-4, 7.0)
    assert other.waveform is radar.waveform
    assert other.antenna is radar.antenna
    assert radar.but() == radar


def test_stated_pulse_repetition_sets_the_time_of_a_look_and_its_filters_are_cells():
    filled = Radar.of(**VALUES)
    np.testing.assert_allclose(filled.coherent_time_s, 10.0 * 1.5 / 360.0 / 2.0)
    stated = filled.but(prf_hz=(400.0, 500.0), doppler="bank")
    np.testing.assert_allclose(stated.intervals_s, [8 / 400.0, 8 / 500.0])
    np.testing.assert_allclose(stated.range_rate_cell_mps, 0.5 * stated.wavelength_m / 0.018)
    assert stated.n_cells == 8 * filled.n_cells
