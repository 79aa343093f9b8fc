"""Plots that no target causes: noise in every cell, and clutter in some cells more than in others."""

from __future__ import annotations

import numpy as np
from scipy import special

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics import cfar, clutter_law, filters, reception, terrain
from watchfloor.physics.detection import threshold
from watchfloor.physics.environment import Environment
from watchfloor.physics.radar import Radar
from watchfloor.sensor.receiver import Receiver, Rows

_LEAST_SHARE = 0.1
"""Cells that cross more often than designed by less than this share of the design are counted as noise. [1]"""


def noise_rows(
    receiver: Receiver,
    t_s: FloatArray,
    azimuth_rad: FloatArray,
    elevation_rad: FloatArray,
    u: FloatArray,
    pfa: FloatArray,
) -> Rows:
    """Rows of noise plots: range and range rate from two uniform variates, power from a third.

    Parameters
    ----------
    receiver : Receiver
        The radar's receiver.
    t_s, azimuth_rad, elevation_rad : (n,) arrays
        When and where the beam stood. [s, rad, rad]
    u : (n, 3) array
        Uniform variates: range, range rate, power.
    pfa : (n,) array
        What the plots say of their threshold; it was crossed at the radar's own. [1]
    """
    radar, n = receiver.radar, len(t_s)
    polar = np.empty((n, 4))
    polar[:, 0] = radar.range_min_m + (radar.range_max_m - radar.range_min_m) * u[:, 0]
    polar[:, 1], polar[:, 2] = azimuth_rad, elevation_rad
    polar[:, 3] = radar.range_rate_max_mps * (2.0 * u[:, 1] - 1.0)
    power = receiver.noise_power(radar.pfa * (1.0 - u[:, 2]))
    return Rows(t_s, polar, np.zeros((n, 4)), power, pfa, np.full(n, -1))


