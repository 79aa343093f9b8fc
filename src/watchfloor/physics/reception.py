r"""What reaches the detector besides the free-space echo: pattern, lobing, rain, filters, clutter, jamming.

`radar.look` asks `receive` when an environment or a radar holds more than free space and a full-gain beam. Per look i
of the pulse-repetition set,

.. math:: \mathrm{SINR}_i = \max_b \frac{\mathrm{SNR}\; s_b(\varphi_i)}{1 + \mathrm{JNR} + \mathrm{CNR}_i\, c_b}

with :math:`s_b, c_b` from `filters`; the looks' mean goes on to the detector, which is exact for the cases whose
amplitude is one draw a dwell (0, 1 and 3): their statistic depends on the total energy alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from watchfloor.base.units import C_MPS, BoolArray, FloatArray
from watchfloor.physics import antenna as patterns
from watchfloor.physics import atmosphere, clutter, filters, jamming, propagation, terrain
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import ecef_to_polar
from watchfloor.physics.waveform import range_coupling_m

if TYPE_CHECKING:
    from watchfloor.physics.parts import Antenna
    from watchfloor.physics.radar import Radar

_OFFSETS = (np.arange(200) + 0.5) / 200.0 - 0.5
"""Places in a range cell, over the cell. [1]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Geometry:
    """Where n targets are about one antenna; one row a target."""

    range_m: FloatArray
    """(n,) slant range. [m]"""
    arc_rad: FloatArray
    """(n,) angle at the earth's centre between antenna and target. [rad]"""
    earth_m: FloatArray
    """(n,) radius of the smooth ground towards the target. [m]"""
    azimuth_rad: FloatArray
    """(n,) azimuth. [rad]"""
    elevation_rad: FloatArray
    """(n,) apparent elevation. [rad]"""
    height_m: FloatArray
    """(n,) height above the smooth ground. [m]"""
    range_rate_mps: FloatArray
    """(n,) positive when receding. [m/s]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reception:
    """What `receive` finds; one row a target."""

    gain: FloatArray
    """(n,) signal-to-noise ratio over that of free space with full gain. [power ratio]"""
    quality: FloatArray
    """(n,) ``gain`` after the filters, over one plus clutter and jamming. [power ratio]"""
    clutter: FloatArray
    """(n,) clutter-to-noise ratio in one pulse at the target's cell, ambiguous ranges included. [power ratio]"""
    jamming: FloatArray
    """(n,) jamming-to-noise ratio. [power ratio]"""
    visible: BoolArray
    """(n,) not hidden by terrain, nor outside the face's reach."""
    elevation_rad: FloatArray
    """(n,) apparent elevation, ray-traced if the environment has rays. [rad]"""
    off_broadside_rad: FloatArray
    """(n,) angle between beam and broadside; 0 for a face that turns in azimuth alone. [rad]"""


def geometry(environment: Environment, rows: FloatArray, azimuth_rad: FloatArray) -> Geometry:
    """Where targets are, from the rows of the look kernel.

    Parameters
    ----------
    environment : Environment
        What surrounds the antenna.
    rows : (8, n) array
        As the kernel `look` returns them.
    azimuth_rad : (n,) array
        Azimuth. [rad]

    Returns
    -------
    Geometry
        One row a target.

    Notes
    -----
    Heights and distances on the sphere that touches the ellipsoid in the target's azimuth.
    """
    east, north, up, level = rows[4], rows[5], rows[6], rows[7]
    height, ground_alt, meridian, normal = environment.site[:4]
    square = np.maximum(level * level, 1e-12)
    bend = np.where(level > 0.0, (north * north * meridian + east * east * normal) / square, meridian)
    earth = 1.0 / bend + ground_alt
    above = earth + height + up
    return Geometry(
        range_m=np.maximum(rows[0], 1e-3),
        arc_rad=np.arctan2(level, above),
        earth_m=earth,
        azimuth_rad=azimuth_rad,
        elevation_rad=rows[1],
        height_m=np.hypot(level, above) - earth,
        range_rate_mps=rows[2],
    )


