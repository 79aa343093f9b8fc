"""What the signal level works out once for a radar: its pulse, filters, axes and beams; and its two tables.

One sample a range cell: sample k of a pulse's record belongs to the delay k / B after that pulse was sent, range
k c/2B. `iq_synthesis` fills a `Cube`, `iq_processing` makes `Detections` of it, `iq` is the door to both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchfloor.base.columns import Columns
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics import accuracy, filters, waveform
from watchfloor.physics.parts import Antenna
from watchfloor.physics.radar import Radar
from watchfloor.physics.reception import beam
from watchfloor.sensor import _kernels_iq as kernels

_FRACTIONS = np.linspace(-0.5, 0.5, 9)
_MAIN_LOBE = 0.1
"""Least one-way power, relative to the peak, at which a monopulse ratio is read. [1]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Echoes:
    """What the targets put into a cube: the truth behind it, for records only."""

    slow: NDArray[np.complex128]
    """(looks, targets, n_coherent) amplitude and phase of each echo in the sum channel. [square root of noise power]"""
    ratio: FloatArray
    """(3, targets) of the sum, azimuth and elevation channel to the sum. [1]"""
    delay: FloatArray
    """(looks, targets) delay of the first pulse, folded. [sample]"""
    drift: FloatArray
    """(targets,) growth of the delay a second. [sample/s]"""
    turn: FloatArray
    """(targets,) Doppler phase a sample. [rad]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cube:
    """Samples of one dwell, before the matched filter."""

    samples: NDArray[np.complex64]
    """(looks, channels, n_coherent, samples) complex samples; channels sum, azimuth and elevation difference. Noise
    alone has mean power 1 (more when jammed). [square root of noise power]"""
    azimuth_rad: float
    """Azimuth that the beam points to. [rad]"""
    elevation_rad: float
    """Apparent elevation that the beam points to. [rad]"""
    is_steered: bool
    """Whether clutter counts at the beam's own elevation, not at that of the lowest beam."""
    jamming: float
    """Jamming-to-noise ratio in the beam. [power ratio]"""
    texture: FloatArray
    """(gates,) local mean of surface clutter over its mean. [1]"""
    level: tuple[Any, ...]
    """For each look, (filters, gates) mean power of noise, jamming and clutter behind the filters: what a radar
    without CFAR is taken to know. [noise power]"""
    echoes: Echoes
    """The targets' part."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Detections(Columns):
    """What one dwell declares; one row a detection, strongest first."""

    measurement: FloatArray
    """(n, 4) range, azimuth, elevation, range rate; NaN where not measured. [m, rad, rad, m/s]"""
    sigmas: FloatArray
    """(n, 4) standard deviations of its errors, likewise."""
    power: FloatArray
    """(n,) mean power of the looks over that of noise and interference. [1]"""
    level: FloatArray
    """(n, looks) mean power of noise and interference in its cell, in each look. [noise power]"""
    row: IntArray
    """(n,) row of the range-Doppler map."""
    gate: IntArray
    """(n,) column of the range-Doppler map."""


class Beam:
    """One cut through an antenna's beam: sum and difference voltages by the offset in sine space.

    Parameters
    ----------
    antenna : Antenna
        Its taper and sidelobe level.
    beamwidth_rad : float
        Half-power beamwidth in this plane. [rad]

    Notes
    -----
    The difference voltage is the derivative of the sum voltage, which an aperture weighted by the distance from its
    middle gives; it is scaled so that noise is 1 in both and their ratio is `accuracy.MONOPULSE_SLOPE` a beamwidth on
    the axis. A uniform aperture has 1.607 by itself; other tapers have more (relative to their own sum), so that the
    slope of 1.6 is a choice, made so that both evaluators rest on the same one.

    References
    ----------
    Barton & Ward, *Handbook of Radar Measurement*, 1969, ch. 2; Skolnik, *Introduction to Radar Systems*, 3rd ed.,
    2001, ch. 4 (monopulse).
    """

    def __init__(self, antenna: Antenna, beamwidth_rad: float) -> None:
        width = min(beamwidth_rad, 0.99 * math.pi)
        half = int(min(2.0 / width, 1000.0) * 64) + 64
        self._u = np.arange(-half, half + 1.0) * (width / 64.0)
        power = beam(antenna, self._u, width)
        self._sum = np.sqrt(power)
        step = 1e-3 * width
        bend = 2.0 * (1.0 - math.sqrt(float(beam(antenna, np.array([step]), width)[0]))) / step**2
        self._difference = -np.gradient(self._sum, self._u) * (accuracy.MONOPULSE_SLOPE / (width * bend))
        below = np.flatnonzero(power[half:] < _MAIN_LOBE)
        edge = int(below[0]) if below.size else half
        main = slice(half - edge + 1, half + edge)
        self._ratio, self._offset = self._difference[main] / self._sum[main], self._u[main]
        square = self._sum[main] ** 2
        self.clutter_share = float(np.sum(square * self._difference[main] ** 2) / np.sum(square * square))
        """Power of evenly spread clutter in the difference channel over that in the sum channel, both ways. [1]"""

    def sum(self, offset_sin: FloatArray) -> FloatArray:
        """One-way voltage relative to the peak; ``offset_sin`` (n,). [1]"""  # noqa: D400, D415
        return np.interp(offset_sin, self._u, self._sum)

    def ratio(self, offset_sin: FloatArray) -> FloatArray:
        """Difference over sum; ``offset_sin`` (n,). [1]"""  # noqa: D400, D415
        return np.interp(offset_sin, self._u, self._difference) / np.maximum(self.sum(offset_sin), 1e-6)

    def offset(self, ratio: FloatArray) -> FloatArray:
        """Offset in sine space at which the main lobe shows a ratio (n,), held at the lobe's edge. [1]"""  # noqa: D400, D415
        return np.interp(ratio, self._ratio, self._offset)

    def spread(self, ratio: FloatArray) -> FloatArray:
        """How much larger the error of the offset is than on the axis; ``ratio`` (n,). [1]"""  # noqa: D400, D415
        return np.sqrt(1.0 + np.square(np.clip(ratio, self._ratio[0], self._ratio[-1])))


