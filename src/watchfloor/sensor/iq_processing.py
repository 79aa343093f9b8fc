"""From the samples of one dwell to detections: matched filter, Doppler filters, sum of looks, CFAR, one plot an echo.

An echo crosses the threshold in several cells: neighbours that it lies between, sidelobes, other folds of an ambiguous
range or range rate. Crossings are taken strongest first; a weaker one is an echo of its own only if what is left of it
still crosses when the response of the stronger ones is taken off. What is declared is then refined: the peak of the
summed power, each look's over its own noise and interference, is sought between samples and between filters, which is
the maximum-likelihood estimate of a single echo in white interference, and the difference channels are read there.
What comes out at one point is one echo.
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
_NEAR_ROW = 0.75
"""How far from the middles of its row's filters an echo is sought. [filter]"""
_MOST_FOLDS = 4
"""Folds of one row that are refined before the strongest is taken."""
_N_AROUND = 64
"""Cells on each side, beyond the pulse, that tell the interference of one look."""
_SAME = 0.5
"""Plots nearer than this in range and in range rate are of one echo. [range cell, Doppler cell]"""
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
    makes them ambiguous. With several, of the range rates that share the filters of a row the one is taken at which
    the looks hold most power over their interference. Stated errors of range and
    angles count the interference as white; an echo whose filter's main lobe holds strong clutter is drawn towards it.
    With CFAR the looks are added as they are: where clutter fills the filter of one, it hides the other too, which
    `radar.look` does not count.
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
    heard = _levels(c, cube, powers, row, gate, limit / known)
    kept = _echoes_apart(c, powers, row, gate, found, limit, heard)
    row, gate, found, limit, heard = row[kept], gate[kept], found[kept], limit[kept], heard[kept]
    if complete is not None:
        cube = complete(cube)
    power = found / limit * (known / c.n_looks)
    return _one_an_echo(c, *_refined(c, cube, environment, row, gate, power, heard)), statistic


def _known_threshold(pfa: float, n_looks: int) -> float:
    return float(detection.threshold(pfa, n_looks))


def _none() -> Detections:
    whole = np.empty(0, np.int64)
    return Detections(
        measurement=np.empty((0, 4)),
        sigmas=np.empty((0, 4)),
        power=np.empty(0),
        level=np.empty((0, 0)),
        row=whole,
        gate=whole,
    )


def _columns(c: Chain, gate: IntArray) -> IntArray:
    """Column of each look in which gates (n,) stand: (looks, n)."""
    return np.broadcast_to(gate, (c.n_looks, len(gate))) if c.columns is None else c.columns[:, gate]


def _around(c: Chain, i: int, column: IntArray) -> IntArray:
    """Columns of look i beyond the pulse on both sides of columns (n,), at an end those of one side twice: (n, m)."""
    step = c.n + 1 + np.arange(_N_AROUND)
    near = column[:, None] + np.concatenate([-step[::-1], step])
    near = np.where((near < 0) | (near >= c.gates[i]), 2 * column[:, None] - near, near)
    return np.clip(near, 0, c.gates[i] - 1)


