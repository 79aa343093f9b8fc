"""Slow twin of the Poisson multi-Bernoulli recursion: one Cartesian sensor, frames, a flat frame, all pairs, no grids.

Associations are written out; hypotheses are lists, each model of each one a mean and a covariance.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import expm

from tests.plain import marginals, motion, tracking
from watchfloor.track._kernels import motion as k

UP = np.array([0.0, 0.0, 1.0])


@dataclass
class Story:
    w: float
    mu: np.ndarray
    x: list
    p: list


@dataclass
class Track:
    r: float
    stories: list


@dataclass
class Pmb:
    """Settings by the names of the tracker's; ``models`` rows of the motion table, the last for tracks of one plot."""

    models: np.ndarray
    sojourn_s: np.ndarray
    shares: np.ndarray
    lifetime_s: float
    pd: float
    clutter: float
    area_m2: float
    unseen: float
    births_per_scan: float
    altitude_m: float
    altitude_sd_m: float
    speed_sd_mps: float
    climb_sd_mps: float
    gate: float
    hypotheses: int
    story_min: float
    first_plot_max: float
    drop_existence: float
    tracks: list = field(default_factory=list)
    t_s: float = 0.0

    def _bound(self, x, p):
        x, p = tracking.bound(x, p, 0, UP, self.altitude_m - x[2], self.altitude_sd_m)
        return tracking.bound(x, p, 3, UP, -x[5], self.climb_sd_mps)

    def _moved(self, story, dt):
        m = len(story.mu)
        mu, x, p = story.mu, story.x, story.p
        if m > 1:
            switch = expm(motion.generator(self.sojourn_s) * dt)
            mu, x, p = motion.mix(mu, switch, np.stack(x), np.stack(p))
        rows = self.models[:m] if m > 1 else self.models[-1:]
        both = [self._bound(*motion.move(row, dt, True, xi, pi)) for row, xi, pi in zip(rows, x, p, strict=True)]
        return Story(story.w, mu, [b[0] for b in both], [b[1] for b in both])

    def _likelihood(self, x, p, z, r):
        s = p[:3, :3] + r
        y = z - x[:3]
        d2 = y @ np.linalg.solve(s, y)
        return np.exp(-0.5 * d2) / np.sqrt(np.linalg.det(2.0 * np.pi * s)), d2

    def _updated(self, story, w, z, r, wide):
        mu, x, p = story.mu, list(story.x), list(story.p)
        if len(mu) == 1 and len(self.shares) > 1 and wide:
            mu, x, p = self.shares, x * len(self.shares), p * len(self.shares)
        like = np.array([self._likelihood(xi, pi, z, r)[0] for xi, pi in zip(x, p, strict=True)])
        h = np.hstack([np.eye(3), np.zeros((3, 3))])
        both = [tracking.kalman(xi, pi, z - xi[:3], h, r) for xi, pi in zip(x, p, strict=True)]
        mu = mu * like / (mu @ like)
        return Story(w, mu, [b[0] for b in both], [b[1] for b in both])

    def step(self, t_s, z, r):
        """Take the plots z (m, 3) with covariance r of one frame."""
        dt = t_s - self.t_s
        for track in self.tracks:
            track.r *= np.exp(-dt / self.lifetime_s)
            track.stories = [self._moved(s, dt) for s in track.stories]
        self.t_s = t_s
        off = z[:, 2] - self.altitude_m
        var = self.altitude_sd_m**2 + r[2, 2]
        rho = self.pd * self.unseen / self.area_m2 * np.exp(-0.5 * off**2 / var) / np.sqrt(2.0 * np.pi * var)
        edges, ratio, part = [], [], {}
        for i, track in enumerate(self.tracks):
            for j in range(len(z)):
                like, near = [], np.inf
                for s in track.stories:
                    each = [self._likelihood(x, p, z[j], r) for x, p in zip(s.x, s.p, strict=True)]
                    like.append(sum(m * one for m, (one, _) in zip(s.mu, each, strict=True)))
                    near = min(near, *(d2 for _, d2 in each))
                if near <= self.gate:
                    total = sum(s.w * one for s, one in zip(track.stories, like, strict=True))
                    part[i, j] = np.array(like) / total
                    edges.append((i, j))
                    odds = track.r * self.pd / (1.0 - track.r * self.pd)
                    ratio.append(odds * total / (self.clutter + rho[j]))
        has, missed, new = marginals.marginals(
            [i for i, _ in edges], [j for _, j in edges], ratio, len(self.tracks), len(z)
        )
        for i, track in enumerate(self.tracks):
            lost = track.r * (1.0 - self.pd) / (1.0 - track.r * self.pd) * missed[i]
            mine = [(j, has[e]) for e, (a, j) in enumerate(edges) if a == i]
            total = lost + sum(chance for _, chance in mine)
            made = [(lost * s.w, s, None) for s in track.stories]
            made += [(chance * s.w * part[i, j][c], s, j) for j, chance in mine for c, s in enumerate(track.stories)]
            if mine:
                made = [one for one in made if one[0] > self.story_min * total]
            made.sort(key=lambda one: -one[0])
            made = made[: 2 * self.hypotheses + 4]
            track.stories = [
                Story(w, s.mu, s.x, s.p) if j is None else self._updated(s, w, z[j], r, total > 0.3) for w, s, j in made
            ]
            track.r = total
            if self.hypotheses == 1 and len(track.stories) > 1:  # models apart
                w = np.array([s.w for s in track.stories])
                mu = w @ np.stack([s.mu for s in track.stories]) / w.sum()
                x, p = [], []
                for m in range(len(mu)):
                    share = np.array([s.w * s.mu[m] for s in track.stories])
                    xm, pm = motion.merge(
                        share / share.sum(), [s.x[m] for s in track.stories], [s.p[m] for s in track.stories]
                    )
                    x.append(xm)
                    p.append(pm)
                track.stories = [Story(1.0, mu, x, p)]
            track.stories = track.stories[: self.hypotheses]
            weight = sum(s.w for s in track.stories)
            for s in track.stories:
                s.w /= weight
        for j in range(len(z)):
            exists = min(new[j] * rho[j] / (self.clutter + rho[j]), self.first_plot_max)
            p = np.diag([0.0] * 3 + [self.speed_sd_mps**2] * 2 + [self.climb_sd_mps**2])
            p[:3, :3] = r
            if exists >= self.drop_existence:
                x = np.concatenate([z[j], np.zeros(3)])
                self.tracks.append(Track(exists, [Story(1.0, np.ones(1), [x], [p])]))
        self.tracks = [track for track in self.tracks if track.r >= self.drop_existence]
        self.unseen = self.unseen * (1.0 - self.pd) + self.births_per_scan

    def told(self):
        """Existences, means and covariances of the tracks, hypotheses and models as one."""
        out = []
        for track in self.tracks:
            share = np.concatenate([s.w * s.mu for s in track.stories])
            x, p = ([one for s in track.stories for one in getattr(s, name)] for name in ("x", "p"))
            out.append((track.r, *motion.merge(share, x, p)))
        return tuple(np.array(column) for column in zip(*out, strict=True))


assert k.CV == 0
