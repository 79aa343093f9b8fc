"""Dwells with many targets of one signal-to-noise ratio, far enough apart to be as many trials."""

from __future__ import annotations

import numpy as np

from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.frames import Place, polar_to_ecef
from watchfloor.physics.radar import Radar

SITE = Place.from_degrees(57.5, 11.6, 60.0)
FREE = Environment(place=SITE)
NONE = Targets(ecef_m=np.zeros((0, 3)), velocity_ecef_mps=np.zeros((0, 3)))
AZIMUTH, ELEVATION = 0.5, np.radians(10.0)

BANK = Radar.of(
    frequency_hz=3e9, peak_power_w=32e3, pulse_width_s=50e-6, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
    gain_tx=1e4, gain_rx=1e4, noise_temperature_k=580.0, losses=7.0, prf_hz=(600.0,), doppler="bank",
    beamwidth_azimuth_rad=0.02, beamwidth_elevation_rad=0.03, elevation_min_rad=-0.01, elevation_max_rad=1.2,
    period_s=10.0, pfa=1e-4, range_min_m=8e3, range_max_m=240e3, range_rate_max_mps=1200.0,
    measures_elevation=True, measures_range_rate=True,
)  # fmt: skip
MTI = BANK.but(doppler="mti", n_coherent=3, prf_hz=(1500.0,), range_max_m=90e3, measures_range_rate=False)


def flock(radar, snr, *, cells=0.0, rate_mps=0.0, azimuth_rad=0.0, elevation_rad=0.0, swerling=0, spacing=None):
    """Targets two pulses apart in range, whose free-space SNR is ``snr``; offsets are one number or one for each.

    ``cells`` is the offset from a sample. Return the targets and the sample each lies next to.
    """
    n_pulse = round(radar.waveform.pulse_width_s * radar.bandwidth_hz)
    step = spacing or 2 * n_pulse + 10
    gate = np.arange(max(2 * n_pulse, 60), int(radar.range_max_m / radar.range_cell_m) - n_pulse, step)
    n = len(gate)
    range_m = (gate + np.broadcast_to(cells, n)) * radar.range_cell_m
    # all seen at one apparent elevation: on the 4/3 earth a ray leaves higher by 1/8 of its range over the radius
    bend = 0.125 * range_m / 6.39e6 * np.cos(ELEVATION)
    ecef = polar_to_ecef(range_m, AZIMUTH + azimuth_rad, ELEVATION - bend + elevation_rad, SITE)
    away = ecef - SITE.ecef_m
    away /= np.linalg.norm(away, axis=1)[:, None]
    sigma = snr * range_m**4 / radar.snr_1m2_1m
    velocity = away * np.broadcast_to(rate_mps, n)[:, None]
    return Targets(ecef_m=ecef, velocity_ecef_mps=velocity, sigma_m2=sigma, swerling=swerling), gate
