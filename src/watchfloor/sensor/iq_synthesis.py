"""From radar, targets and surroundings to the samples of one dwell.

What reaches the receiver is what `radar.look` and `reception` say; what the processing makes of it is not foreseen
here: straddled samples, scalloping, eclipsing, folded ranges, blind speeds and range-Doppler coupling come out of the
samples. Targets move within the dwell at constant range rate; a pulse finds its target at rest (stop and hop) but for
the Doppler shift of its carrier.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from watchfloor.base.units import C_MPS, FloatArray
from watchfloor.physics import filters, reception, terrain
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.radar import Look, Radar, look
from watchfloor.sensor import _kernels_iq as kernels
from watchfloor.sensor.iq_chain import Chain, Cube, Echoes, chain

Complex64Array = NDArray[np.complex64]
CHANNELS = ("sum", "azimuth", "elevation")
_SHARE_OF_MEMORY = 0.5


def cube_bytes(radar: Radar) -> int:
    """Memory that one dwell of a radar takes at the signal level.

    Parameters
    ----------
    radar : Radar
        The radar, with stated filters.

    Returns
    -------
    int
        Samples of all channels and what processing them needs. [byte]

    Raises
    ------
    ValueError
        If the radar's filters are not stated.
    """
    c = chain(radar)
    samples = c.n_looks * c.n_coherent * c.n_samples * 8
    return c.bytes_a_channel + (len(CHANNELS) - 1) * samples


def check_memory(radar: Radar, *, limit_bytes: float | None = None) -> None:
    """Refuse a radar whose dwell does not fit into memory.

    Parameters
    ----------
    radar : Radar
        The radar, with stated filters.
    limit_bytes : float or None
        Memory that may be used; None for half of what is free, where the system says. [byte]

    Raises
    ------
    ValueError
        If the cube is larger; the message says how large and what helps.
    """
    limit = _SHARE_OF_MEMORY * _free_bytes() if limit_bytes is None else limit_bytes
    needed = cube_bytes(radar)
    if needed > limit:
        c = chain(radar)
        raise ValueError(
            f"the samples of one dwell need {needed / 1e9:.3g} GB ({c.n_looks} looks x {c.n_coherent} pulses x "
            f"{c.n_samples} samples x {len(CHANNELS)} channels), {limit / 1e9:.3g} GB may be used: shorten "
            "range_max_m, take fewer n_coherent or n_pulses, or play this radar with fidelity: measurement"
        )


def _free_bytes() -> float:
    """Memory that is free; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return math.inf


def synthesise(
    radar: Radar,
    targets: Targets,
    environment: Environment,
    rng: np.random.Generator,
    *,
    pointing: tuple[float, float] | None = None,
    channels: int = 3,
) -> Cube:
    """Samples of one dwell: echoes, clutter, rain, jamming and noise.

    Parameters
    ----------
    radar : Radar
        The radar, with stated filters.
    targets : Targets
        What it looks at, at the middle of the dwell. Targets beyond the instrumented range echo too, from earlier
        pulses.
    environment : Environment
        Where it stands and what surrounds it.
    rng : numpy.random.Generator
        Source of phases, fluctuation, texture, noise and clutter, drawn in this order.
    pointing : (float, float) or None
        Azimuth and apparent elevation of the beam; None for those of the first target. [rad]
    channels : int
        1 for the sum alone, 3 with both differences.

    Returns
    -------
    Cube
        The samples.

    Raises
    ------
    ValueError
        If the radar's filters are not stated, or there is neither target nor pointing.

    Notes
    -----
    A sample is scaled to the noise: mean power 1 in each before the matched filter of unit energy, so that a target on
    the axis, on a sample and on a filter leaves the filters with the signal-to-noise ratio of the range equation, times
    ``beam_shape_loss``, which the beam plays itself. Linear FM is sampled as a flat receiver of the bandwidth passes
    it, codes as means over the sample; the receiver is shut to echoes while a pulse is sent, but its noise stays.
    Stacked beams send over all their elevations and form the beam on reception; electronic beams are formed both ways.
    Fluctuation cases 1 and 3 are one draw a dwell, 2 and 4 one each look. Clutter is Gaussian in each range cell, times
    a gamma-distributed texture that lasts the dwell where ``shape`` is finite, correlated over the pulses of a look by
    its spectrum and new in each look, as from a change of carrier; its power counts behind the matched filter.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 2 to 5 (data cube, matched filter,
    eclipsing, pulse Doppler).
    """
    c = chain(radar)
    echoes, azimuth, elevation = _echoes(c, targets, environment, rng, pointing)
    jammed = _jamming(c, environment, azimuth, elevation)
    level: list[FloatArray] = []
    for parts in _interference(c, environment, azimuth, elevation, steered=pointing is not None):
        known = np.full((1, 1), 1.0 + jammed)
        for power, spread, step, _ in parts:
            known = known + _passed(radar, spread, step)[:, None] * power[None, :]
        level.append(known)
    empty = Cube(
        samples=np.empty((c.n_looks, 0, c.n_coherent, c.n_samples), np.complex64),
        azimuth_rad=azimuth,
        elevation_rad=elevation,
        is_steered=pointing is not None,
        jamming=jammed,
        texture=_texture(environment, int(c.gates.max()), rng),
        level=tuple(level),
        echoes=echoes,
    )
    return replace(empty, samples=_samples(c, empty, environment, rng, slice(0, channels)))


