"""Plain twins of CFAR: the average over the estimate by quadrature, and windows one cell at a time."""

from __future__ import annotations

import numpy as np
from scipy import special

from watchfloor.physics._kernels.detection import pd_rows

NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)


def density(kind, n_reference, rank, n_pulses, z):
    """Density of what the multiplier multiplies: the sum of the window (of a half for go, so), or its rank-th cell."""

    def gamma(shape):
        return np.exp(special.xlogy(shape - 1.0, z) - z - special.gammaln(shape))

    if kind == "ca":
        return gamma(n_reference * n_pulses)
    half = n_reference * n_pulses / 2
    if kind == "go":
        return 2.0 * gamma(half) * special.gammainc(half, z)
    if kind == "so":
        return 2.0 * gamma(half) * special.gammaincc(half, z)
    below, above = special.gammainc(n_pulses, z), special.gammaincc(n_pulses, z)
    return (
        rank * special.binom(n_reference, rank) * below ** (rank - 1) * above ** (n_reference - rank) * gamma(n_pulses)
    )


def pd(cfar, snr, multiplier, n_pulses, swerling):
    """Pd of `ca`, `go`, `so`, `os`: mean over the estimate of the fixed threshold's Pd, 64 nodes on 59 pieces."""
    cells = {"ca": cfar.n_reference, "go": cfar.n_reference / 2, "so": cfar.n_reference / 2, "os": 1}[cfar.kind]
    most = n_pulses * cells
    edges = np.geomspace(1e-6, 1.0, 60) * (most + 14.0 * np.sqrt(most) + 60.0)
    edges[0] = 0.0
    width = np.diff(edges)[:, None]
    z = (edges[:-1, None] + 0.5 * width * (NODES + 1.0)).ravel()
    weight = (0.5 * width * WEIGHTS).ravel()
    weight = weight * density(cfar.kind, cfar.n_reference, cfar.rank, n_pulses, z)
    return float(weight @ pd_rows(np.full(z.shape, float(snr)), z * multiplier / cells, n_pulses, swerling))


def threshold(cfar, row, pfa, multiplier, n_pulses=1):
    """One row, one cell at a time; ``multiplier`` as in `watchfloor.physics.cfar`."""
    half, guard = cfar.n_reference // 2, cfar.n_guard
    out = np.empty(len(row))
    for i in range(len(row)):
        left = row[i - guard - half : i - guard] if i - guard - half >= 0 else None
        right = row[i + guard + 1 : i + guard + 1 + half] if i + guard + half < len(row) else None
        if left is not None and right is not None:
            both = np.concatenate([left, right])
            estimate = {
                "ca": both.mean(),
                "go": max(left.mean(), right.mean()),
                "so": min(left.mean(), right.mean()),
                "os": np.sort(both)[(cfar.rank or 1) - 1],
            }[cfar.kind]
            out[i] = estimate * float(multiplier(cfar, pfa, n_pulses=n_pulses))
            continue
        side = right if left is None else left
        if cfar.kind == "os":
            rank = (cfar.rank + 1) // 2
            edge = type(cfar)(kind="os", n_reference=half, rank=rank)
            out[i] = np.sort(side)[rank - 1] * float(multiplier(edge, pfa, n_pulses=n_pulses))
        else:
            edge = type(cfar)(kind="ca", n_reference=half)
            out[i] = side.mean() * float(multiplier(edge, pfa, n_pulses=n_pulses))
    return out
