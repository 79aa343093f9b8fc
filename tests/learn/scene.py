"""A radar, cards and tracks for the tests of this room: everything in sight, every look worth a whole look."""

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge, Looks, Status, Tracks
from watchfloor.learn.field import FieldConfig, cells_of
from watchfloor.learn.grid import GridLearner, GridLearnerConfig
from watchfloor.learn.levels import normalised
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.frames import Place, aspect, polar_to_ecef
from watchfloor.physics.radar import Radar, look
from watchfloor.scenario.cards import BandSignature, TypeCard

PLACE = Place.from_degrees(40.0, 32.0, 900.0)
SCALE = {"fixed": 1.0, "source": "scenario"}


def radar(**changes):
    values = dict(
        frequency_hz=3e9,
        peak_power_w=1e5,
        pulse_width_s=5e-5,
        bandwidth_hz=1e6,
        n_coherent=8,
        n_pulses=1,
        gain_tx=1e4,
        gain_rx=1e4,
        noise_temperature_k=600.0,
        losses=6.0,
        beamwidth_azimuth_rad=0.02,
        beamwidth_elevation_rad=0.03,
        elevation_min_rad=0.0,
        elevation_max_rad=1.0,
        period_s=10.0,
        pfa=1e-6,
        range_min_m=1e3,
        range_max_m=500e3,
        range_rate_max_mps=1e3,
        measures_elevation=True,
        measures_range_rate=True,
    )
    return Radar.of(**(values | changes))


def card(*, level=0.0, offset=(-10.0, 0.0, 10.0), cell_sigma_db=0.0, swerling=1, length_m=15.0, speed=(200, 250, 300)):
    p10, p50, p90 = offset
    curve = BandSignature(
        origin="assumed",
        aspect_deg=(0.0, 180.0),
        sigma_dbsm=(level, level),
        offset_db={"p10": p10, "p50": p50, "p90": p90, "source": "scenario"},
        source="scenario",
    )
    return TypeCard(
        title=f"{level} dBsm",
        speed_mps={"p10": speed[0], "p50": speed[1], "p90": speed[2], "source": "scenario"},
        speed_max_mps=400.0,
        altitude_m={"p10": 2000, "p50": 8000, "p90": 12000, "source": "scenario"},
        load_factor_max=4.0,
        length_m=length_m,
        swerling=swerling,
        signature={"S": curve, "VHF": curve, "X": curve},
        cell_sigma_db=cell_sigma_db,
    )


def learner(cards, *, radars=None, knowledge=None, label_reliability=None, **settings):
    radars = radars or [radar()]
    settings = {"kinematic_trust": 0.0, "association": 1.0, "attitude_deg": 10.0} | settings
    settings["field"] = {"calibration_db": 0.0, "elevation_edges_deg": (-15.0, 15.0)} | settings.get("field", {})
    if label_reliability is not None:
        settings["labels"] = {name: label_reliability for name in ("transponder", "flight_plan", "visual")}
    return GridLearner(
        GridLearnerConfig(**settings),
        radars=radars,
        environments=[Environment(place=PLACE)] * len(radars),
        types=list(cards),
        cards=cards,
        knowledge=knowledge,
    )


def tracks(n, *, t_s=0.0, range_m=100e3, label=-1, heading_rad=1.0, sd_m=100.0, sd_mps=5.0, status=Status.CONFIRMED):
    """Lay n tracks at one range, all round, flying one heading: so they show the radar every aspect."""
    azimuth = 2.0 * np.pi * (np.arange(n) + 0.5) / n
    position = polar_to_ecef(np.full(n, range_m), azimuth, np.full(n, 0.08), PLACE)
    velocity = 250.0 * np.array([np.sin(heading_rad), np.cos(heading_rad), 0.0]) @ PLACE.rotation
    return Tracks(
        number=np.arange(n) + 10,
        t_s=np.full(n, float(t_s)),
        position_ecef_m=position,
        velocity_ecef_mps=np.tile(velocity, (n, 1)),
        cov=np.tile(np.diag([sd_m**2] * 3 + [sd_mps**2] * 3), (n, 1, 1)),
        status=np.full(n, int(status)),
        existence=np.ones(n),
        n_hits=np.full(n, 9),
        updated_s=np.full((n, 1), float(t_s)),
        address=np.full(n, -1),
        label=np.broadcast_to(np.asarray(label, np.int64), (n,)).copy(),
    )


def inbound(n, **options):
    """Lay n tracks as `tracks`, all in the same aspect cell: nose-on."""
    out = tracks(n, **options)
    toward = PLACE.ecef_m - out.position_ecef_m
    toward /= np.linalg.norm(toward, axis=1)[:, None]
    up = out.position_ecef_m / np.linalg.norm(out.position_ecef_m, axis=1)[:, None]
    level = toward - np.einsum("ni,ni->n", toward, up)[:, None] * up
    velocity = 250.0 * level / np.linalg.norm(level, axis=1)[:, None]
    return type(out)(**{**dict(out.items()), "velocity_ecef_mps": velocity})


def snr_1m2(flying, one=None):
    targets = Targets(ecef_m=flying.position_ecef_m, velocity_ecef_mps=flying.velocity_ecef_mps)
    return look(one or radar(), targets, Environment(place=PLACE)).snr_1m2


def cells(flying, n_cells=12):
    azimuth, _ = aspect(flying.position_ecef_m, flying.velocity_ecef_mps, PLACE.ecef_m)
    return np.minimum((np.abs(azimuth) / (np.pi / n_cells)).astype(int), n_cells - 1)


def looks(flying, power, *, first_s=1.0, step_s=10.0, pfa=1e-6, sensor=0):
    """Turn (n, k) measured powers (NaN for a miss) of standing tracks into k looks each."""
    n, k = power.shape
    who = np.repeat(np.arange(n), k)
    with np.errstate(divide="ignore"):
        snr_db = 10.0 * np.log10(power.reshape(-1))
    return Looks(
        t_s=np.tile(first_s + step_s * np.arange(k), n),
        sensor=np.full(n * k, sensor),
        track=flying.number[who],
        position_ecef_m=flying.position_ecef_m[who],
        velocity_ecef_mps=flying.velocity_ecef_mps[who],
        snr_db=snr_db,
        pfa=np.full(n * k, pfa),
    )


def swerling1(rng, snr, k, *, pfa=1e-6):
    """Draw (n, k) measured powers of one pulse at mean ``snr`` (n,); NaN below the threshold of ``pfa``."""
    z = rng.exponential(size=(len(snr), k)) * (1.0 + snr[:, None])
    return np.where(z > -np.log(pfa), z, np.nan)


def sharp(levels_dbsm, *, sd_db=0.3, configuration=0):
    """Return knowledge of one sensor and types whose levels are known to ``sd_db``, in the cells of `learner`."""
    cells = cells_of(FieldConfig(elevation_edges_deg=(-15.0, 15.0)))
    log_evidence = -0.5 * ((SIGMA_GRID_DBSM - np.asarray(levels_dbsm)[:, None]) / sd_db) ** 2
    n, n_cells = len(levels_dbsm), len(cells)
    return Knowledge(
        sensor=np.zeros(n * n_cells, np.int64),
        type=np.repeat(np.arange(n), n_cells),
        configuration=np.full(n * n_cells, configuration),
        aspect_rad=np.tile(cells.azimuth_rad, n),
        elevation_rad=np.tile(cells.elevation_rad, n),
        log_posterior=np.repeat(normalised(log_evidence), n_cells, axis=0),
        log_evidence=np.repeat(log_evidence, n_cells, axis=0),
        n_looks=np.full(n * n_cells, 10.0),
    )
