"""Plain twins of ``watchfloor.physics._kernels.terrain``: one ray at a time, every crossing, no blocks."""

from __future__ import annotations

import numpy as np

from watchfloor.physics import frames, propagation


def track(place, azimuth_rad, range_m):
    """Latitude and longitude of points along the vertical section, by way of ECEF."""
    earth = float(propagation.curvature_radius_m(place.lat_rad, azimuth_rad))
    theta = np.asarray(range_m) / earth
    ground = frames.Place(place.lat_rad, place.lon_rad, 0.0)
    along, up = earth * np.sin(theta), -2.0 * earth * np.sin(0.5 * theta) ** 2
    enu = np.stack([along * np.sin(azimuth_rad), along * np.cos(azimuth_rad), up], axis=-1)
    lat, lon, _ = frames.ecef_to_geodetic(enu @ ground.rotation + ground.ecef_m)
    return lat, lon, earth


def ray_m(range_m, slope, start_m, earth_m, k):
    """Height of the ray that leaves with a slope: a straight line over the effective earth."""
    radius, phi = k * earth_m, np.asarray(range_m) / (k * earth_m)
    return (radius + start_m) / (np.cos(phi) - slope * np.sin(phi)) - radius


def crossings(heights, place, azimuth_rad, range_m, chord_m=200.0):
    """Ranges at which the track crosses lines of nodes, with both ends."""
    n = max(2, int(np.ceil(range_m / chord_m)) + 1)
    s = np.linspace(0.0, range_m, n)
    lat, lon, _ = track(place, azimuth_rad, s)
    found = [np.array([0.0, range_m])]
    for index in heights.row_column(lat, lon):
        low, high = np.minimum(index[:-1], index[1:]), np.maximum(index[:-1], index[1:])
        first, count = np.ceil(low), (np.floor(high) - np.ceil(low) + 1).astype(int)
        chord = np.repeat(np.arange(n - 1), count)
        line = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        chord, line = (v[index[chord + 1] != index[chord]] for v in (chord, line))  # along a line none is crossed
        t = (line - index[chord]) / (index[chord + 1] - index[chord])
        found.append(s[chord] + t * (s[chord + 1] - s[chord]))
    return np.unique(np.concatenate(found))


def clearance_m(heights, place, ecef_m, *, k, undulation_m=0.0):
    """Least height of the ray to one target above the bilinear surface; NaN if it leaves what is known."""
    slant, azimuth, elevation = (float(v) for v in frames.ecef_to_polar(ecef_m, place))
    earth = float(propagation.curvature_radius_m(place.lat_rad, azimuth))
    end = earth * np.arctan2(slant * np.cos(elevation), earth + place.alt_m + slant * np.sin(elevation))
    start, target = place.alt_m - undulation_m, float(frames.ecef_to_geodetic(ecef_m)[2]) - undulation_m
    radius, phi = k * earth, end / (k * earth)
    slope = (np.cos(phi) - (radius + start) / (radius + target)) / np.sin(phi)
    edge = crossings(heights, place, azimuth, end)
    inner = edge[:-1, None] + (edge[1:] - edge[:-1])[:, None] * np.array([1e-6, 0.5, 1.0 - 1e-6])
    lat, lon, _ = track(place, azimuth, inner)
    over = ray_m(inner, slope, start, earth, k) - heights.at(lat, lon)
    a, b, c = over[:, 0], over[:, 1], over[:, 2]  # a parabola in each cell
    bend = 2.0 * (a - 2.0 * b + c)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(bend > 0.0, (bend - (c - a)) / (2.0 * bend), 0.0)
    vertex = np.where((t > 0.0) & (t < 1.0), a + (c - a - bend) * t + bend * t * t, np.inf)
    vertex[np.isnan(bend)] = np.nan
    return float(min(np.min(over), np.min(vertex)))


def min_visible_height(heights, place, azimuth_rad, range_m, *, k, undulation_m=0.0, also_m=None):
    """Lowest visible height above the grid's datum at one azimuth and range.

    Crossings, and the insides of the cells, or only the ranges ``also_m`` of them.
    """
    _, _, earth = track(place, azimuth_rad, 0.0)
    edge = crossings(heights, place, azimuth_rad, range_m)
    inner = [edge[:-1] + t * np.diff(edge) for t in np.linspace(0.1, 0.9, 9)] if also_m is None else [also_m]
    s = np.unique(np.concatenate([edge, *inner]))[1:]
    lat, lon, _ = track(place, azimuth_rad, s)
    start, radius = place.alt_m - undulation_m, k * earth
    phi = s / radius
    slope = np.max((np.cos(phi) - (radius + start) / (radius + heights.at(lat, lon))) / np.sin(phi))
    return float(ray_m(range_m, slope, start, earth, k))