def _levels(
    c: Chain, cube: Cube, powers: list[Float32Array], row: IntArray, gate: IntArray, tested: FloatArray
) -> FloatArray:
    """Mean power of noise and interference of n cells in each look: (n, looks). [noise power]

    Known without CFAR; with CFAR and one pulse repetition frequency what the threshold rests on, ``tested`` (n,);
    with several, where one look's filter may lie in clutter and another's not, the median of cells beyond the pulse.
    """
    number, column = c.row_filter[row], _columns(c, gate)
    if c.radar.processing.cfar is not None and c.one_prf:
        return np.repeat(tested[:, None], c.n_looks, axis=1)
    out = np.empty((len(row), c.n_looks))
    for i in range(c.n_looks):
        if c.radar.processing.cfar is None:
            level = np.broadcast_to(cube.level[i], (c.n_coherent if c.is_bank else 1, c.gates[i]))
            out[:, i] = level[number[:, i], column[i]]
            continue
        cell, place = np.unique(number[:, i] * c.gates[i] + column[i], return_inverse=True)
        sample = powers[i][cell[:, None] // c.gates[i], _around(c, i, cell % c.gates[i])]
        out[:, i] = (np.median(sample, axis=1) / math.log(2.0))[place]
    return out


def _echoes_apart(
    c: Chain,
    powers: list[Float32Array],
    row: IntArray,
    gate: IntArray,
    found: FloatArray,
    limit: FloatArray,
    heard: FloatArray,
) -> IntArray:
    """Crossings that stronger ones do not explain, strongest first; ``heard`` as `_levels` returns it."""
    number, column = c.row_filter[row], _columns(c, gate)
    level = np.array([powers[i][number[:, i], column[i]] for i in range(c.n_looks)], dtype=np.float64)
    side = c.side_range
    if c.one_prf:
        order = np.argsort(-found / limit, kind="stable")
        number, column, level = number[:, :1], column[:1], level.sum(axis=0)[None, :]
    else:
        # a strong echo lifts the thresholds of CFAR around it, most in its own row: that ratio does not tell the row
        over = level if c.radar.processing.cfar is None else level / heard.T
        order = np.argsort(-over.sum(axis=0), kind="stable")
        # columns and filters of one echo are rounded in each look: its peak may be the next, a sidelobe one nearer
        for i in range(c.n_looks):
            for by in (-1, 0, 1):
                near = np.clip(column[i] + by, 0, c.gates[i] - 1)
                for turn in (-1, 0, 1) if c.is_bank else (0,):
                    np.maximum(level[i], powers[i][(number[:, i] + turn) % len(powers[i]), near], out=level[i])
        side = np.maximum(side, np.concatenate([side[:1], side[:-1]]))
    explained, bare = np.zeros(len(row)), np.sqrt(limit)
    n_doppler, far = len(c.side_doppler), len(side) - 1
    whole = np.where(np.arange(len(side)) < far, 1.0, side)
    kept = []
    while order.size:
        top = order[0]
        kept.append(top)
        rest = order[1:]
        for i in range(len(level)):
            apart = np.minimum(np.abs(column[i, rest] - column[i, top]), far)
            turned = (number[rest, i] - number[top, i]) % n_doppler
            heard_of = side
            if c.columns is not None and not c.n <= column[i, top] <= c.pri[i] - c.n:
                heard_of = whole  # an eclipsed pulse has a peak and sidelobes of its own
            explained[rest] += level[i, top] * heard_of[apart] * c.side_doppler[turned]
        order = rest[np.sqrt(found[rest]) >= np.sqrt(explained[rest]) + bare[rest]]
    return np.array(kept)


def _one_an_echo(c: Chain, plots: Detections, rate_mps: FloatArray) -> Detections:
    """Leave out plots that came out within a cell of one before them, and order them by power."""
    if len(plots) > 1:
        delay = plots.measurement[:, 0] / c.cell_m
        rate = rate_mps / c.radar.range_rate_cell_mps
        turn = rate[:, None] - rate
        if c.is_bank and c.one_prf:
            turn = np.mod(turn + 0.5 * c.n_coherent, c.n_coherent) - 0.5 * c.n_coherent
        same = (np.abs(delay[:, None] - delay) < _SAME) & (np.abs(turn) < _SAME)
        kept: list[int] = []
        for p in range(len(plots)):
            if not same[p, kept].any():
                kept.append(p)
        rows = np.array(kept)
        plots = plots.take(rows[np.argsort(-plots.power[rows], kind="stable")])
    return plots


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


def _folds(c: Chain, cube: Cube, delay: FloatArray, row: IntArray, level: FloatArray) -> tuple[IntArray, FloatArray]:
    """Range rates that share the filters of n rows, strongest first: the plot (m,) of each, and the rate (m,).

    Of each fold the rate is taken at which the looks, each over its interference ``level`` (n, looks), hold most power;
    of the folds the `_MOST_FOLDS` that hold most. A row, not the whole axis, since clutter outshines an echo elsewhere.
    """
    plot: list[int] = []
    rate: list[float] = []
    for p in range(len(row)):
        off = c.rate_filter - c.row_filter[row[p]]
        off -= c.n_coherent * np.rint(off / c.n_coherent)
        near = np.flatnonzero(np.all(np.abs(off) <= _NEAR_ROW, axis=1))
        if not near.size:  # a sliver at the end of the axis
            plot.append(p)
            rate.append(float(c.row_rate_mps[row[p]]))
            continue
        power = np.zeros(len(near))
        for i, bank in enumerate(c.rate_bank):
            pulse, first = c.pulse(delay[p] % c.pri[i] if c.columns is not None else delay[p])
            heard = cube.samples[i, 0, :, max(first, 0) : first + c.n + 1]
            compressed = heard @ np.conj(pulse[max(-first, 0) :][: heard.shape[1]]).astype(np.complex64)
            output = bank[near] @ compressed
            power += (output.real**2 + output.imag**2) / level[p, i]
        fold = np.cumsum(np.diff(near, prepend=near[0]) > 1)
        order = np.argsort(-power, kind="stable")
        _, first_of = np.unique(fold[order], return_index=True)
        best = order[np.sort(first_of)[:_MOST_FOLDS]]
        plot.extend([p] * len(best))
        rate.extend(c.rates_mps[near[best]].tolist())
    return np.array(plot), np.array(rate)


def _spread_of_rate(
    c: Chain, cube: Cube, gate: IntArray, rate: FloatArray, outputs: list[NDArray[np.complex128]], level: FloatArray
) -> FloatArray:
    """How much larger the error of n range rates is than in white interference of the same ``level`` (n, looks).

    The peak of a filter moves by what the derivative of the filter lets through, whose sidelobes are higher: clutter
    that a window holds down in one may come in by the other. Reckoned from cells beyond the pulse.
    """
    if all(known.size == 1 for known in cube.level):
        return np.ones(len(gate))
    column = _columns(c, gate)
    w = c.taper.astype(np.float64)
    m = np.arange(len(w)) - np.sum(w * np.arange(len(w))) / np.sum(w)
    total, share = np.zeros(len(gate)), np.zeros(len(gate))
    for i, y in enumerate(outputs):
        compressed = matched_filter(cube.samples[i, 0], c.reference.astype(np.complex64))[:, : c.gates[i]]
        cells = compressed[:, _around(c, i, column[i])]  # (pulses, n, m)
        slope = np.conj(c.steering(i, rate)) * (m / np.sqrt(np.sum(np.square(w * m))))
        power = np.square(np.abs(np.einsum("nk,knm->nm", slope, cells)))
        snr = np.square(np.abs(y[:, 0])) / level[:, i]
        share += snr * np.maximum(np.median(power, axis=1) / math.log(2.0) / level[:, i], 1.0)
        total += snr
    return np.sqrt(share / total)


def _vertex(y: FloatArray, h: float) -> FloatArray:
    """Place of the top of parabolas through (3, p) values at -h, 0, h, held inside."""
    bend = y[0] - 2.0 * y[1] + y[2]
    safe = np.where(bend < 0.0, bend, -1.0)
    return np.clip(np.where(bend < 0.0, 0.5 * h * (y[0] - y[2]) / safe, h * np.sign(y[2] - y[0])), -h, h)


def _peak(
    c: Chain, cube: Cube, delay: FloatArray, rate: FloatArray, level: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Delays and range rates (p,) of the peaks near p points of the looks' power over their ``level`` (p, looks)."""
    start, n, levels = delay, len(delay), np.tile(level, (3, 1))
    cell_mps, ambiguous = c.radar.range_rate_cell_mps, 0.5 * c.radar.wavelength_m * float(c.prf_hz[0])
    for h in _STEPS:
        points = np.concatenate([delay - h, delay, delay + h])
        power = _power(_at(c, cube, points, np.tile(rate, 3), slice(0, 1)), levels).reshape(3, n)
        delay = np.clip(delay + _vertex(power, h), start - 1.0, start + 1.0)
        if c.is_bank:
            points = np.concatenate([rate - h * cell_mps, rate, rate + h * cell_mps])
            power = _power(_at(c, cube, np.tile(delay, 3), points, slice(0, 1)), levels).reshape(3, n)
            rate = rate + _vertex(power, h) * cell_mps
            if c.one_prf:
                rate = np.mod(rate + 0.5 * ambiguous, ambiguous) - 0.5 * ambiguous
    return delay, rate


def _refined(
    c: Chain,
    cube: Cube,
    environment: Environment,
    row: IntArray,
    gate: IntArray,
    power: FloatArray,
    level: FloatArray,
) -> tuple[Detections, FloatArray]:
    """Measure what was declared; ``power`` (n,) and ``level`` (n, looks) as in `Detections`. Also the range rates."""
    radar, n = c.radar, len(row)
    cell_mps = radar.range_rate_cell_mps
    plot, delay, rate = np.arange(n), gate.astype(np.float64), c.row_rate_mps[row]
    if c.is_bank and not c.one_prf:
        plot, rate = _folds(c, cube, delay, row, level)
    delay, rate = _peak(c, cube, delay[plot], rate, level[plot])
    outputs = _at(c, cube, delay, rate, slice(None))
    energy = _power(outputs, level[plot])
    best = np.lexsort((-energy, plot))
    best = best[np.unique(plot[best], return_index=True)[1]]
    delay, rate, energy, outputs = delay[best], rate[best], energy[best], [y[best] for y in outputs]
    snr = np.maximum(energy / c.n_looks - 1.0, _SNR_LEAST)
    across = above = np.zeros(n)
    spread_azimuth = spread_elevation = np.ones(n)
    if cube.samples.shape[1] > 1:
        signal = np.maximum(energy - c.n_looks, 0.5 * energy)
        azimuth = sum(np.real(y[:, 1] * np.conj(y[:, 0])) / level[:, i] for i, y in enumerate(outputs)) / signal
        elevation = sum(np.real(y[:, 2] * np.conj(y[:, 0])) / level[:, i] for i, y in enumerate(outputs)) / signal
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
        wide = _spread_of_rate(c, cube, gate, rate, outputs, level)
        sigmas[:, 3] = np.minimum(wide * c.rate_bound_mps / np.sqrt(c.n_looks * snr), cell_mps / math.sqrt(12.0))
    sigmas[:, 1] *= spread_azimuth / _foreshortening(radar, cube, 1)
    sigmas[:, 2] *= spread_elevation / _foreshortening(radar, cube, 2)
    if not radar.measures_elevation:
        measurement[:, 2] = np.nan
    if not (radar.measures_range_rate and c.is_bank):
        measurement[:, 3] = sigmas[:, 3] = np.nan
    plots = Detections(measurement=measurement, sigmas=sigmas, power=power, level=level, row=row, gate=gate)
    return plots, rate


def _power(outputs: list[NDArray[np.complex128]], level: FloatArray) -> FloatArray:
    """Sum over looks of the power in the first channel over the look's ``level`` (p, looks): (p,)."""
    total = np.zeros(len(outputs[0]))
    for i, y in enumerate(outputs):
        total += (y[:, 0].real ** 2 + y[:, 0].imag ** 2) / level[:, i]
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
