"""Compiled loops of the lines of oxygen and water vapour; plain twin in ``tests/plain/propagation.py``."""

from __future__ import annotations

from numba import njit

from watchfloor.base.units import FloatArray

_BLOCK = 1024


@njit(cache=True, error_model="numpy")
def add_lines(
    out: FloatArray, f: FloatArray, f0: FloatArray, strength: FloatArray, width: FloatArray, mixing: FloatArray
) -> None:
    """Add l lines at n frequencies to ``out`` (n,): strength times the shape of P.676-13, annex 1, eq. (5).

    f (n,) and f0 (l,) in GHz; strength, width, mixing (l,). Both wings on one denominator; a block of frequencies stays
    in the cache while the lines pass over it.
    """
    n = f.shape[0]
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        for j in range(f0.shape[0]):
            centre, w, mix, gain = f0[j], width[j], mixing[j], strength[j] / f0[j]
            w2 = w * w
            for i in range(start, stop):
                below, above = centre - f[i], centre + f[i]
                low, high = below * below + w2, above * above + w2
                out[i] += gain * f[i] * ((w - mix * below) * high + (w - mix * above) * low) / (low * high)