def off_broadside(radar: Radar, azimuth_rad: FloatArray, elevation_rad: FloatArray) -> FloatArray:
    """Angle between a direction and the broadside of the antenna.

    Parameters
    ----------
    radar : Radar
        The radar.
    azimuth_rad, elevation_rad : (n,) arrays
        Directions. [rad]

    Returns
    -------
    (n,) array
        For a face that turns, the part in elevation; 0 for one that does not steer. [rad]

    Notes
    -----
    Spherical trigonometry: the cosine rule between the two directions.
    """
    antenna = radar.antenna
    if antenna.face_azimuth_rad is None:
        return (
            np.abs(elevation_rad - antenna.face_tilt_rad) if antenna.scan_exponent > 0.0 else np.zeros_like(azimuth_rad)
        )
    cosine = np.cos(elevation_rad) * np.cos(antenna.face_tilt_rad) * np.cos(azimuth_rad - antenna.face_azimuth_rad)
    return np.arccos(np.clip(cosine + np.sin(elevation_rad) * np.sin(antenna.face_tilt_rad), -1.0, 1.0))


def beam(antenna: Antenna, offset_sin: FloatArray, beamwidth_rad: float) -> FloatArray:
    """One-way gain of a beam over its peak, in one plane.

    Parameters
    ----------
    antenna : Antenna
        Its taper and sidelobe level.
    offset_sin : array
        Sine of the angle from the peak. [1]
    beamwidth_rad : float
        Half-power beamwidth in that plane. [rad]

    Returns
    -------
    array
        At most 1. [power ratio]

    References
    ----------
    `antenna.taper_pattern`.
    """
    level = antenna.sidelobe_db if antenna.taper in ("gaussian", "taylor") else None
    return patterns.taper_pattern(antenna.taper, offset_sin, beamwidth_rad, level)


def elevation_gain(radar: Radar, elevation_rad: FloatArray) -> FloatArray:
    """One-way gain of the elevation beam over its peak.

    Parameters
    ----------
    radar : Radar
        The radar.
    elevation_rad : (n,) array
        Apparent elevation. [rad]

    Returns
    -------
    (n,) array
        1 throughout for stacked beams. [power ratio]

    Notes
    -----
    As `antenna.taper_pattern` and `antenna.cosecant_squared`.
    """
    antenna = radar.antenna
    if antenna.elevation == "stacked":
        return np.ones_like(elevation_rad)
    if antenna.elevation == "cosecant":
        return patterns.cosecant_squared(
            elevation_rad,
            antenna.elevation_peak_rad,
            antenna.beamwidth_elevation_rad,
            max(radar.elevation_max_rad, antenna.elevation_peak_rad + antenna.beamwidth_elevation_rad),
        )
    return beam(antenna, np.sin(elevation_rad - antenna.elevation_peak_rad), antenna.beamwidth_elevation_rad)