class Chain:
    """Constants of one radar at the signal level; `chain` keeps them.

    Parameters
    ----------
    radar : Radar
        The radar, with stated filters.

    Raises
    ------
    ValueError
        If its filters are not stated, or its CFAR needs more than one dwell.

    Notes
    -----
    With one pulse repetition frequency a row of the map is a filter, and ranges and range rates are folded. With
    several, a row is an interval of range rate in which no look changes its filter, and a column a range up to the
    instrumented one; the looks' powers are added where such a target would stand in each.
    """

    def __init__(self, radar: Radar) -> None:
        wave, processing = radar.waveform, radar.processing
        if processing.doppler == "matched":
            raise ValueError(
                "the signal level needs filters that can be built, but the radar's doppler is 'matched': state "
                "prf_hz, and doppler 'mti' or 'bank'"
            )
        if processing.cfar is not None and processing.cfar.kind == "map":
            raise ValueError("cfar kind 'map' learns over many turns and one dwell has none: choose ca, go, so or os")
        self.radar = radar
        self.is_bank = processing.doppler == "bank"
        self.n_looks, self.n_coherent = processing.n_pulses, wave.n_coherent
        self.cell_m = radar.range_cell_m
        self.product = wave.pulse_width_s * wave.bandwidth_hz
        self.n = max(round(self.product), 1)
        self.chips = _chips(radar, self.n)
        self.reference = self.pulse(0.0)[0][: self.n]
        autocorrelation = np.correlate(self.reference, self.reference, "full")
        self.energy_of_cells = float(np.sum(np.abs(autocorrelation) ** 2))
        self.prf_hz = np.array([wave.prf_hz[look % len(wave.prf_hz)] for look in range(self.n_looks)])
        self.pri = wave.bandwidth_hz / self.prf_hz
        lengths = self.n_coherent / self.prf_hz
        self.start_s = np.cumsum(lengths) - lengths - 0.5 * np.sum(lengths)
        self.middle_s = self.start_s + 0.5 * (self.n_coherent - 1) / self.prf_hz
        self._axes(radar)
        self._filters(radar)
        antenna = radar.antenna
        self.beam_azimuth = Beam(antenna, radar.beamwidth_azimuth_rad)
        self.beam_elevation = Beam(antenna, radar.beamwidth_elevation_rad)
        self.shapes_elevation = antenna.elevation == "stacked" and radar.measures_elevation
        self.pencil = radar.scan.motion == "electronic"
        self.staring = radar.scan.motion == "staring"
        self.bare = radar.but(doppler="matched", cfar=None, range_min_m=0.0, range_max_m=max(1e7, radar.range_max_m))

    def pulse(self, delay: float, turn: float = 0.0) -> tuple[NDArray[np.complex128], int]:
        """Samples of one pulse of unit energy at a delay [samples], and the number of the first."""
        out = np.empty(self.n + 1, dtype=np.complex128)
        first = kernels.pulse(out, delay, turn, self.chips, self.n, self.product)
        return out, first

    def _axes(self, radar: Radar) -> None:
        far = math.floor(radar.range_max_m / self.cell_m + 1e-9) + 1
        self.gates = np.minimum(np.floor(self.pri + 1e-9).astype(np.int64), far)
        self.n_samples = int(np.max(self.gates)) + self.n
        prfs = set(self.prf_hz.tolist())
        self.folds = bool(np.any(self.gates < far))
        self.n_gates = far if len(prfs) > 1 else int(self.gates[0])
        axis = np.arange(self.n_gates, dtype=np.float64)
        self.columns = None
        if len(prfs) > 1 and self.folds:
            folded = np.rint(np.mod(axis, self.pri[:, None])).astype(np.int64)
            self.columns = np.minimum(folded, self.gates[:, None] - 1)
        self.range_m = axis * self.cell_m
        self.heard = (self.range_m >= radar.range_min_m) & (self.range_m <= radar.range_max_m * (1.0 + 1e-12))
        n_rows = 1
        self.row_filter = np.zeros((1, self.n_looks), np.int64)
        self.row_rate_mps = np.zeros(1)
        if self.is_bank:
            rate, row_filter = _rows(radar, self.prf_hz)
            self.row_filter, self.row_rate_mps, n_rows = row_filter, rate, len(rate)
        self.one_prf = len(prfs) == 1
        self.shape = (n_rows, self.n_gates)

    def _filters(self, radar: Radar) -> None:
        weights = filters.weights(radar.waveform, radar.processing)
        self.weights = weights / np.sqrt(np.sum(np.abs(weights) ** 2, axis=1))[:, None]
        self.taper = np.real(self.weights[0]).astype(np.float32)  # of a bank: filter 0 has the window alone
        self.side_range = _range_sidelobes(self)
        self.side_doppler = _doppler_sidelobes(self.taper) if self.is_bank else np.ones(1)

    def steering(self, look: int, rate_mps: FloatArray) -> NDArray[np.complex128]:
        """Weights (p, n_coherent) tuned to p range rates; of a canceller its own, which know no range rate."""
        if not self.is_bank:
            return np.broadcast_to(self.weights[0], (len(rate_mps), self.n_coherent)).astype(np.complex128)
        step = -2.0 * rate_mps / (self.radar.wavelength_m * self.prf_hz[look])
        return self.taper * np.exp(2j * np.pi * step[:, None] * np.arange(self.n_coherent))

    def turn(self, rate_mps: FloatArray) -> FloatArray:
        """Doppler phase a sample (p,) at p range rates. [rad]"""  # noqa: D400, D415
        return -4.0 * np.pi * rate_mps / (self.radar.wavelength_m * self.radar.bandwidth_hz)

    @cached_property
    def rates_mps(self) -> FloatArray:
        """Range rates a quarter of a Doppler cell apart, out to the greatest that is reported. [m/s]"""  # noqa: D400, D415
        step = 0.125 * self.radar.wavelength_m * float(self.prf_hz.min()) / self.n_coherent
        last = math.ceil(self.radar.range_rate_max_mps / step)
        return step * np.arange(-last, last + 1.0)

    @cached_property
    def rate_bank(self) -> list[NDArray[np.complex64]]:
        """Filters tuned to ``rates_mps`` in each look, (rates, n_coherent), conjugate. [1]"""  # noqa: D400, D415
        return [np.conj(self.steering(i, self.rates_mps)).astype(np.complex64) for i in range(self.n_looks)]

    @cached_property
    def rate_filter(self) -> FloatArray:
        """Number of the filter that ``rates_mps`` lie at in each look, (rates, looks), not rounded or folded. [1]"""  # noqa: D400, D415
        return -2.0 * self.n_coherent / self.radar.wavelength_m * self.rates_mps[:, None] / self.prf_hz

    @cached_property
    def rate_bound_mps(self) -> float:
        """Error of the range rate at an energy ratio of 1, by the peak of a windowed periodogram. [m/s]"""  # noqa: D400, D415
        w = self.taper.astype(np.float64)
        m = np.arange(len(w)) - np.sum(w * np.arange(len(w))) / np.sum(w)
        variance = 0.5 * np.sum(w) ** 2 / np.sum(w * w) * np.sum((w * m) ** 2) / np.sum(w * m * m) ** 2
        prf = float(np.mean(self.prf_hz**-2.0) ** -0.5)
        return 0.5 * self.radar.wavelength_m * prf * math.sqrt(variance) / (2.0 * math.pi)

    @cached_property
    def bytes_a_channel(self) -> int:
        """Memory of one channel's samples, its filtered powers and their sum. [byte]"""  # noqa: D400, D415
        samples = self.n_looks * self.n_coherent * self.n_samples * 8
        filtered = 3 * self.n_coherent * self.n_samples * 8 + self.n_looks * self.n_coherent * int(self.gates.max()) * 4
        return samples + filtered + 4 * self.shape[0] * self.shape[1] * 4