def with_differences(radar: Radar, cube: Cube, environment: Environment, rng: np.random.Generator) -> Cube:
    """Add the two difference channels to a cube that has the sum alone.

    Parameters
    ----------
    radar : Radar
        The radar.
    cube : Cube
        Its dwell; echoes and clutter's texture are those of the sum channel.
    environment : Environment
        As it was for the cube.
    rng : numpy.random.Generator
        Source of the channels' own noise and clutter.

    Returns
    -------
    Cube
        With three channels.

    Notes
    -----
    Most beams of a turn declare nothing, and their angles are never asked for.
    """
    more = _samples(chain(radar), cube, environment, rng, slice(1, len(CHANNELS)))
    return replace(cube, samples=np.concatenate([cube.samples, more], axis=1))


def _samples(
    c: Chain, cube: Cube, environment: Environment, rng: np.random.Generator, channels: slice
) -> Complex64Array:
    """Noise, clutter and echoes of some channels (looks, channels, n_coherent, samples)."""
    n = channels.stop - channels.start
    samples = _noise(rng, (c.n_looks, n, c.n_coherent, c.n_samples), 1.0 + cube.jamming)
    shares = (1.0, c.beam_azimuth.clutter_share, c.beam_elevation.clutter_share)[channels]
    parts = _interference(c, environment, cube.azimuth_rad, cube.elevation_rad, steered=cube.is_steered)
    for i in range(c.n_looks):
        for power, spread, step, textured in parts[i]:
            local = power * cube.texture[: len(power)] if textured else power
            _add_clutter(c, i, samples[i], local, spread, step, shares, rng)
        _add_echoes(c, samples[i], cube.echoes, i, channels)
    return samples


@lru_cache(maxsize=64)
def _passed(radar: Radar, spread: float, step: float) -> FloatArray:
    """Clutter that each filter passes, see `filters.clutter_response`."""
    return filters.clutter_response(radar.waveform, radar.processing, spread, step)


def _add_echoes(c: Chain, samples: Complex64Array, echoes: Echoes, i: int, channels: slice) -> None:
    """Add the echoes of look i to its samples (channels, pulses, samples)."""
    kernels.add_echoes(
        samples,
        echoes.slow[i],
        echoes.ratio[channels],
        echoes.delay[i],
        echoes.drift / c.prf_hz[i],
        echoes.turn,
        c.chips,
        c.n,
        c.product,
        c.n,
        int(c.pri[i] + 1e-9),
    )


def _noise(rng: np.random.Generator, shape: tuple[int, ...], power: float) -> Complex64Array:
    """Complex Gaussian noise."""
    parts = rng.standard_normal((*shape[:-1], 2 * shape[-1]), dtype=np.float32)
    parts *= np.float32(math.sqrt(0.5 * power))
    return parts.view(np.complex64)