def receive(
    radar: Radar, environment: Environment, at: Geometry, *, straddle: Literal["placed", "mean"] = "placed"
) -> Reception:
    """Everything that acts on echoes besides range, gas and the smooth horizon.

    Parameters
    ----------
    radar : Radar
        The radar.
    environment : Environment
        What surrounds it.
    at : Geometry
        The targets.
    straddle : {"placed", "mean"}
        As in `radar.look`.

    Returns
    -------
    Reception
        One row a target.

    Raises
    ------
    ValueError
        If the environment has clutter and the radar's filters are not stated.

    Notes
    -----
    Two ways through the antenna; lobing to the fourth power of the propagation factor; rain both ways along the part
    of the ray below its top.

    References
    ----------
    `filters`, `propagation.propagation_factor`, `atmosphere.rain_attenuation_db_per_km`, `clutter`, `jamming`.
    """
    n = len(at.range_m)
    antenna = radar.antenna
    visible = np.ones(n, dtype=np.bool_)
    if environment.refraction is not None:
        rays = environment.refraction
        ground_m = at.arc_rad * at.earth_m
        apparent = at.elevation_rad + rays.corrections(ground_m, np.maximum(at.height_m, 0.0))[0]
        at = replace(at, elevation_rad=apparent)
        visible &= (apparent >= rays.dip_rad) | (ground_m <= rays.tangent_m)
        visible &= (apparent >= radar.elevation_min_rad) & (apparent <= radar.elevation_max_rad)
    steer = off_broadside(radar, at.azimuth_rad, at.elevation_rad)
    gain = elevation_gain(radar, at.elevation_rad) ** 2
    if antenna.scan_exponent > 0.0:
        visible &= steer <= antenna.scan_max_rad
        gain *= np.maximum(np.cos(steer), 0.0) ** (2.0 * antenna.scan_exponent)
    if antenna.face_azimuth_rad is not None:
        off = np.mod(at.azimuth_rad - antenna.face_azimuth_rad + np.pi, 2.0 * np.pi) - np.pi
        visible &= (np.abs(off) <= 0.5 * radar.scan.azimuth_width_rad) & (steer <= antenna.scan_max_rad)
    if environment.terrain is not None:
        ground_alt = environment.ground_alt_m
        visible &= terrain.visible(
            environment.terrain, at.azimuth_rad, at.arc_rad * (at.earth_m - ground_alt), at.height_m + ground_alt
        )
    if environment.surface is not None:
        gain *= lobing(radar, environment, at) ** 4
    if environment.rain is not None:
        gain *= rain_gain(radar, environment, at)
    jnr = np.zeros(n) if environment.jammers is None else jamming_to_noise(radar, environment, at)
    if radar.processing.doppler == "matched":
        if environment.clutter is not None:
            raise ValueError(
                "clutter needs filters, but the radar's doppler is 'matched': state prf_hz, and 'mti' or 'bank'"
            )
        return Reception(
            gain=gain,
            quality=gain / (1.0 + jnr),
            clutter=np.zeros(n),
            jamming=jnr,
            visible=visible,
            elevation_rad=at.elevation_rad,
            off_broadside_rad=steer,
        )
    quality, cnr = _filtered(radar, environment, at, gain, jnr, straddle)
    return Reception(
        gain=gain,
        quality=quality,
        clutter=cnr,
        jamming=jnr,
        visible=visible,
        elevation_rad=at.elevation_rad,
        off_broadside_rad=steer,
    )


def lobing(radar: Radar, environment: Environment, at: Geometry) -> FloatArray:
    """One-way propagation factor of n targets, the beam's own shape included.

    Parameters
    ----------
    radar, environment, at
        As in `receive`; the environment has a surface.

    Returns
    -------
    (n,) array
        Field at the target over that in free space, its part through the direct ray's gain left out. [voltage ratio]

    Notes
    -----
    Where the mirrored path is longer by a quarter of a wavelength or more, two rays, the mirrored one weakened by the
    beam that looks at the target (the lowest of stacked beams reaches lowest); below that both rays lie in one beam and
    `propagation.propagation_factor` holds, into the shadow.

    References
    ----------
    Blake, NRL Report 7098, 1970, eq. (5) and following.
    """
    surface, antenna = environment.surface, radar.antenna
    assert surface is not None
    height, target = max(float(environment.site[0]), 0.0), np.maximum(at.height_m, 0.0)
    ground = at.arc_rad * at.earth_m
    path = {"k": environment.k, "earth_radius_m": at.earth_m}
    rays = propagation.two_rays(height, target, ground, **path)
    if antenna.elevation == "stacked":
        lowest = radar.elevation_min_rad + 0.5 * antenna.beamwidth_elevation_rad
        centre = np.maximum(rays.elevation_rad, lowest)
        both = [
            beam(antenna, np.sin(ray - centre), antenna.beamwidth_elevation_rad)
            for ray in (rays.elevation_mirrored_rad, rays.elevation_rad)
        ]
    else:
        both = [elevation_gain(radar, ray) for ray in (rays.elevation_mirrored_rad, rays.elevation_rad)]
    weight = np.sqrt(both[0] / np.maximum(both[1], 1e-12))
    mirrored = surface.reflection(radar.frequency_hz, rays.grazing_rad, antenna.polarisation) * rays.divergence * weight
    factor = np.abs(1.0 + mirrored * np.exp(-2j * np.pi * rays.excess_m / radar.wavelength_m))
    low = np.flatnonzero(rays.excess_m < 0.25 * radar.wavelength_m)
    if low.size:
        factor[low] = propagation.propagation_factor(
            surface,
            radar.frequency_hz,
            antenna.polarisation,
            height,
            target[low],
            ground[low],
            k=environment.k,
            earth_radius_m=at.earth_m[low],
        )
    return factor