@lru_cache(maxsize=16)
def chain(radar: Radar) -> Chain:
    """Return the constants of a radar at the signal level; worked out once for each radar."""
    return Chain(radar)


def _chips(radar: Radar, n: int) -> NDArray[np.complex128]:
    """Chips of a code with magnitude 1; empty for linear FM longer than one sample."""
    kind = radar.waveform.modulation
    if kind == "barker":
        return waveform.barker(n, unit_energy=False).astype(np.complex128)
    if kind == "frank":
        return waveform.frank(math.isqrt(n), unit_energy=False).astype(np.complex128)
    if kind == "lfm" and n > 1:
        return np.zeros(0, np.complex128)
    return np.ones(n, np.complex128)


def _rows(radar: Radar, prf_hz: FloatArray) -> tuple[FloatArray, IntArray]:
    """Range rate in the middle of each row of the map, and each look's filter there (rows, looks)."""
    n, wavelength = radar.n_coherent, radar.wavelength_m
    if len(set(prf_hz.tolist())) == 1:
        number = np.arange(n)
        step = (number + n // 2) % n - n // 2
        rate = -0.5 * wavelength * prf_hz[0] * step / n
        return rate, np.broadcast_to(number[:, None], (n, len(prf_hz))).copy()
    most = radar.range_rate_max_mps
    width = 0.5 * wavelength * prf_hz / n
    edges = [np.array([-most, most])]
    for each in width:
        last = math.ceil(most / each) + 1
        edge = (np.arange(-last, last) + 0.5) * each
        edges.append(edge[np.abs(edge) < most])
    edge = np.unique(np.concatenate(edges))
    edge = edge[np.concatenate([[True], np.diff(edge) > 1e-6 * float(width.min())])]
    middle = 0.5 * (edge[1:] + edge[:-1])
    middle = middle[np.argsort(np.abs(middle), kind="stable")]
    number = np.rint(-middle[:, None] / width).astype(np.int64) % n
    _, first = np.unique(number, axis=0, return_index=True)  # the slowest of those that no look tells apart
    order = first[np.argsort(middle[first])]
    return middle[order], number[order]


def _range_sidelobes(c: Chain) -> FloatArray:
    """Greatest power at 0 to n samples from the highest sample, over that of the highest, wherever the echo lies."""
    worst = np.zeros(c.n + 2)
    for fraction in _FRACTIONS:
        samples, first = c.pulse(c.n + fraction)
        record = np.zeros(3 * c.n + 4, np.complex128)
        record[first : first + c.n + 1] = samples
        response = np.abs(np.correlate(record, c.reference, "valid")) ** 2
        response /= response[c.n]
        k = np.arange(len(response)) - c.n
        inside = np.abs(k) <= c.n
        np.maximum.at(worst, np.abs(k[inside]), response[inside])
    worst[:2] = 1.0
    return worst


def _doppler_sidelobes(taper: NDArray[np.float32]) -> FloatArray:
    """Greatest power of filters 0 to n - 1 from the strongest, over that of the strongest."""
    n = len(taper)
    worst = np.zeros(n)
    number = np.arange(n)
    for fraction in _FRACTIONS:
        response = np.abs(np.exp(2j * np.pi * np.outer(fraction - number, number) / n) @ taper) ** 2
        worst = np.maximum(worst, response / response[0])
    worst[[0, 1 % n, n - 1]] = 1.0
    return np.maximum(worst, worst[(-number) % n])
