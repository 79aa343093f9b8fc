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

_SPIKE = 1.02
"""Cells whose level is less than this times the mean of their surroundings are counted as noise. [power ratio]"""


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
        What surrounds it; its clutter has a finite ``shape``.
    rng : numpy.random.Generator
        Source of the local mean of each cell.

    Raises
    ------
    ValueError
        If the radar's filters are not stated.

    Notes
    -----
    A cell is a range cell by a beamwidth in azimuth, in the lowest elevation beam. Its local mean :math:`\tau` is
    gamma-distributed of order ``shape`` (`clutter_law.texture`), its echo new from scan to scan. The threshold stands
    at the mean level of the surroundings; in filter b the cell is above that by
    :math:`\rho=(1+\mathrm{CNR}\,\tau c_b)/(1+\mathrm{CNR}\,c_b)` and crosses as exponential echoes of that mean do.
    Cells below their surroundings are counted at the design rate, which they do not reach.
    Levels are those of the first repetition frequency, the clutter of ambiguous ranges left out.

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
        uniform = rng.random(cnr.shape)
        lit = np.flatnonzero(cnr > 0.0)
        if environment.terrain is not None and lit.size:
            lit = lit[terrain.ground_visible(environment.terrain, azimuth[lit], slant[lit])]
        cnr = cnr[lit]
        texture = clutter_law.texture(clutter_law.Law("k", clutter.shape), np.clip(uniform[lit], 1e-15, 1.0 - 1e-15))
        spread = 2.0 * clutter.spread_mps / (radar.wavelength_m * prf)
        passed = filters.clutter_response(waveform, processing, spread)
        level = cnr[:, None] * passed
        rho = (1.0 + level * texture[:, None]) / (1.0 + level)
        cell, self._filter = np.nonzero(rho > _SPIKE)
        self._rho = rho[cell, self._filter]
        self._slant, self._azimuth = slant[lit[cell]], azimuth[lit[cell]]
        extra = np.maximum(spike_pfa(radar, self._rho) - radar.pfa, 0.0)
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


def spike_pfa(radar: Radar, rho: FloatArray) -> FloatArray:
    """Chance that a cell of exponential echoes crosses, its mean power ``rho`` times what the threshold is set for."""
    law, n = radar.processing.cfar, radar.n_pulses
    if law is None:
        return special.gammaincc(n, float(threshold(radar.pfa, n)) / rho)
    return cfar.pd(law, rho - 1.0, radar.pfa, n_pulses=n, swerling=2 if n > 1 else 1)


def _reach_m(environment: Environment) -> float:
    """Slant range of the smooth horizon, a little more than enough. [m]"""
    height = max(float(environment.site[0]), 0.1)
    earth = environment.k * (2.0 / float(np.sum(environment.site[2:4])) + environment.ground_alt_m)
    return 1.05 * float(np.sqrt(2.0 * earth * height))