class ClutterMap:
    r"""Cells of the surface whose clutter crosses the threshold more often than noise; the same all through a run.

    Parameters
    ----------
    radar : Radar
        The radar, with a bank of filters or a canceller.
    environment : Environment
        What surrounds it, clutter among it.
    rng : numpy.random.Generator
        Source of the local mean of each cell.

    Raises
    ------
    ValueError
        If the radar's filters are not stated.

    Notes
    -----
    A cell is a range cell by a beamwidth in azimuth, in the lowest elevation beam. Its local mean :math:`\tau` is
    gamma-distributed of order ``shape`` (`clutter_law.texture`), its echo new from scan to scan. In filter b it has the
    mean power :math:`1+\mathrm{CNR}\,\tau c_b` and crosses as exponential echoes of that mean do. Without a CFAR the
    threshold is set for the mean of the ground's whole law at that place; with one, for what its window makes of the
    mean powers around, so that spikes and the edges of shadows and of the clutter itself cross. A clutter map knows
    each cell and lets none through.

    Cells below their surroundings are counted at the design rate, which they do not reach. Levels are those of the
    first repetition frequency, the clutter of ambiguous ranges left out. The fluctuation of the window's estimate is
    that of even surroundings.

    References
    ----------
    Ward, Tough & Watts, *Sea Clutter*, 2nd ed., 2013, ch. 4 and 9; `clutter_law.compound_pfa` is the mean over cells.
    """

    def __init__(self, radar: Radar, environment: Environment, rng: np.random.Generator) -> None:
        self._radar, clutter = radar, environment.clutter
        assert clutter is not None
        if radar.processing.doppler == "matched":
            raise ValueError(
                "clutter needs filters, but the radar's doppler is 'matched': state prf_hz, and 'mti' or 'bank'"
            )
        waveform, processing = radar.waveform, radar.processing
        prf = waveform.prf_hz[0]
        n_range = min(radar.n_range_cells, int(_reach_m(environment) / radar.range_cell_m) + 1)
        n_azimuth = radar.n_beams_azimuth
        slant = radar.range_min_m + radar.range_cell_m * (np.arange(n_range, dtype=np.float64) + 0.5)
        face_rad = radar.antenna.face_azimuth_rad
        first_rad = 0.0 if face_rad is None else face_rad - 0.5 * radar.scan.azimuth_width_rad
        azimuth = first_rad + radar.scan.azimuth_width_rad / n_azimuth * (np.arange(n_azimuth, dtype=np.float64) + 0.5)
        cnr = np.tile(reception.surface_clutter_to_noise(radar, environment, slant), n_azimuth)
        slant, azimuth = np.tile(slant, n_azimuth), np.mod(np.repeat(azimuth, n_range), 2.0 * np.pi)
        uniform = np.clip(rng.random(cnr.shape), 1e-15, 1.0 - 1e-15)
        if environment.terrain is not None:
            cnr = np.where(terrain.ground_visible(environment.terrain, azimuth, slant), cnr, 0.0)
        texture = np.ones(cnr.shape)
        lit = np.flatnonzero(cnr > 0.0)
        if clutter.shape < np.inf:
            texture[lit] = clutter_law.texture(clutter_law.Law("k", clutter.shape), uniform[lit])
        spread = 2.0 * clutter.spread_mps / (radar.wavelength_m * prf)
        over, chance, cells, numbers = [], [], [], []
        for number, passed in enumerate(filters.clutter_response(waveform, processing, spread).tolist()):
            level = cnr * passed
            own = 1.0 + level * texture
            around, more = surplus_pfa(radar, own.reshape(n_azimuth, -1), (1.0 + level).reshape(n_azimuth, -1))
            often = np.flatnonzero(more > _LEAST_SHARE * radar.pfa)
            over.append((own / around.ravel())[often])
            chance.append(more.ravel()[often])
            cells.append(often)
            numbers.append(np.full(len(often), number))
        self._rho, extra = np.concatenate(over), np.concatenate(chance)
        cell, self._filter = np.concatenate(cells), np.concatenate(numbers)
        self._slant, self._azimuth = slant[cell], azimuth[cell]
        self._cumulative = np.cumsum(extra)
        self.n_extra = float(self._cumulative[-1]) if extra.size else 0.0
        """False plots a turn over those of noise."""
        self._filter_mps = 0.5 * radar.wavelength_m * prf / radar.n_filters

    def draw(self, rng: np.random.Generator, turns: float) -> tuple[IntArray, FloatArray]:
        """Cells that cross during so many turns, and uniform variates (n, 7) for the rest."""
        n = int(rng.poisson(self.n_extra * turns))
        u = rng.random((n, 7))
        cell = np.searchsorted(self._cumulative, u[:, 0] * self.n_extra, side="right")
        return np.minimum(cell, len(self._cumulative) - 1), u

    def rows(self, cell: IntArray, u: FloatArray, t_s: FloatArray) -> Rows:
        """Rows of the cells drawn."""
        radar, n = self._radar, len(cell)
        polar = np.empty((n, 4))
        polar[:, 0] = self._slant[cell] + radar.range_cell_m * (u[:, 1] - 0.5)
        width = radar.scan.azimuth_width_rad / radar.n_beams_azimuth
        polar[:, 1] = np.mod(self._azimuth[cell] + width * (u[:, 2] - 0.5), 2.0 * np.pi)
        top = min(radar.elevation_min_rad + radar.beamwidth_elevation_rad, radar.elevation_max_rad)
        polar[:, 2] = radar.elevation_min_rad + (top - radar.elevation_min_rad) * u[:, 3]
        if radar.processing.doppler == "bank":  # filter b answers closing speeds b cells up; half of them are opening
            number = self._filter[cell]
            number = np.where(2 * number > radar.n_filters, number - radar.n_filters, number)
            polar[:, 3] = -self._filter_mps * (number + u[:, 4] - 0.5)
        else:
            polar[:, 3] = radar.range_rate_max_mps * (2.0 * u[:, 4] - 1.0)
        rho, n_pulses = self._rho[cell], radar.n_pulses
        limit = float(threshold(radar.pfa, n_pulses)) / rho
        tail = special.gammaincc(n_pulses, limit) * (1.0 - u[:, 5])
        power = rho * special.gammainccinv(n_pulses, np.maximum(tail, 1e-300)) / n_pulses
        return Rows(t_s, polar, np.zeros((n, 4)), power, np.full(n, radar.pfa), np.full(n, -1))

    def azimuth_rad(self, cell: IntArray) -> FloatArray:
        """Azimuth of the middle of cells. [rad]"""
        return self._azimuth[cell]


