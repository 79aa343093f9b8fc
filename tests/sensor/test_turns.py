"""The same turning radar at both levels."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import consistent, errors, radar, signature, spots, straight
from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place
from watchfloor.sensor import iq_synthesis
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig
from watchfloor.sensor.strobes import Emitters

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
AROUND = Environment(place=PLACE, ground_alt_m=843.0)


def model(**changes):
    """A small radar, so that a turn is quick: 60 beams, 100 range cells."""
    values = {
        "prf_hz": (1500.0,), "doppler": "bank", "window": "hann", "pulse_width_s": 10e-6, "bandwidth_hz": 1e6,
        "n_coherent": 8, "range_min_m": 4e3, "range_max_m": 19e3, "beamwidth_azimuth_rad": np.radians(6.0),
        "measures_elevation": False, "elevation": "fan", "elevation_peak_rad": np.radians(5.0), "period_s": 4.0,
        "beamwidth_elevation_rad": np.radians(12.0), "pfa": 1e-6, "peak_power_w": 20.0, "taper": "taylor",
        "elevation_max_rad": np.radians(30.0), "range_rate_max_mps": 37.0, "beam_shape_loss": 1.4,
    }  # fmt: skip
    return radar(**(values | changes))


def sensor(signatures, kind=None, *, fidelity="signal", seed=1, emitters=None) -> RotatingRadar:
    return RotatingRadar(
        RotatingRadarConfig(name="north", card="none", place="site", fidelity=fidelity, phase_deg=30.0),
        environment=AROUND, radar=kind or model(), signatures=signatures, streams=Streams(seed), row=0,
        emitters=emitters,
    )  # fmt: skip


def ring(n, distance_m=12e3, speed_mps=20.0, until_s=20.0):
    # between two filters of the bank and of two gates, as it falls
    azimuth = np.arange(n) * 360.0 / n + 1.0
    position, _ = spots(PLACE, azimuth, distance_m + 40.0 * np.arange(n), 2e3)
    inwards = (PLACE.ecef_m - position) / np.linalg.norm(PLACE.ecef_m - position, axis=1, keepdims=True)
    return straight(position, speed_mps * inwards, np.arange(0.0, until_s + 0.1, 1.0))


def played(one, truth, until_s=20.0, tick_s=5.0) -> tuple[Plots, PlotOrigins]:
    parts = []
    for t in np.arange(tick_s, until_s + 1e-6, tick_s):
        rows = (truth.t_s[0] >= t - tick_s) & (truth.t_s[0] <= t)
        columns = {name: column[:, rows] if name != "mover" else column for name, column in truth.items()}
        parts.append(one.observe(type(truth)(**columns), Tasks.empty(), until_s=t))
    return Plots.concat(p for p, _ in parts), PlotOrigins.concat(o for _, o in parts)


def test_both_levels_detect_alike():
    truth, bodies = ring(24), [signature(-8.0, 1)] * 24
    hits = {}
    for fidelity in ("measurement", "signal"):
        n = 0
        for seed in range(4):
            _, origins = played(sensor(bodies, fidelity=fidelity, seed=seed), truth)
            n += int((origins.mover >= 0).sum())
        hits[fidelity] = n
    looks = 4 * 24 * 5
    pd = hits["measurement"] / looks
    assert 0.4 < pd < 0.9
    # the samples pay for the target's place in beam, gate and filter; the closed form for the mean of the beam
    assert abs(hits["signal"] / looks - pd) < 4.0 * np.sqrt(2.0 * pd * (1.0 - pd) / looks) + 0.05


def test_plots_of_samples_scatter_as_their_covariance_says():
    truth = ring(24, until_s=40.0)
    north = sensor([signature(15.0, 0)] * 24)
    plots, origins = played(north, truth, until_s=40.0)
    gap, cov, rows = errors(plots, origins, truth, north.environment)
    assert len(rows) > 200
    steady = np.abs(gap[:, 3]) < 1.0  # the notch of no filter: all of them
    assert steady.all()
    consistent(gap, cov, sigmas=12.0)


def test_an_echo_is_declared_once_a_turn_and_noise_as_often_as_designed():
    truth = ring(24)
    kind = model(pfa=1e-4)
    plots, origins = played(sensor([signature(15.0, 0)] * 24, kind), truth)
    counts = np.bincount(origins.mover[origins.mover >= 0], minlength=24)
    # a beam that turns meets the target it started on once more at the end
    assert (counts == 5).sum() >= 23
    assert counts.max() <= 6
    false = int((origins.mover == -1).sum())
    expected = 5 * kind.n_cells * kind.pfa
    assert abs(false - expected) < 5.0 * np.sqrt(expected) + 0.1 * expected
    assert (np.diff(plots.t_s) >= 0.0).all()


def test_a_jammer_raises_the_samples_too_and_strobes_show_it():
    truth = ring(2, until_s=12.0)
    jammer = Emitters(
        mover=np.array([0]), erp_w=np.array([10.0]), centre_hz=np.array([3e9]), bandwidth_hz=np.array([20e6]),
        since_s=np.zeros(1), until_s=np.array([np.inf]),
    )  # fmt: skip
    plots, origins = played(sensor([signature(0.0, 0)] * 2, emitters=jammer), truth, until_s=10.0)
    strobe = np.isnan(plots.measurement[:, 0])
    assert strobe.sum() >= 2
    assert (origins.mover[strobe] == 0).all()
    assert not (origins.mover[~strobe] == 0).any()


@pytest.mark.parametrize(
    ("signatures", "kind", "message"),
    [
        ([], radar(), "fidelity signal needs a card that states prf_hz"),
        ([signature(0.0, 1), signature(0.0, 3)], model(), r"one fluctuation case, these have \[1, 3\]"),
    ],
)
def test_mistakes_are_told(signatures, kind, message):
    with pytest.raises(ValueError, match=message):
        sensor(signatures, kind)


def test_samples_larger_than_memory_are_refused_with_a_remedy(monkeypatch):
    monkeypatch.setattr(iq_synthesis, "_free_bytes", lambda: 1e4)
    with pytest.raises(ValueError, match=r"play this radar with fidelity: measurement"):
        sensor([])