def rain_gain(radar: Radar, environment: Environment, at: Geometry) -> FloatArray:
    """Two-way loss in rain.

    Parameters
    ----------
    radar, environment, at
        As in `receive`; the environment has rain.

    Returns
    -------
    (n,) array
        At most 1. [power ratio]

    Notes
    -----
    The straight part of the ray below the rain's top, over a flat earth; horizontal specific attenuation.

    References
    ----------
    ITU-R P.838-3, eq. (1).
    """
    rain = environment.rain
    assert rain is not None
    specific = float(
        atmosphere.rain_attenuation_db_per_km(
            radar.frequency_hz, rain.rate_mmph, polarisation=radar.antenna.polarisation
        )
    )
    below = np.clip(rain.top_m - environment.site[0], 0.0, None) / np.maximum(at.height_m - environment.site[0], 1e-9)
    inside = np.where(at.height_m <= rain.top_m, 1.0, np.minimum(below, 1.0))
    return 10.0 ** (-0.2e-3 * specific * at.range_m * inside)


def jamming_to_noise(radar: Radar, environment: Environment, at: Geometry) -> FloatArray:
    """Noise jamming in the beams that look at n targets.

    Parameters
    ----------
    radar, environment, at
        As in `receive`; the environment has jammers.

    Returns
    -------
    (n,) array
        Jamming-to-noise ratio, all emitters added. [power ratio]

    Notes
    -----
    Main lobe and sidelobes by the antenna's pattern, azimuth and elevation multiplied; free space to the emitter.

    References
    ----------
    `jamming.jam_to_noise`.
    """
    jammers, antenna = environment.jammers, radar.antenna
    assert jammers is not None
    total = np.zeros(len(at.range_m))
    distance, azimuth, elevation = ecef_to_polar(jammers.ecef_m, environment.place)
    for j in range(len(jammers)):
        across = np.where(
            np.cos(at.azimuth_rad - azimuth[j]) > 0.0,
            np.sin(at.azimuth_rad - azimuth[j]),
            np.sign(np.sin(at.azimuth_rad - azimuth[j])),
        )
        ratio = beam(antenna, across, antenna.beamwidth_azimuth_rad)
        if antenna.elevation == "stacked":
            ratio = ratio * beam(antenna, np.sin(at.elevation_rad - elevation[j]), antenna.beamwidth_elevation_rad)
        else:
            ratio = ratio * elevation_gain(radar, np.array([elevation[j]]))
        total += jamming.jam_to_noise(
            radar, distance[j], erp_w=jammers.erp_w[j], bandwidth_hz=jammers.bandwidth_hz[j], pattern=ratio
        )
    return total


def surface_clutter_to_noise(radar: Radar, environment: Environment, range_m: FloatArray) -> FloatArray:
    """Surface clutter in one pulse's cell at the beam's centre, smooth earth.

    Parameters
    ----------
    radar, environment
        As in `receive`; the environment has clutter.
    range_m : (n,) array
        Slant range of the cell. [m]

    Returns
    -------
    (n,) array
        Clutter-to-noise ratio of one compressed pulse, before the Doppler filters; 0 beyond the horizon. [power ratio]

    Notes
    -----
    The gain in elevation is that of the lowest stacked beam, or of the fan, towards the cell.

    References
    ----------
    `clutter.sigma0_constant_gamma`, `clutter.sigma0_nrl_sea`, `clutter.cell_area_m2`.
    """
    surface = environment.clutter
    assert surface is not None
    height, earth = max(float(environment.site[0]), 0.1), effective_earth_m(environment)
    slant = np.maximum(np.asarray(range_m, dtype=np.float64), height)
    angle = clutter.grazing_angle_rad(height, slant, effective_radius_m=earth)
    lit = angle > 0.0
    grazing = np.clip(angle, 1e-6, 0.5 * np.pi)
    if surface.kind == "land":
        sigma0 = clutter.sigma0_constant_gamma(grazing, surface.gamma_db)
    else:
        sigma0 = clutter.sigma0_nrl_sea(
            radar.frequency_hz, grazing, surface.sea_state, polarisation=2 * radar.antenna.polarisation.lower()
        )
    area = clutter.cell_area_m2(
        slant,
        grazing,
        range_cell_m=radar.range_cell_m,
        beamwidth_azimuth_rad=radar.beamwidth_azimuth_rad,
        beamwidth_elevation_rad=radar.beamwidth_elevation_rad,
    )
    depression = -np.arcsin(np.clip(height / slant * (1.0 + 0.5 * height / earth) + 0.5 * slant / earth, -1.0, 1.0))
    antenna = radar.antenna
    if antenna.elevation == "stacked":  # the lowest beam is centred half a beamwidth above the edge of the coverage
        centre = radar.elevation_min_rad + 0.5 * antenna.beamwidth_elevation_rad
        one_way = beam(antenna, np.sin(np.minimum(depression - centre, 0.0)), antenna.beamwidth_elevation_rad)
    else:
        one_way = elevation_gain(radar, depression)
    level = radar.snr_1m2_1m / radar.n_coherent / slant**4 * sigma0 * area * one_way**2
    if environment.gas is not None:
        level = level * 10.0 ** (-0.1 * environment.gas.two_way_db(slant, depression))
    return np.where(lit, level, 0.0)