def surplus_pfa(radar: Radar, own: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""How much more often than designed cells of uneven clutter cross.

    Parameters
    ----------
    radar : Radar
        The radar: ``pfa``, looks and CFAR are used.
    own : (azimuths, ranges) array
        Mean power of the exponential echoes of each cell. [power ratio]
    mean : (azimuths, ranges) array
        What a radar without a CFAR sets its threshold for. [power ratio]

    Returns
    -------
    around, surplus : (azimuths, ranges) arrays
        Level that the threshold is set for; probability over that of even surroundings, at least 0. [power ratio, 1]

    Notes
    -----
    The mean of n reference cells of means :math:`L_j` is taken for a gamma variate with the mean and variance that it
    has, so of :math:`(\sum L)^2/\sum L^2` cells; the chance to cross is then an incomplete beta function, as in even
    surroundings. Of two halves the one that decides is taken alone (where both do, up to twice too many for `go` and
    too few for `so`), of ranked cells the level of that rank. Beyond the last cell stands noise, before the first what
    the first holds.
    """
    law, n = radar.processing.cfar, radar.n_pulses
    if law is None:
        limit = float(threshold(radar.pfa, n))
        return mean, np.maximum(special.gammaincc(n, limit * mean / own) - radar.pfa, 0.0)
    if law.kind == "map":
        return own, np.zeros_like(own)
    factor = float(cfar.multiplier(law, radar.pfa, n_pulses=n))
    half, guard = law.n_reference // 2, law.n_guard
    wide = half + guard
    noise = np.ones((len(own), wide))
    near = np.concatenate((np.repeat(own[:, :1], wide, axis=1), own, noise), axis=1)
    if law.kind == "os":
        windows = np.lib.stride_tricks.sliding_window_view(near, 2 * wide + 1, axis=1)
        keep = np.r_[0:half, 2 * wide + 1 - half : 2 * wide + 1]
        around = np.sort(windows[:, :, keep], axis=2)[:, :, min(law.rank or 1, 2 * half) - 1]
        above = np.maximum(own / around - 1.0, 0.0)
        crossing = cfar.pd(law, above, radar.pfa, n_pulses=n, swerling=2 if n > 1 else 1)
        return around, np.maximum(crossing - radar.pfa, 0.0)
    sums = []
    for power in (near, near * near):
        run = np.concatenate((np.zeros((len(own), 1)), np.cumsum(power, axis=1)), axis=1)
        short = run[:, half:] - run[:, :-half]
        count = own.shape[1]
        sums.append((short[:, :count], short[:, wide + guard + 1 : wide + guard + 1 + count]))
    (left, right), (left2, right2) = sums

    def chance(total: FloatArray, squares: FloatArray, cells: int) -> FloatArray:
        effective = total * total / squares
        odds = factor * (total / cells) / (effective * own)
        return special.betainc(n * effective, float(n), 1.0 / (1.0 + odds))

    if law.kind == "ca":
        around, found = (left + right) / (2 * half), chance(left + right, left2 + right2, 2 * half)
    else:
        greater = law.kind == "go"
        around = (np.maximum if greater else np.minimum)(left, right) / half
        found = (np.minimum if greater else np.maximum)(chance(left, left2, half), chance(right, right2, half))
    n_cells = 2.0 * half if law.kind == "ca" else float(half)
    even = special.betainc(n * n_cells, float(n), 1.0 / (1.0 + factor / n_cells))
    return around, np.maximum(found - even, 0.0)


def _reach_m(environment: Environment) -> float:
    """Slant range of the smooth horizon, a little more than enough. [m]"""
    height = max(float(environment.site[0]), 0.1)
    earth = environment.k * (2.0 / float(np.sum(environment.site[2:4])) + environment.ground_alt_m)
    return 1.05 * float(np.sqrt(2.0 * earth * height))
