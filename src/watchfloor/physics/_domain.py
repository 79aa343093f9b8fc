"""Arguments checked on the way in: an array of floats inside its domain, or an error that names the argument."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from watchfloor.base.units import FloatArray


def within(
    name: str,
    value: ArrayLike,
    *,
    least: float = -np.inf,
    most: float = np.inf,
    above: float = -np.inf,
    below: float = np.inf,
    remedy: str = "",
) -> FloatArray:
    """Return an argument as an array of floats, all finite and inside their domain.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array_like
        What came.
    least, most, above, below : float
        Closed and open ends of the domain.
    remedy : str
        What may help, in a few words.

    Returns
    -------
    array
        ``value`` as float64, not copied if it was.

    Raises
    ------
    ValueError
        If a value is not a number, not finite or outside the domain.

    Notes
    -----
    NaN fails every comparison, so it is refused like any other value outside.
    """
    array = np.asarray(value, dtype=np.float64)
    good = np.isfinite(array)
    if least != -np.inf:
        good &= array >= least
    if most != np.inf:
        good &= array <= most
    if above != -np.inf:
        good &= array > above
    if below != np.inf:
        good &= array < below
    if not good.all():
        wanted = [
            text
            for bound, text in (
                (least, f"at least {least:.6g}"),
                (above, f"above {above:.6g}"),
                (most, f"at most {most:.6g}"),
                (below, f"below {below:.6g}"),
            )
            if abs(bound) != np.inf
        ]
        first = float(array[~good].flat[0]) if array.ndim else float(array)
        hint = f" ({remedy})" if remedy else ""
        raise ValueError(f"{name} must be {' and '.join([*wanted, 'finite'])}, got {first:.6g}{hint}")
    return array


def count(name: str, value: int, *, least: int = 1) -> int:
    """Return an argument that must be a whole number, at least ``least``.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : int
        What came.
    least : int
        Smallest number allowed.

    Returns
    -------
    int
        The number.

    Raises
    ------
    ValueError
        If it is not whole or too small.

    Notes
    -----
    A float that holds a whole number is taken.
    """
    if isinstance(value, bool) or value != value or abs(value) == np.inf or int(value) != value or value < least:
        raise ValueError(f"{name} must be a whole number, at least {least}, got {value!r}")
    return int(value)


def together(**named: FloatArray) -> list[FloatArray]:
    """Return arguments spread to one shape.

    Parameters
    ----------
    **named : arrays
        Arguments by name.

    Returns
    -------
    list of arrays
        Read-only views of one shape, in the order given.

    Raises
    ------
    ValueError
        If the shapes do not fit together; the message names each.

    Notes
    -----
    NumPy's own rules of broadcasting.
    """
    try:
        return list(np.broadcast_arrays(*named.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in named.items())
        raise ValueError(f"these shapes do not broadcast: {shapes} (add an axis to make a grid)") from None


def agree(**named: ArrayLike) -> None:
    """Refuse arguments whose shapes do not broadcast, in about a microsecond; `together` spreads them.

    Parameters
    ----------
    **named : array_like
        Arguments by name, as they came.

    Raises
    ------
    ValueError
        If the shapes do not fit together; the message names each.

    Notes
    -----
    NumPy's own rules of broadcasting.
    """
    try:
        np.broadcast(*named.values())
    except ValueError:
        together(**{name: np.asarray(value) for name, value in named.items()})


def polarised(value: str, *others: str) -> str:
    """Return the plane of a polarisation, however it is spelt.

    Parameters
    ----------
    value : str
        ``H`` or ``V``, small or capital, doubled (transmitted and received) or not.
    *others : str
        Further names that are taken, in any case.

    Returns
    -------
    str
        ``H``, ``V`` or one of the others.

    Raises
    ------
    ValueError
        If it is none of them; the message names the spellings.

    Notes
    -----
    Crossed polarisations (``HV``) are no plane.
    """
    spelt = str(value).upper()
    if spelt in ("H", "HH"):
        return "H"
    if spelt in ("V", "VV"):
        return "V"
    for other in others:
        if spelt == other.upper():
            return other
    more = f" or {', '.join(others)}" if others else ""
    raise ValueError(f"polarisation must be H or V (as h, v, HH, VV, hh or vv too){more}, got {value!r}")