def effective_earth_m(environment: Environment) -> float:
    """Effective earth radius of an environment.

    Parameters
    ----------
    environment : Environment
        What surrounds the antenna.

    Returns
    -------
    float
        k times the mean of both radii of curvature, the ground's height included. [m]

    Notes
    -----
    As `propagation.curvature_radius_m`, all azimuths alike.
    """
    return environment.k * (2.0 / float(np.sum(environment.site[2:4])) + environment.ground_alt_m)


def along(
    environment: Environment, range_m: FloatArray, azimuth_rad: FloatArray | float, elevation_rad: FloatArray | float
) -> Geometry:
    """Points at slant ranges along rays of the effective earth.

    Parameters
    ----------
    environment : Environment
        What surrounds the antenna.
    range_m : (n,) array
        Slant range. [m]
    azimuth_rad, elevation_rad : (n,) arrays or scalars
        Directions in which the rays leave. [rad]

    Returns
    -------
    Geometry
        At rest.

    Notes
    -----
    Heights to the second order in the range over the earth's radius: 20 m at 300 km.
    """
    one = np.ones_like(range_m)
    azimuth, elevation = azimuth_rad * one, elevation_rad * one
    level, radius = range_m * np.cos(elevation), effective_earth_m(environment)
    return Geometry(
        range_m=range_m,
        arc_rad=level * environment.k / radius,
        earth_m=radius / environment.k * one,
        azimuth_rad=azimuth,
        elevation_rad=elevation,
        height_m=environment.site[0] + range_m * np.sin(elevation) + 0.5 * level**2 / radius,
        range_rate_mps=0.0 * one,
    )


def rain_to_noise(radar: Radar, environment: Environment, at: Geometry) -> FloatArray:
    """Rain's echo in one pulse's cell.

    Parameters
    ----------
    radar, environment, at
        As in `receive`; the environment has rain.

    Returns
    -------
    (n,) array
        Rain-to-noise ratio of one compressed pulse, before the Doppler filters; 0 above the rain's top. [power ratio]

    Notes
    -----
    The rain fills the beam.

    References
    ----------
    `clutter.rain_reflectivity`, `clutter.weather_reflectivity`, `clutter.cell_volume_m3`.
    """
    rain = environment.rain
    assert rain is not None
    eta = float(clutter.weather_reflectivity(radar.frequency_hz, clutter.rain_reflectivity(rain.rate_mmph)))
    volume = clutter.cell_volume_m3(
        at.range_m,
        range_cell_m=radar.range_cell_m,
        beamwidth_azimuth_rad=radar.beamwidth_azimuth_rad,
        beamwidth_elevation_rad=radar.beamwidth_elevation_rad,
    )
    echo = radar.snr_1m2_1m / radar.n_coherent / at.range_m**4 * eta * volume * rain_gain(radar, environment, at)
    return np.where(at.height_m <= rain.top_m, echo, 0.0)


def rain_reach_m(environment: Environment, elevation_rad: float) -> float:
    """Slant range at which a ray leaves the rain's top.

    Parameters
    ----------
    environment : Environment
        With rain.
    elevation_rad : float
        Elevation of the ray. [rad]

    Returns
    -------
    float
        Slant range. [m]

    Notes
    -----
    On the effective earth, to the second order.
    """
    assert environment.rain is not None
    top = max(environment.rain.top_m - float(environment.site[0]), 0.0)
    sine, radius = np.sin(elevation_rad), effective_earth_m(environment)
    return float(radius * (-sine + np.sqrt(sine * sine + 2.0 * top / radius)))


