"""Coverage is the same at every latitude and azimuth.

A known simulator treats a degree of longitude as long everywhere as at the equator, so that its radars see farther
east than north. Targets here are placed by an independent geodesic code (geographiclib) and counted at the sensor.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import radar, signature, spots, straight
from watchfloor.base.picture import Tasks
from watchfloor.base.streams import Streams
from watchfloor.physics.detection import pd
from watchfloor.physics.environment import Targets
from watchfloor.physics.frames import Place
from watchfloor.physics.propagation import curvature_radius_m, horizon_m
from watchfloor.physics.radar import look
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig

AZIMUTHS_DEG = np.arange(0.0, 360.0, 22.5) + 3.0
LATITUDES_DEG = [0.0, 38.0, 60.0, 75.0]
KNOTS = np.arange(0.0, 60.1, 2.0)


def at(latitude_deg, model, dbsm, swerling, n, mast_m=20.0, ground_m=0.0):
    place = Place.from_degrees(latitude_deg, 25.0, ground_m + mast_m)
    config = RotatingRadarConfig(name="north", card="none", place="site", mast_m=mast_m)
    signatures = [signature(dbsm, swerling)] * n
    return RotatingRadar(
        config,
        environment=environment_for(model, place, mast_m),
        radar=model,
        signatures=signatures,
        streams=Streams(5),
        row=0,
    )


def seen_share(sensor, distance_m, alt_m, minutes=1):
    """Share of looks that give a plot, for each azimuth."""
    position, frame = spots(sensor.environment.place, AZIMUTHS_DEG, distance_m, alt_m)
    truth, hits = straight(position, 0.0 * frame[:, 0], KNOTS), np.zeros(len(AZIMUTHS_DEG))
    for _ in range(minutes):
        _, origins = sensor.observe(truth, Tasks.empty(), until_s=60.0)
        hits += np.bincount(origins.mover[origins.mover >= 0], minlength=len(hits))
    return hits / (6.0 * minutes)


@pytest.mark.parametrize("latitude_deg", LATITUDES_DEG)
@pytest.mark.parametrize(("mast_m", "alt_m"), [(0.0, 100.0), (0.0, 1000.0), (20.0, 9000.0)])
def test_horizon_is_the_effective_earths_to_a_thousandth_everywhere(latitude_deg, mast_m, alt_m):
    # 41.2 and 130.3 km on the mean earth for 100 and 1000 m (Skolnik 2001, section 8.4: d = 130 sqrt(h km) km); the
    # export brochure of a low-altitude radar gives 42 km for 1 m2 at 100 m, its antenna a few metres up
    sensor = at(latitude_deg, radar(), 60.0, 0, len(AZIMUTHS_DEG), mast_m)
    earth = curvature_radius_m(sensor.environment.place.lat_rad, np.radians(AZIMUTHS_DEG))
    edge = horizon_m(mast_m, alt_m, earth_radius_m=earth)
    if mast_m == 0.0:
        assert np.abs(edge / horizon_m(mast_m, alt_m) - 1.0).max() < 4e-3  # curvature varies that much
    assert (seen_share(sensor, 0.999 * edge, alt_m) == 1.0).all()
    assert (seen_share(sensor, 1.001 * edge, alt_m) == 0.0).all()


def test_low_altitude_brochure_range_is_a_horizon():
    # 36D6M: 42 km at 100 m on 1 m2 (brochure quoted in cmo-db-requests issue 4403); a horizon of 41.2 km
    # plus 1.3 km for an antenna 0.1 m up; 115 km at 1000 m lies inside our horizon of 130 km
    sensor = at(38.0, radar(), 0.0, 1, len(AZIMUTHS_DEG), mast_m=0.1)
    assert seen_share(sensor, 42e3, 100.0).mean() > 0.95  # a fade of 1 m2 at 42 km misses 1 in 500
    assert seen_share(sensor, 115e3, 1000.0).mean() > 0.95
    assert seen_share(sensor, 44e3, 100.0).max() == 0.0


def edge_of_half_m(sensor, azimuth_deg, alt_m):
    """Geodesic distance at which Pd of one look falls to one half."""
    low, high = 50e3, 500e3
    for _ in range(40):
        middle = 0.5 * (low + high)
        position, frame = spots(sensor.environment.place, azimuth_deg, middle, alt_m)
        seen = look(sensor.radar, Targets(ecef_m=position, velocity_ecef_mps=frame[:, 0]), sensor.environment)
        low, high = (middle, high) if pd(seen.snr_1m2, sensor.radar.pfa)[0] > 0.5 else (low, middle)
    return low


def test_a_target_is_detected_to_the_same_distance_everywhere():
    model = radar(pfa=1e-6, bandwidth_hz=2e4)
    sensors = {latitude: at(latitude, model, 0.0, 1, len(AZIMUTHS_DEG)) for latitude in LATITUDES_DEG}
    edges = np.array([[edge_of_half_m(s, a, 10e3) for a in AZIMUTHS_DEG[::4]] for s in sensors.values()])
    assert 250e3 < edges.mean() < 400e3
    assert np.ptp(edges) / edges.mean() < 1e-3
    for sensor in sensors.values():
        share = seen_share(sensor, edges.mean(), 10e3, minutes=10)
        looks = 60 * len(AZIMUTHS_DEG)
        # dPd/dR of Pd = pfa**(1/(1+snr)) at 0.5: 4 Pd ln(1/Pd) / R a unit, so 0.1 % of R moves Pd by 0.0014
        assert abs(share.mean() - 0.5) < 0.002 + 4.0 * np.sqrt(0.25 / looks)
        assert np.abs(share - 0.5).max() < 0.002 + 5.0 * np.sqrt(0.25 / 60)


def test_high_ground_is_reckoned_from_its_own_level():
    # the same radar on a plateau sees a target at the same height above the plateau to the same horizon
    low = at(40.0, radar(), 60.0, 0, len(AZIMUTHS_DEG), 20.0, 0.0)
    high = at(40.0, radar(), 60.0, 0, len(AZIMUTHS_DEG), 20.0, 1000.0)
    edge = horizon_m(
        20.0, 500.0, earth_radius_m=curvature_radius_m(low.environment.place.lat_rad, np.radians(AZIMUTHS_DEG))
    )
    assert high.environment.ground_alt_m == 1000.0
    for sensor, ground in ((low, 0.0), (high, 1000.0)):
        assert (seen_share(sensor, 0.998 * edge, ground + 500.0) == 1.0).all()
        assert (seen_share(sensor, 1.002 * edge, ground + 500.0) == 0.0).all()