@lru_cache(maxsize=16)
def _bare(environment: Environment) -> Environment:
    """The surroundings without what adds to the noise."""
    return replace(environment, clutter=None, jammers=None)


def _echoes(
    c: Chain,
    targets: Targets,
    environment: Environment,
    rng: np.random.Generator,
    pointing: tuple[float, float] | None,
) -> tuple[Echoes, float, float]:
    """The targets' part, and where the beam points."""
    radar = c.radar
    seen = look(c.bare, targets, _bare(environment))
    if pointing is None:
        if not len(seen.range_m):
            raise ValueError("without targets the beam needs a pointing: (azimuth_rad, elevation_rad)")
        pointing = float(seen.azimuth_rad[0]), float(seen.elevation_apparent_rad[0])
    azimuth, elevation = pointing
    if not (math.isfinite(azimuth) and math.isfinite(elevation)):
        raise ValueError(f"pointing must be two finite angles, got {pointing!r}")
    gain, ratio = _through_the_beam(c, seen, azimuth, elevation)
    snr = seen.snr * radar.antenna.beam_shape_loss * gain
    n = len(snr)
    phase = rng.uniform(0.0, 2.0 * np.pi, (c.n_looks, n, 1))
    power = snr * _fluctuation(targets.swerling, c.n_looks, n, rng)
    to_samples = 2.0 * radar.bandwidth_hz / C_MPS
    drift = seen.range_rate_mps * to_samples
    start = seen.range_m * to_samples + drift * c.start_s[:, None]
    t = c.start_s[:, None] + np.arange(c.n_coherent) / c.prf_hz[:, None]
    turns = seen.range_rate_mps[:, None] * t[:, None, :] * (-2.0 / radar.wavelength_m)
    slow = np.sqrt(power / c.n_coherent)[:, :, None] * np.exp(1j * (2.0 * np.pi * turns + phase))
    return (
        Echoes(
            slow=slow,
            ratio=ratio,
            delay=np.mod(start, c.pri[:, None]),
            drift=drift,
            turn=c.turn(seen.range_rate_mps),
        ),
        azimuth,
        elevation,
    )


def _fluctuation(swerling: int, n_looks: int, n: int, rng: np.random.Generator) -> FloatArray:
    """Power over its mean (looks, n)."""
    if swerling == 0:
        return np.ones((n_looks, n))
    k = 1.0 if swerling in (1, 2) else 2.0
    rows = 1 if swerling in (1, 3) else n_looks
    return np.broadcast_to(rng.standard_gamma(k, (rows, n)) / k, (n_looks, n))


