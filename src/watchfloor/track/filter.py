"""The tracker's filter on its own: extended Kalman filter in ECEF, one plot a track, whole batches at once."""

from __future__ import annotations

import numpy as np

from watchfloor.base.errors import NumericsError
from watchfloor.base.units import FloatArray
from watchfloor.physics.frames import Place
from watchfloor.track._kernels import gnn as _kernels
from watchfloor.track.gnn import GnnTrackerConfig, sensor_table, settings


def predict_update(
    state: FloatArray,
    cov: FloatArray,
    t_s: FloatArray,
    *,
    plot_t_s: FloatArray,
    measurement: FloatArray,
    measurement_cov: FloatArray,
    place: Place,
    config: GnnTrackerConfig,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Move n tracks to their plots' times and update each with its plot.

    Parameters
    ----------
    state : (n, 6) array
        ECEF position and velocity. [m, m/s]
    cov : (n, 6, 6) array
        Covariance of ``state``.
    t_s : (n,) array
        Time of ``state``. [s]
    plot_t_s : (n,) array
        Time of each plot; one before ``t_s`` updates the state where it stands. [s]
    measurement : (n, 4) array
        Range, azimuth, elevation, range rate about ``place``; NaN where not measured. [m, rad, rad, m/s]
    measurement_cov : (n, 4, 4) array
        Error covariance of ``measurement``.
    place : Place
        The sensor.
    config : GnnTrackerConfig
        Process noise, and what is known of height and climb without a measurement.

    Returns
    -------
    state, cov : (n, 6), (n, 6, 6) arrays
        At the later of ``t_s`` and ``plot_t_s``.
    d2 : (n,) array
        Squared normalised innovation: chi-square with as many degrees of freedom as were measured, if the models hold.

    Raises
    ------
    NumericsError
        If the measured part of a ``measurement_cov`` is not positive definite; names the row.

    Notes
    -----
    Nearly constant velocity: white acceleration of intensity :math:`q = 2\sigma_a^2\tau`, so that over a time
    :math:`T` a component's position and velocity gain :math:`q T^3/3`, :math:`q T^2/2`, :math:`q T`; horizontal and
    vertical (normal of the ellipsoid) differ in q. Angles update first, then range and range rate are linearised
    again; with correlated errors the measurement is whitened before, so the order costs no information. A plot of the
    past (:math:`T < 0`) meets the state moved back, with the process noise of the way back in its error and the
    correlation of the two neglected.

    References
    ----------
    Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation*, Wiley, 2001, sections 6.2.2
    (model) and 10.3 (extended filter). Anderson & Moore, *Optimal Filtering*, Prentice-Hall, 1979, section 6.4
    (one component after the other). Singer, "Estimating optimal tracking filter performance for manned maneuvering
    targets", *IEEE Trans. AES* 6 (4), 1970, pp. 473-483 (white
    limit of its acceleration). Bar-Shalom, Chen & Mallick, "One-step solution for the multistep out-of-sequence-
    measurement problem in tracking", *IEEE Trans. AES* 40 (1), 2004, pp. 27-37 (plots of the past; here the form
    that neglects correlation).
    """
    x, p, t = (np.array(a, dtype=np.float64, order="C") for a in (state, cov, t_s))
    sensor = sensor_table([place], [None], [1.0], [0.0], [0.0])[0]
    at, z, r = (np.ascontiguousarray(a, np.float64) for a in (plot_t_s, measurement, measurement_cov))
    d2 = _kernels.predict_update(x, p, t, at, z, r, sensor, settings(config))
    bad = np.isnan(d2)
    if bad.any():
        row = int(np.argmax(bad))
        raise NumericsError(f"measurement_cov of row {row} is not positive definite where measured")
    return x, p, d2
