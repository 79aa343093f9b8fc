"""From the samples of one dwell to detections: matched filter, Doppler filters, sum of looks, CFAR, one plot an echo.

An echo crosses the threshold in several cells: neighbours that it lies between, sidelobes, other folds of an ambiguous
range or range rate. Crossings are taken strongest first; a weaker one is an echo of its own only if what is left of it
still crosses when the response of the stronger ones is taken off. What is declared is then refined: the peak of the
summed power is sought between samples and between filters, which is the maximum-likelihood estimate of a single echo,
and the difference channels are read there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics import cfar, detection
from watchfloor.physics.environment import Environment
from watchfloor.physics.radar import Radar, error_sigmas
from watchfloor.physics.waveform import matched_filter
from watchfloor.sensor import _kernels_iq as kernels
from watchfloor.sensor.iq_chain import Chain, Cube, Detections, chain
from watchfloor.sensor.iq_synthesis import directions

_STEPS = (0.5, 0.25, 0.1)
"""Half widths of the parabolas that close in on a peak. [range cell, Doppler cell]"""
_SNR_LEAST = 0.1
"""Least SNR that an error is reckoned with. [power ratio]"""

Float32Array = NDArray[np.float32]


def look_powers(radar: Radar, cube: Cube) -> list[Float32Array]:
    """Powers of each look behind the matched filter and the Doppler filters.

    Parameters
    ----------
    radar : Radar
        The radar.
    cube : Cube
        Its samples of one dwell.

    Returns
    -------
    list of (filters, gates) arrays
        Mean 1 in noise; without CFAR, where the level is known, in noise, jamming and clutter together. [power ratio]

    Notes
    -----
    ``waveform.matched_filter`` and the weights of ``filters.weights``; a bank by FFT.
    """
    c = chain(radar)
    reference = c.reference.astype(np.complex64)
    out = []
    for i in range(c.n_looks):
        compressed = matched_filter(cube.samples[i, 0], reference)[:, : c.gates[i]]
        if c.is_bank:
            y = cast(NDArray[np.complex64], fft.fft(compressed * c.taper[:, None], axis=0, overwrite_x=True))
        else:
            y = np.conj(c.weights).astype(np.complex64) @ compressed
        power = y.real**2
        power += y.imag**2
        if radar.processing.cfar is None:
            level = cube.level[i]
            if level.size > 1 or level[0, 0] != 1.0:
                power /= level.astype(np.float32)
        out.append(power)
    return out


def range_doppler(radar: Radar, powers: list[Float32Array]) -> Float32Array:
    """Sum of the looks on common axes.

    Parameters
    ----------
    radar : Radar
        The radar.
    powers : list of (filters, gates) arrays
        As `look_powers` returns them.

    Returns
    -------
    (rows, gates) array
        The statistic that is tested; mean ``n_pulses`` in noise. [power ratio]

    Notes
    -----
    Rows and columns are those of `iq_chain.Chain`: filters and folded ranges for one pulse repetition frequency, range
    rates and ranges for several.
    """
    c = chain(radar)
    if c.one_prf:
        total = powers[0]
        for power in powers[1:]:
            total = total + power
        return total
    total = np.zeros(c.shape, np.float32)
    for i, power in enumerate(powers):
        rows = power[c.row_filter[:, i]]
        total += rows if c.columns is None else rows[:, c.columns[i]]
    return total


def process(
    radar: Radar,
    cube: Cube,
    environment: Environment,
    *,
    pfa: float | None = None,
    complete: Callable[[Cube], Cube] | None = None,
) -> tuple[Detections, Float32Array]:
    """Detections of one dwell.

    Parameters
    ----------
    radar : Radar
        The radar.
    cube : Cube
        Its samples.
    environment : Environment
        Where it stands: elevations are corrected for refraction by its effective earth.
    pfa : float or None
        Probability of false alarm a cell in place of the radar's own. [1]
    complete : callable or None
        Called with a cube that declares something, before angles are measured: returns it with all channels.

    Returns
    -------
    detections : Detections
        Strongest first.
    statistic : (rows, gates) array
        The range-Doppler map that was tested, see `range_doppler`. [power ratio]

    Raises
    ------
    ValueError
        If ``pfa`` is outside (0, 1).

    Notes
    -----
    See the module docstring. A canceller measures no range rate, so that the range-Doppler coupling of linear FM stays
    in its ranges. Ranges and range rates of a radar with one pulse repetition frequency are folded where its card
    makes them ambiguous.
    """
    c = chain(radar)
    level = radar.pfa if pfa is None else pfa
    powers = look_powers(radar, cube)
    statistic = range_doppler(radar, powers)
    known = radar.threshold if pfa is None else _known_threshold(level, c.n_looks)
    if radar.processing.cfar is None:
        threshold = np.full((1, 1), known)
    else:
        threshold = cfar.threshold_map(radar.processing.cfar, statistic, level, axis=-1, n_pulses=c.n_looks)
    crossing = statistic > threshold
    crossing &= c.heard
    row, gate = np.nonzero(crossing)
    if not len(row):
        return _none(), statistic
    found = statistic[row, gate].astype(np.float64)
    limit = np.broadcast_to(threshold, statistic.shape)[row, gate].astype(np.float64)
    kept = _echoes_apart(c, powers, row, gate, found, limit)
    row, gate, found, limit = row[kept], gate[kept], found[kept], limit[kept]
    if complete is not None:
        cube = complete(cube)
    return _refined(c, cube, environment, row, gate, found, limit, known), statistic


def _known_threshold(pfa: float, n_looks: int) -> float:
    return float(detection.threshold(pfa, n_looks))


def _none() -> Detections:
    whole = np.empty(0, np.int64)
    return Detections(
        measurement=np.empty((0, 4)),
        sigmas=np.empty((0, 4)),
        power=np.empty(0),
        level=np.empty(0),
        row=whole,
        gate=whole,
    )


def _echoes_apart(
    c: Chain, powers: list[Float32Array], row: IntArray, gate: IntArray, found: FloatArray, limit: FloatArray
) -> IntArray:
    """Crossings that stronger ones do not explain, strongest first."""
    order = np.argsort(-found / limit, kind="stable")
    number = c.row_filter[row]
    column = np.array([gate if c.columns is None else c.columns[i][gate] for i in range(c.n_looks)])
    level = np.array([powers[i][number[:, i], column[i]] for i in range(c.n_looks)], dtype=np.float64)
    if c.one_prf:
        number, column, level = number[:, :1], column[:1], level.sum(axis=0)[None, :]
    explained, bare = np.zeros(len(row)), np.sqrt(limit)
    n_doppler, far = len(c.side_doppler), len(c.side_range) - 1
    kept = []
    while order.size:
        top = order[0]
        kept.append(top)
        rest = order[1:]
        for i in range(len(level)):
            apart = np.minimum(np.abs(column[i, rest] - column[i, top]), far)
            turned = (number[rest, i] - number[top, i]) % n_doppler
            explained[rest] += level[i, top] * c.side_range[apart] * c.side_doppler[turned]
        order = rest[np.sqrt(found[rest]) >= np.sqrt(explained[rest]) + bare[rest]]
    return np.array(kept)


def _at(c: Chain, cube: Cube, delay: FloatArray, rate: FloatArray, channels: slice) -> list[NDArray[np.complex128]]:
    """Filter outputs of each look for echoes at p delays [samples] and range rates: (p, channels) each."""
    drift = rate / c.cell_m
    out = []
    for i in range(c.n_looks):
        there = delay + drift * c.middle_s[i]
        if c.columns is not None:
            there = np.mod(there, c.pri[i])
        out.append(
            kernels.filter_at(
                cube.samples[i, channels], c.steering(i, rate), there, c.turn(rate), c.chips, c.n, c.product
            )
        )
    return out


def _resolved(c: Chain, cube: Cube, delay: FloatArray, rate: FloatArray) -> FloatArray:
    """Range rate (p,) at which all looks together hold most power: filters alone leave folds a fraction apart."""
    out = np.empty(len(rate))
    for p in range(len(rate)):
        power = np.zeros(len(c.rates_mps))
        for i, bank in enumerate(c.rate_bank):
            there = delay[p] + rate[p] / c.cell_m * c.middle_s[i]
            pulse, first = c.pulse(
                there % c.pri[i] if c.columns is not None else there, float(c.turn(rate[p : p + 1])[0])
            )
            heard = cube.samples[i, 0, :, max(first, 0) : first + c.n + 1]
            compressed = heard @ np.conj(pulse[max(-first, 0) :][: heard.shape[1]]).astype(np.complex64)
            output = bank @ compressed
            power += output.real**2 + output.imag**2
        out[p] = c.rates_mps[np.argmax(power)]
    return out


def _vertex(y: FloatArray, h: float) -> FloatArray:
    """Place of the top of parabolas through (3, p) values at -h, 0, h, held inside."""
    bend = y[0] - 2.0 * y[1] + y[2]
    safe = np.where(bend < 0.0, bend, -1.0)
    return np.clip(np.where(bend < 0.0, 0.5 * h * (y[0] - y[2]) / safe, h * np.sign(y[2] - y[0])), -h, h)


def _refined(
    c: Chain,
    cube: Cube,
    environment: Environment,
    row: IntArray,
    gate: IntArray,
    found: FloatArray,
    limit: FloatArray,
    known: float,
) -> Detections:
    """Measure what was declared."""
    radar = c.radar
    delay, rate = gate.astype(np.float64), c.row_rate_mps[row]
    start, n = delay.copy(), len(row)
    cell_mps, ambiguous = radar.range_rate_cell_mps, 0.5 * radar.wavelength_m * float(c.prf_hz[0])
    if c.is_bank and not c.one_prf:
        rate = _resolved(c, cube, delay, rate)
    for h in _STEPS:
        points = np.concatenate([delay - h, delay, delay + h])
        power = _power(_at(c, cube, points, np.tile(rate, 3), slice(0, 1))).reshape(3, n)
        delay = np.clip(delay + _vertex(power, h), start - 1.0, start + 1.0)
        if c.is_bank:
            points = np.concatenate([rate - h * cell_mps, rate, rate + h * cell_mps])
            power = _power(_at(c, cube, np.tile(delay, 3), points, slice(0, 1))).reshape(3, n)
            rate = rate + _vertex(power, h) * cell_mps
            if c.one_prf:
                rate = np.mod(rate + 0.5 * ambiguous, ambiguous) - 0.5 * ambiguous
    outputs = _at(c, cube, delay, rate, slice(None))
    level = limit / known if radar.processing.cfar is not None else _known_level(c, cube, row, gate)
    energy = _power([y[:, :1] for y in outputs])
    snr = np.maximum(energy / (c.n_looks * level) - 1.0, _SNR_LEAST)
    across = above = np.zeros(n)
    spread_azimuth = spread_elevation = np.ones(n)
    if cube.samples.shape[1] > 1:
        signal = np.maximum(energy - c.n_looks * level, 0.5 * energy)
        azimuth = sum(np.real(y[:, 1] * np.conj(y[:, 0])) for y in outputs) / signal
        elevation = sum(np.real(y[:, 2] * np.conj(y[:, 0])) for y in outputs) / signal
        across, spread_azimuth = c.beam_azimuth.offset(azimuth), c.beam_azimuth.spread(azimuth)
        above, spread_elevation = c.beam_elevation.offset(elevation), c.beam_elevation.spread(elevation)
    measurement = np.empty((n, 4))
    measurement[:, 0] = delay * c.cell_m
    measurement[:, 1], apparent = directions(radar, across, above, (cube.azimuth_rad, cube.elevation_rad))
    measurement[:, 2] = _geometric(environment, measurement[:, 0], apparent)
    measurement[:, 3] = rate
    sigmas = np.array(error_sigmas(radar, snr, floor=0.0)).T
    if len(c.chips):
        sigmas[:, 0] = c.cell_m * np.minimum(_chip_sigma(delay, c.n_looks * snr), 1.0 / math.sqrt(12.0))
    if c.is_bank:
        sigmas[:, 3] = np.minimum(c.rate_bound_mps / np.sqrt(c.n_looks * snr), cell_mps / math.sqrt(12.0))
    sigmas[:, 1] *= spread_azimuth / _foreshortening(radar, cube, 1)
    sigmas[:, 2] *= spread_elevation / _foreshortening(radar, cube, 2)
    if not radar.measures_elevation:
        measurement[:, 2] = np.nan
    if not (radar.measures_range_rate and c.is_bank):
        measurement[:, 3] = sigmas[:, 3] = np.nan
    return Detections(
        measurement=measurement,
        sigmas=sigmas,
        power=found / limit * (known / c.n_looks),
        level=level,
        row=row,
        gate=gate,
    )


def _known_level(c: Chain, cube: Cube, row: IntArray, gate: IntArray) -> FloatArray:
    """Mean power of noise and interference that a radar without CFAR knows, in n cells (n,)."""
    total = np.zeros(len(row))
    for i, level in enumerate(cube.level):
        column = gate if c.columns is None else c.columns[i][gate]
        number = c.row_filter[row, i]
        total += np.broadcast_to(level, (c.n_coherent if c.is_bank else 1, c.gates[i]))[number, column]
    return total / c.n_looks


def _power(outputs: list[NDArray[np.complex128]]) -> FloatArray:
    """Sum over looks of the power in the first channel (p,)."""
    total = np.zeros(len(outputs[0]))
    for y in outputs:
        total += y[:, 0].real ** 2 + y[:, 0].imag ** 2
    return total


def _chip_sigma(delay: FloatArray, energy: FloatArray) -> FloatArray:
    """Cramer-Rao bound of the delay of rectangular chips at an energy ratio, in chips, their sidelobes left out."""
    late = delay - np.floor(delay)
    slope2 = 2.0 - np.square(1.0 - 2.0 * late) / (np.square(1.0 - late) + np.square(late))
    return 1.0 / np.sqrt(2.0 * energy * slope2)


def _foreshortening(radar: Radar, cube: Cube, axis: int) -> float:
    """Cosine off broadside that widens a fixed face's beam along azimuth (1) or elevation (2)."""
    antenna = radar.antenna
    if antenna.face_azimuth_rad is None:
        return 1.0
    turn, tilt = cube.azimuth_rad - antenna.face_azimuth_rad, antenna.face_tilt_rad
    if axis == 1:
        return max(math.cos(turn) * math.cos(cube.elevation_rad), 0.1)
    up = math.cos(cube.elevation_rad) * math.cos(tilt) + math.sin(cube.elevation_rad) * math.cos(turn) * math.sin(tilt)
    return max(up, 0.1)


def _geometric(environment: Environment, slant: FloatArray, apparent: FloatArray) -> FloatArray:
    """Elevation without refraction: the inverse of the effective earth that `radar.look` bends rays with."""
    height, ground_alt, meridian, normal, k = environment.site
    earth = 2.0 / (meridian + normal) + ground_alt
    out = apparent
    for _ in range(3):  # the bend hardly changes with elevation: each turn gains three digits
        level, above = slant * np.cos(out), earth + height + slant * np.sin(out)
        arc, target = np.arctan2(level, above) / k, np.hypot(level, above) - earth
        far = (k * earth + target) * np.sin(arc)
        rise = target - height - 2.0 * (k * earth + target) * np.square(np.sin(0.5 * arc))
        out = out + apparent - np.arctan2(rise, far)
    return out