def offsets(
    radar: Radar, azimuth_rad: FloatArray, elevation_rad: FloatArray, pointing: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Offsets of directions from the beam's axis in sine space.

    Parameters
    ----------
    radar : Radar
        The radar: a fixed face measures along its own axes.
    azimuth_rad, elevation_rad : (n,) arrays
        Directions. [rad]
    pointing : (float, float)
        Azimuth and elevation of the beam. [rad]

    Returns
    -------
    across, above : (n,) arrays
        Offsets; beyond the side of the antenna -1 or 1. [1]
    """
    if radar.antenna.face_azimuth_rad is None:
        turn = azimuth_rad - pointing[0]
        across = np.where(np.cos(turn) > 0.0, np.sin(turn), np.sign(np.sin(turn)))
        return across, np.sin(elevation_rad - pointing[1])
    u, v = _cosines(radar, azimuth_rad, elevation_rad)
    u0, v0 = _cosines(radar, np.asarray(pointing[0]), np.asarray(pointing[1]))
    return u - u0, v - v0


def directions(
    radar: Radar, across: FloatArray, above: FloatArray, pointing: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Azimuth and elevation of offsets from the beam's axis, the inverse of `offsets`.

    Parameters
    ----------
    radar, pointing
        As in `offsets`.
    across, above : (n,) arrays
        Offsets in sine space. [1]

    Returns
    -------
    azimuth_rad, elevation_rad : (n,) arrays
        Azimuth in [0, 2 pi). [rad]
    """
    antenna = radar.antenna
    if antenna.face_azimuth_rad is None:
        azimuth = pointing[0] + np.arcsin(np.clip(across, -1.0, 1.0))
        return np.mod(azimuth, 2.0 * np.pi), pointing[1] + np.arcsin(np.clip(above, -1.0, 1.0))
    u0, v0 = _cosines(radar, np.asarray(pointing[0]), np.asarray(pointing[1]))
    u, v = u0 + across, v0 + above
    out = np.sqrt(np.maximum(1.0 - u * u - v * v, 0.0))
    tilt = antenna.face_tilt_rad
    ahead, up = out * math.cos(tilt) - v * math.sin(tilt), out * math.sin(tilt) + v * math.cos(tilt)
    return np.mod(antenna.face_azimuth_rad + np.arctan2(u, ahead), 2.0 * np.pi), np.arctan2(up, np.hypot(u, ahead))


def _cosines(radar: Radar, azimuth_rad: FloatArray, elevation_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Direction cosines along the two axes of a fixed face."""
    antenna = radar.antenna
    assert antenna.face_azimuth_rad is not None
    turn, tilt = azimuth_rad - antenna.face_azimuth_rad, antenna.face_tilt_rad
    u = np.cos(elevation_rad) * np.sin(turn)
    v = np.sin(elevation_rad) * math.cos(tilt) - np.cos(elevation_rad) * np.cos(turn) * math.sin(tilt)
    return u, v


def _through_the_beam(c: Chain, seen: Look, azimuth: float, elevation: float) -> tuple[FloatArray, FloatArray]:
    """Power in the sum channel over that on the axis (n,), and the channels' ratios to it (3, n)."""
    across, above = offsets(c.radar, seen.azimuth_rad, seen.elevation_apparent_rad, (azimuth, elevation))
    ways = 1 if c.staring else 2
    gain = c.beam_azimuth.sum(across) ** (2 * ways)
    ratio = np.ones((3, len(across)))
    ratio[1] = c.beam_azimuth.ratio(across)
    if c.shapes_elevation:
        gain = gain * c.beam_elevation.sum(above) ** (4 if c.pencil else 2)
    ratio[2] = c.beam_elevation.ratio(above)
    return gain, ratio


def _jamming(c: Chain, environment: Environment, azimuth: float, elevation: float) -> float:
    """Jamming-to-noise ratio in the beam."""
    if environment.jammers is None or not len(environment.jammers):
        return 0.0
    at = reception.along(environment, np.ones(1), azimuth, elevation)
    return float(reception.jamming_to_noise(c.radar, environment, at)[0])


_Part = tuple[FloatArray, float, float, bool]
"""Clutter of one sort in one look: power in each gate (gates,), spread and mean of its phase step, if textured."""


def _texture(environment: Environment, n_gates: int, rng: np.random.Generator) -> FloatArray:
    """Local mean of surface clutter over its mean (gates,)."""
    surface = environment.clutter
    if surface is None or not math.isfinite(surface.shape):
        return np.ones(n_gates)
    return rng.standard_gamma(surface.shape, n_gates) / surface.shape


def _interference(
    c: Chain, environment: Environment, azimuth: float, elevation: float, *, steered: bool
) -> list[list[_Part]]:
    """Clutter and rain of each look, ambiguous ranges folded in."""
    if environment.clutter is None and environment.rain is None:
        return [[] for _ in range(c.n_looks)]
    kept: dict[float, list[_Part]] = {}
    for prf in set(c.prf_hz.tolist()):
        kept[prf] = _parts(c, environment, azimuth, elevation, prf, steered)
    return [kept[prf] for prf in c.prf_hz.tolist()]


def _parts(
    c: Chain, environment: Environment, azimuth: float, elevation: float, prf: float, steered: bool
) -> list[_Part]:
    radar, parts = c.radar, []
    n_gates = int(c.gates[int(np.flatnonzero(c.prf_hz == prf)[0])])
    slant, unambiguous = np.maximum(np.arange(n_gates), 0.5) * c.cell_m, 0.5 * C_MPS / prf
    radius = reception.effective_earth_m(environment)
    to_step = 2.0 / (radar.wavelength_m * prf)
    height = max(float(environment.site[0]), 0.1)
    if environment.clutter is not None:
        reach = math.sqrt(2.0 * radius * height) * 1.05
        power = np.zeros(n_gates)
        for fold in range(max(math.ceil(reach / unambiguous), 1)):
            power += _surface(c, environment, slant + fold * unambiguous, azimuth, elevation, radius, steered)
        parts.append((power, environment.clutter.spread_mps * to_step, 0.0, True))
    if environment.rain is not None:
        rain, reach = environment.rain, reception.rain_reach_m(environment, elevation)
        power = np.zeros(n_gates)
        for fold in range(max(math.ceil(reach / unambiguous), 1)):
            at = reception.along(environment, slant + fold * unambiguous, azimuth, elevation)
            power += reception.rain_to_noise(radar, environment, at)
        away = rain.wind_mps * math.cos(azimuth - rain.wind_to_rad) * math.cos(elevation)
        parts.append((power, rain.spread_mps * to_step, -away * to_step, False))
    return parts


def _surface(
    c: Chain,
    environment: Environment,
    slant: FloatArray,
    azimuth: float,
    elevation: float,
    radius: float,
    steered: bool,
) -> FloatArray:
    """Surface clutter over noise in one pulse at slant ranges, the beam's own elevation counted where it is steered."""
    radar = c.radar
    power = reception.surface_clutter_to_noise(radar, environment, slant)
    if environment.terrain is not None:
        power = np.where(terrain.ground_visible(environment.terrain, azimuth * np.ones_like(slant), slant), power, 0.0)
    lowest = radar.elevation_min_rad + 0.5 * radar.beamwidth_elevation_rad
    if steered and c.shapes_elevation and elevation > lowest:
        height = max(float(environment.site[0]), 0.1)
        down = -np.arcsin(np.clip(height / slant + 0.5 * slant / radius, -1.0, 1.0))
        here = c.beam_elevation.sum(np.sin(down - elevation))
        there = c.beam_elevation.sum(np.sin(np.minimum(down - lowest, 0.0)))
        power = power * (here / np.maximum(there, 1e-6)) ** (4 if c.pencil else 2)
    return power


@lru_cache(maxsize=32)
def _root(n: int, spread: float) -> FloatArray:
    """Square root of the covariance of n pulses of clutter with a Gaussian spectrum, (n, n)."""
    lag = np.arange(n)[:, None] - np.arange(n)
    value, vector = np.linalg.eigh(np.exp(-0.5 * (2.0 * np.pi * spread * lag) ** 2))
    root = vector * np.sqrt(np.maximum(value, 0.0))
    root.flags.writeable = False
    return root


def _add_clutter(
    c: Chain,
    i: int,
    samples: Complex64Array,
    power: FloatArray,
    spread: float,
    step: float,
    shares: tuple[float, ...],
    rng: np.random.Generator,
) -> None:
    """Add clutter to look i: scatterers in every gate, spread out by the pulse, silent while the receiver is shut."""
    n_gates = len(power)
    amplitude = np.sqrt(power / c.energy_of_cells).astype(np.float32)
    turns = np.exp(2j * np.pi * step * np.arange(c.n_coherent))[:, None]
    root = (_root(c.n_coherent, spread) * turns).astype(np.complex64)
    size = cast(int, fft.next_fast_len(n_gates + c.n))
    pulse = cast(Complex64Array, fft.fft(c.reference.astype(np.complex64), size))
    end = min(samples.shape[-1], n_gates + c.n - 1, int(c.pri[i] + 1e-9))
    for channel, share in zip(samples, shares, strict=True):
        cells = root @ _noise(rng, (c.n_coherent, n_gates), share)
        spectrum = cast(Complex64Array, fft.fft(cells * amplitude, size, axis=-1))
        heard = cast(Complex64Array, fft.ifft(spectrum * pulse, axis=-1))
        channel[:, c.n : end] += heard[:, c.n : end]