def _clutter_at(radar: Radar, environment: Environment, at: Geometry, prf_hz: float) -> FloatArray:
    """Surface clutter at n cells, ambiguous ranges folded in, terrain's shadows left out."""
    unambiguous = 0.5 * C_MPS / prf_hz
    reach = np.sqrt(2.0 * effective_earth_m(environment) * max(float(environment.site[0]), 0.1)) * 1.05
    folded = np.mod(at.range_m, unambiguous)
    total = np.zeros(len(at.range_m))
    for fold in range(max(int(np.ceil(reach / unambiguous)), 1)):
        slant = folded + fold * unambiguous
        level = surface_clutter_to_noise(radar, environment, slant)
        if environment.terrain is not None:
            level = np.where(terrain.ground_visible(environment.terrain, at.azimuth_rad, slant), level, 0.0)
        total += level
    return total


def _filtered(
    radar: Radar, environment: Environment, at: Geometry, gain: FloatArray, jnr: FloatArray, straddle: str
) -> tuple[FloatArray, FloatArray]:
    """Quality after the filters, mean of the looks, and the clutter-to-noise ratio of one pulse in the first look."""
    waveform, processing = radar.waveform, radar.processing
    ours, theirs = np.zeros(len(at.range_m)), np.zeros(len(at.range_m))
    cells = (at.range_m + _coupling_m(radar, at.range_rate_mps)) / radar.range_cell_m
    if straddle == "mean":
        peak = np.mean(filters.range_response(waveform.modulation, _OFFSETS))
    else:
        peak = filters.range_response(waveform.modulation, cells - np.rint(cells))
    for look in range(processing.n_pulses):
        prf = waveform.prf_hz[look % len(waveform.prf_hz)]
        step = -2.0 * at.range_rate_mps / (radar.wavelength_m * prf)
        passed = filters.signal_response(waveform, processing, step)
        level = 1.0 + jnr[:, None]
        if environment.clutter is not None:
            cnr = _clutter_at(radar, environment, at, prf)
            spread = 2.0 * environment.clutter.spread_mps / (radar.wavelength_m * prf)
            level = level + cnr[:, None] * filters.clutter_response(waveform, processing, spread)
            if look == 0:
                theirs = cnr
        if environment.rain is not None:
            level = level + _rain_clutter(radar, environment, at, prf)
        ours += np.max(passed / level, axis=-1) * filters.eclipsing(waveform, at.range_m, look)
    return gain * peak * ours / processing.n_pulses, theirs


def _coupling_m(radar: Radar, range_rate_mps: FloatArray) -> FloatArray:
    """Where linear FM puts the peak of a moving echo, less where it is. [m]"""  # noqa: D400, D415
    form = radar.waveform
    if form.modulation != "lfm":
        return np.zeros_like(range_rate_mps)
    shift_hz = -2.0 * range_rate_mps / form.wavelength_m
    return range_coupling_m(shift_hz, pulse_width_s=form.pulse_width_s, bandwidth_hz=form.bandwidth_hz)


def _rain_clutter(radar: Radar, environment: Environment, at: Geometry, prf_hz: float) -> FloatArray:
    """Rain's echo at the output of each filter, (n, filters), over noise; ambiguous ranges folded in."""
    rain, n = environment.rain, len(at.range_m)
    assert rain is not None
    unambiguous, lowest = 0.5 * C_MPS / prf_hz, float(at.elevation_rad.min(initial=0.5 * np.pi))
    cnr, folded = np.zeros(n), np.maximum(np.mod(at.range_m, unambiguous), 0.5 * radar.range_cell_m)
    for fold in range(max(int(np.ceil(rain_reach_m(environment, lowest) / unambiguous)), 1)):
        cell = along(environment, folded + fold * unambiguous, at.azimuth_rad, at.elevation_rad)
        cnr += rain_to_noise(radar, environment, cell)
    away = rain.wind_mps * np.cos(at.azimuth_rad - rain.wind_to_rad) * np.cos(at.elevation_rad)
    step = -2.0 * away / (radar.wavelength_m * prf_hz)
    spread = 2.0 * rain.spread_mps / (radar.wavelength_m * prf_hz)
    return cnr[:, None] * filters.clutter_response(radar.waveform, radar.processing, spread, step)
