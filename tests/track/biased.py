"""Several radars with systematic errors over the same nearly straight flights, for the tests of registration."""

from dataclasses import dataclass

import numpy as np

from watchfloor.base.picture import Plots
from watchfloor.physics.frames import Place, ecef_to_polar, enu_to_ecef, range_rate
from watchfloor.track.base import Associations

PLACES = [
    Place.from_degrees(40.0, 32.5, 800.0),
    Place.from_degrees(40.4, 33.6, 1000.0),
    Place.from_degrees(39.5, 33.2, 900.0),
]
PERIODS_S = (10.0, 8.0, 12.0)
SD = (50.0, 0.002, 0.002, 1.0)
_STEP_S = 2.0


@dataclass
class Flights:
    """Flights pushed about by white noise of intensity q: knots of position and velocity every two seconds."""

    position_m: np.ndarray
    velocity_mps: np.ndarray

    def at(self, t_s, who):
        """Cubics between knots."""
        i = np.floor(t_s / _STEP_S).astype(int)
        f = (t_s / _STEP_S - i)[:, None]
        p0, p1 = self.position_m[i, who], self.position_m[i + 1, who]
        v0, v1 = self.velocity_mps[i, who], self.velocity_mps[i + 1, who]
        position = (2 * f**3 - 3 * f**2 + 1) * p0 + (3 * f**2 - 2 * f**3) * p1
        position += _STEP_S * ((f**3 - 2 * f**2 + f) * v0 + (f**3 - f**2) * v1)
        return position, (1 - f) * v0 + f * v1


def fly(rng, *, n=25, until_s=600.0, q=5.0, q_up=1.8):
    """Draw n flights around the first place; ``q`` is the white-noise intensity of horizontal acceleration."""
    base, knots = PLACES[0], int(until_s / _STEP_S) + 20
    heading, speed = rng.uniform(0.0, 2.0 * np.pi, n), rng.uniform(150.0, 280.0, n)
    position = np.stack([*rng.uniform(-120e3, 150e3, (2, n)), rng.uniform(5e3, 12e3, n)], axis=1)
    velocity = np.stack([speed * np.sin(heading), speed * np.cos(heading), 0.0 * speed], axis=1)
    sd = np.sqrt(_STEP_S * np.array([q, q, q_up]))
    kept = []
    for _ in range(knots):
        kept.append((position, velocity))
        push = sd * rng.normal(size=(n, 3))
        drift = sd * _STEP_S * (rng.normal(size=(n, 3)) / np.sqrt(12.0))
        position = position + _STEP_S * velocity + drift + 0.5 * _STEP_S * push
        velocity = velocity + push
    where, speed = (np.stack(part) for part in zip(*kept, strict=True))
    return Flights(enu_to_ecef(where, base), speed @ base.rotation)


def see(rng, flown, bias, *, until_s=600.0, pd=0.9, sd=SD, elevation=True, range_rates=False, wrong=0.0, sweeps=False):
    """Plots of radars with ``bias`` (sensors, 5) and who caused them, rows by time; ``sweeps``: a turning beam.

    A share ``wrong`` is off by a few times the errors, as if another echo had been taken for the flight's.
    """
    n = flown.position_m.shape[1]
    who, parts = np.arange(n), []
    for s, b in enumerate(bias):
        for turn in range(int(until_s / PERIODS_S[s])):
            t = (turn + rng.uniform(size=n)) * PERIODS_S[s]
            for _ in range(20 if sweeps else 1):
                position, velocity = flown.at(t, who)
                r, azimuth, height = ecef_to_polar(position, PLACES[s])
                if sweeps:
                    t = (turn + azimuth / (2.0 * np.pi)) * PERIODS_S[s]
            z = np.stack([r, azimuth, height, range_rate(position, velocity, PLACES[s])], axis=1)
            z += rng.normal(size=z.shape) * sd
            z[:, 0] += b[0] + b[1] * r
            z[:, 1] = (z[:, 1] + b[2]) % (2.0 * np.pi)
            z[:, 2] += b[3]
            if not elevation:
                z[:, 2] = np.nan
            if not range_rates:
                z[:, 3] = np.nan
            astray = rng.normal(size=(n, 4)) * (400.0, 0.006, 0.004, 20.0)
            z += np.where(rng.random(n) < wrong, 1.0, 0.0)[:, None] * astray
            seen = rng.random(n) < pd
            parts.append((t[seen] + b[4], np.full(seen.sum(), s), who[seen], z[seen]))
    t, sensor, who, z = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(t)
    t, sensor, who, z = t[order], sensor[order], who[order], z[order]
    cov = np.broadcast_to(np.diag(np.square(sd)), (len(t), 4, 4)).copy()
    missing = np.isnan(z)
    cov[missing[:, :, None] | missing[:, None, :]] = np.nan
    nobody = np.full(len(t), -1)
    plots = Plots(
        t_s=t, sensor=sensor, measurement=z, cov=cov, snr_db=np.full(len(t), 15.0), pfa=np.full(len(t), 1e-6),
        address=nobody, label=nobody,
    )  # fmt: skip
    return plots, who


def pairs(plots, track, probability=1.0):
    """Associations as a tracker would list them; registration asks for no innovations."""
    n = len(plots)
    return Associations(
        t_s=plots.t_s, sensor=plots.sensor, track=track, probability=np.full(n, probability),
        measurement=plots.measurement, cov=plots.cov, innovation=np.full((n, 4), np.nan),
        innovation_cov=np.full((n, 4, 4), np.nan), snr_db=plots.snr_db,
    )  # fmt: skip


def teach(registration, plots, who, *, until_s=600.0, tick_s=10.0, probability=1.0):
    """Step through all plots with known pairs, uncorrected."""
    for end_s in np.arange(tick_s, until_s + 60.0, tick_s):
        now = np.flatnonzero((plots.t_s > end_s - tick_s) & (plots.t_s <= end_s))
        registration.step(pairs(plots.take(now), who[now], probability), until_s=end_s, corrected=False)
