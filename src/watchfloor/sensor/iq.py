"""The signal level: the same radar, targets and surroundings as `physics.radar.look`, played in samples.

`iq` plays one dwell from the pulses to its detections; `dwell_plots` all elevations of one azimuth, as a turning radar
needs them. Nothing of the closed forms of detection, accuracy, straddling, scalloping, eclipsing or blind speeds goes
into the samples, so that each level can be held against the other (``docs/design/0010``). It costs milliseconds a dwell
where the measurement level costs microseconds a target: `cube_bytes` says how much memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.environment import Environment, Targets
from watchfloor.physics.radar import Radar
from watchfloor.sensor.iq_chain import Chain, Cube, Detections, Echoes, chain
from watchfloor.sensor.iq_processing import Float32Array, process
from watchfloor.sensor.iq_synthesis import check_memory, cube_bytes, synthesise, with_differences

__all__ = [
    "Cube",
    "Detections",
    "DwellPlots",
    "IqResult",
    "check_memory",
    "cube_bytes",
    "dwell_plots",
    "iq",
    "process",
    "synthesise",
]

_SHARE_OF_A_PLOT = 0.1
"""A target caused a plot if the echo expected in its cell has this share of the plot's power."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IqResult:
    """One dwell at the signal level."""

    cube: Cube
    """Samples before the matched filter."""
    statistic: Float32Array
    """(rows, gates) range-Doppler map, looks added; mean ``n_pulses`` in noise. [power ratio]"""
    range_m: FloatArray
    """(gates,) range of its columns, folded where one pulse repetition frequency folds it. [m]"""
    range_rate_mps: FloatArray
    """(rows,) range rate of its rows; one row, 0, of a canceller. [m/s]"""
    plots: Detections
    """What crossed the threshold, measured."""
    target: IntArray
    """(n,) row of the target that caused each plot, -1 for noise and clutter: truth, for records only."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DwellPlots(Columns):
    """Plots of all elevations of one dwell; one row a plot, by range."""

    measurement: FloatArray
    """(n, 4) range, azimuth, elevation, range rate; NaN where not measured. [m, rad, rad, m/s]"""
    sigmas: FloatArray
    """(n, 4) standard deviations of its errors, likewise."""
    power: FloatArray
    """(n,) mean power of the looks over noise and interference. [1]"""
    target: IntArray
    """(n,) row of the target that caused it, -1 for noise and clutter."""
    n_merged: IntArray
    """(n,) targets whose echoes are in it; 0 for noise and clutter."""


def iq(
    radar: Radar,
    targets: Targets,
    environment: Environment,
    rng: np.random.Generator,
    *,
    pointing: tuple[float, float] | None = None,
    limit_bytes: float | None = None,
) -> IqResult:
    """Play one dwell of a radar from its pulses to its plots.

    Parameters
    ----------
    radar : Radar
        The radar; its filters must be stated: ``prf_hz``, and ``doppler`` ``mti`` or ``bank``.
    targets : Targets
        What it looks at, where it is at the middle of the dwell.
    environment : Environment
        Where the radar stands and what surrounds it.
    rng : numpy.random.Generator
        Source of every random number.
    pointing : (float, float) or None
        Azimuth and apparent elevation of the beam; None for those of the first target. [rad]
    limit_bytes : float or None
        Memory that the dwell may take; None for half of what is free. [byte]

    Returns
    -------
    IqResult
        Samples, range-Doppler map and plots.

    Raises
    ------
    ValueError
        If the filters are not stated, the CFAR is a clutter map, the dwell does not fit into memory, or there is
        neither target nor pointing.

    Notes
    -----
    `iq_synthesis.synthesise` and `iq_processing.process` say what is played and how it is measured. Valid for
    bandwidths well below the carrier, and for range walks within one look that are small beside the pulse.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 2 to 7.

    Examples
    --------
    >>> from watchfloor.physics.frames import Place, polar_to_ecef
    >>> site = Place.from_degrees(57.5, 11.6, 60.0)
    >>> north = polar_to_ecef(np.array([60e3]), 0.0, np.radians(2.0), site)
    >>> s_band = Radar.of(
    ...     frequency_hz=3e9, peak_power_w=32e3, pulse_width_s=50e-6, bandwidth_hz=1e6, n_coherent=16, n_pulses=1,
    ...     gain_tx=1e4, gain_rx=1e4, noise_temperature_k=580.0, losses=7.0, prf_hz=(1500.0,), doppler="bank",
    ...     beamwidth_azimuth_rad=0.02, beamwidth_elevation_rad=0.03, elevation_min_rad=-0.01, elevation_max_rad=1.2,
    ...     period_s=10.0, pfa=1e-6, range_min_m=8e3, range_max_m=90e3, range_rate_max_mps=1200.0,
    ...     measures_elevation=True, measures_range_rate=True,
    ... )
    >>> target = Targets(ecef_m=north, velocity_ecef_mps=0.0 * north, sigma_m2=1.0, swerling=0)
    >>> played = iq(s_band, target, Environment(place=site), np.random.default_rng(1))
    >>> len(played.plots), bool(abs(played.plots.measurement[0, 0] - 60e3) < 30.0)
    (1, True)
    """
    check_memory(radar, limit_bytes=limit_bytes)
    cube = synthesise(radar, targets, environment, rng, pointing=pointing)
    plots, statistic = process(radar, cube, environment)
    c = chain(radar)
    target, _ = _causes(c, cube.echoes, plots)
    return IqResult(
        cube=cube, statistic=statistic, range_m=c.range_m, range_rate_mps=c.row_rate_mps, plots=plots, target=target
    )


def dwell_plots(
    radar: Radar,
    environment: Environment,
    targets: Targets,
    azimuth_rad: float,
    rng: np.random.Generator,
    *,
    pfa: float | None = None,
) -> DwellPlots:
    """Plots of one dwell of a turning radar: all its elevation beams at one azimuth.

    Parameters
    ----------
    radar : Radar
        The radar, with stated filters.
    environment : Environment
        Where it stands and what surrounds it.
    targets : Targets
        Everything that may echo, at the middle of the dwell; those far off the beam come in by its sidelobes.
    azimuth_rad : float
        Where the beam points; it stays there for the dwell. [rad]
    rng : numpy.random.Generator
        Source of every random number.
    pfa : float or None
        Probability of false alarm a cell in place of the radar's own. [1]

    Returns
    -------
    DwellPlots
        One row a plot, by range.

    Raises
    ------
    ValueError
        As `iq`, but for memory: call `check_memory` once.

    Notes
    -----
    One elevation beam after another, so that memory holds one; noise is independent between beams, as for beams a
    beamwidth apart. A target between two beams is declared by the stronger. The beam stands at ``azimuth_rad`` for the
    dwell (the modulation by a turning beam is left out), so a turn is played in steps of a beamwidth.
    """
    c = chain(radar)
    found: list[DwellPlots] = []

    def complete(cube: Cube) -> Cube:
        return with_differences(radar, cube, environment, rng)

    for elevation in _beam_elevations(c):
        cube = synthesise(radar, targets, environment, rng, pointing=(azimuth_rad, elevation), channels=1)
        plots, _ = process(radar, cube, environment, pfa=pfa, complete=complete)
        if len(plots):
            target, n_merged = _causes(c, cube.echoes, plots)
            found.append(
                DwellPlots(
                    measurement=plots.measurement,
                    sigmas=plots.sigmas,
                    power=plots.power,
                    target=target,
                    n_merged=n_merged,
                )
            )
    if not found:
        whole = np.empty(0, np.int64)
        return DwellPlots(
            measurement=np.empty((0, 4)), sigmas=np.empty((0, 4)), power=np.empty(0), target=whole, n_merged=whole
        )
    return _one_a_cell(radar, DwellPlots.concat(found))


def _beam_elevations(c: Chain) -> FloatArray:
    """Apparent elevations of the beams of one azimuth."""
    radar = c.radar
    if not c.shapes_elevation:
        return np.array([radar.antenna.elevation_peak_rad])
    return radar.elevation_min_rad + (np.arange(0.0, radar.n_beams_elevation) + 0.5) * radar.beamwidth_elevation_rad


def _one_a_cell(radar: Radar, plots: DwellPlots) -> DwellPlots:
    """Keep the strongest of the plots that several elevation beams declare of one echo."""
    order = np.argsort(-plots.power, kind="stable")
    m = plots.measurement
    rate = np.nan_to_num(m[:, 3])
    kept = []
    while order.size:
        top, rest = order[0], order[1:]
        kept.append(top)
        near = np.abs(m[rest, 0] - m[top, 0]) < radar.range_cell_m
        near &= np.abs(rate[rest] - rate[top]) < radar.range_rate_cell_mps
        if radar.measures_elevation:
            near &= np.abs(m[rest, 2] - m[top, 2]) < radar.beamwidth_elevation_rad
        order = rest[~near]
    rows = np.array(kept)
    return plots.take(rows[np.argsort(m[rows, 0], kind="stable")])


def _causes(c: Chain, echoes: Echoes, plots: Detections) -> tuple[IntArray, IntArray]:
    """Target that caused each plot, -1 for none, and how many are in it."""
    n = echoes.slow.shape[1]
    if not n or not len(plots):
        return np.full(len(plots), -1), np.zeros(len(plots), np.int64)
    share = np.zeros((len(plots), n))
    for i in range(c.n_looks):
        gate = plots.gate if c.columns is None else c.columns[i][plots.gate]
        middle = echoes.delay[i] + echoes.drift * (c.middle_s[i] - c.start_s[i])
        heard = np.square(np.sinc(np.clip(gate[:, None] - middle, -1.0, 1.0)))
        number = c.row_filter[plots.row, i]
        output = echoes.slow[i] @ np.conj(c.weights[number]).T  # (targets, plots)
        share += heard * np.square(np.abs(output.T)) / plots.level[:, i, None]
    caused = share > _SHARE_OF_A_PLOT * (c.n_looks * plots.power)[:, None]
    strongest = np.argmax(share, axis=1)
    return np.where(caused.any(axis=1), strongest, -1), caused.sum(axis=1)
