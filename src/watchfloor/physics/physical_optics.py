"""Radar cross-section of a body given as facets, by physical optics with hard shadows.

Physical optics is quick and honest only where the surface reflects like a mirror: every result says whether it is such
a direction, and how far the value may be off. Elsewhere (nose-on of a pointed body, along an edge, in a cavity) the
value is usually far too low, and its spread is infinite: unknown.

Axes of the body: x out of the nose, y to port, z up. Azimuth is counted from the nose towards starboard, elevation
towards the roof, as in `frames.aspect`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull, QhullError

from watchfloor.base.units import C_MPS, BoolArray, FloatArray, IntArray
from watchfloor.physics._kernels.po import scatter

CREASE_RAD = np.deg2rad(30.0)
"""Facets that meet at a greater angle meet at an edge of the body; at a smaller one they approximate a curve. [rad]"""
SIGMA_SPECULAR_DB = 5.0
"""One standard deviation of physical optics where the surface reflects straight back: on the NASA almond at 3.5 to
10.25 GHz against a full-wave solution, 3.5 dB in VV and 6.3 dB in HH. [dB]"""
PHASE_MAX_RAD = 1e6
"""Greatest phase the kernel's sine is good for; a body of 8 km at 1 GHz. [rad]"""
CAUTION = (
    "physical optics: no surface faces the radar here; edges, tips, travelling waves and cavities are left out, and "
    "the value is typically 10 to 25 dB too low (12 to 25 dB nose-on of the NASA almond)"
)
"""What is said of a look that is not specular."""
COARSE = "the facets miss the curve by more than a sixteenth of a wavelength; refine the mesh or lower the frequency"
"""What is said of a look whose wavelength is too short for the mesh."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Facets:
    """Surface of a perfectly conducting body as triangles.

    Raises
    ------
    ValueError
        If a facet has no area or a corner that is not there, the surface is open (and not a ``sheet``), two facets run
        the same way along their common edge, or normals point inwards; the message names the first such facet.
    """

    vertex_m: FloatArray
    """(v, 3) places of the corners: x nose, y port, z up. [m]"""
    corner: IntArray
    """(n, 3) rows of ``vertex_m``, counter-clockwise seen from outside."""
    sheet: bool = False
    """Whether it is an open, infinitely thin surface that reflects on both sides; else it must be closed."""

    def __post_init__(self) -> None:
        """Check the surface."""
        vertex, corner = np.asarray(self.vertex_m, dtype=np.float64), np.asarray(self.corner)
        if vertex.ndim != 2 or vertex.shape[1] != 3 or len(vertex) < 3:
            raise ValueError(f"vertex_m must be (v, 3) with at least 3 rows, got shape {vertex.shape}")
        if not np.all(np.isfinite(vertex)):
            raise ValueError(f"vertex_m must be finite, row {int(np.argmin(np.isfinite(vertex).all(axis=1)))} is not")
        if corner.ndim != 2 or corner.shape[1] != 3 or len(corner) < 1 or corner.dtype.kind not in "iu":
            raise ValueError(f"corner must be whole numbers (n, 3), got {corner.dtype} of shape {corner.shape}")
        corner = corner.astype(np.int64)
        outside = ((corner < 0) | (corner >= len(vertex))).any(axis=1)
        if outside.any():
            facet = int(np.argmax(outside))
            raise ValueError(
                f"facet {facet} has corners {corner[facet].tolist()}, but there are {len(vertex)} vertices"
            )
        object.__setattr__(self, "vertex_m", vertex)
        object.__setattr__(self, "corner", corner)
        self._refuse_flat()
        if not self.sheet:
            self._refuse_open()
            self._refuse_inside_out()

    @classmethod
    def from_triangles(cls, triangles_m: ArrayLike, *, merge_m: float = 0.0, sheet: bool = False) -> Facets:
        """Join triangles that share corners.

        Parameters
        ----------
        triangles_m : (n, 3, 3) array_like
            Corners of each triangle, counter-clockwise seen from outside. [m]
        merge_m : float
            Corners in one cube of this side become one; 0 joins equal ones only. [m]
        sheet : bool
            See `Facets`.

        Returns
        -------
        Facets
            The surface.

        Raises
        ------
        ValueError
            As `Facets`, or if the shape is another or ``merge_m`` is negative.
        """
        triangles = np.asarray(triangles_m, dtype=np.float64)
        if triangles.ndim != 3 or triangles.shape[1:] != (3, 3):
            raise ValueError(f"triangles_m must be (n, 3, 3), got shape {triangles.shape}")
        if not merge_m >= 0.0:
            raise ValueError(f"merge_m must be at least 0, got {merge_m!r}")
        points = triangles.reshape(-1, 3)
        key = np.round(points / merge_m) if merge_m > 0.0 else points + 0.0  # -0.0 is 0.0
        _, first, back = np.unique(key, axis=0, return_index=True, return_inverse=True)
        return cls(vertex_m=points[first], corner=back.reshape(-1, 3), sheet=sheet)

    @property
    def n_facets(self) -> int:
        """How many triangles there are."""
        return len(self.corner)

    @cached_property
    def extent_m(self) -> float:
        """Diagonal of the box around the body. [m]"""
        return float(np.linalg.norm(np.ptp(self.vertex_m, axis=0)))

    @cached_property
    def cross_m2(self) -> FloatArray:
        """(n, 3) outward normals, as long as twice the facet's area. [m2]"""
        a, b, c = (self.vertex_m[self.corner[:, i]] for i in range(3))
        return np.cross(b - a, c - a)

    @cached_property
    def area_m2(self) -> FloatArray:
        """(n,) areas. [m2]"""
        return 0.5 * np.linalg.norm(self.cross_m2, axis=1)

    @cached_property
    def volume_m3(self) -> float:
        """Enclosed volume; 0 of a sheet. [m3]"""
        if self.sheet:
            return 0.0
        return float(np.einsum("ij,ij->", self.vertex_m[self.corner[:, 0]] - self._centre, self.cross_m2) / 6.0)

    @cached_property
    def convex(self) -> bool:
        """Whether no facet can hide another: the volume is that of the convex hull, to a part in 1e9."""
        if self.sheet:
            return False
        try:
            hull = ConvexHull(self.vertex_m)
        except QhullError:
            return False
        return bool(abs(hull.volume - self.volume_m3) <= 1e-9 * hull.volume)

    @cached_property
    def sagitta_m(self) -> float:
        """Largest height of a curved surface over its facets, as far as the bends between them tell. [m]"""
        first, second, bend, apart = self._bends
        smooth = bend < CREASE_RAD
        return float(np.max(apart[smooth] * bend[smooth] / 8.0, initial=0.0))

    @cached_property
    def _centre(self) -> FloatArray:
        return 0.5 * (self.vertex_m.min(axis=0) + self.vertex_m.max(axis=0))

    @cached_property
    def _edges(self) -> tuple[IntArray, IntArray]:
        """Directed edges as (3 n, 2) vertex numbers and the (3 n,) facet of each."""
        edges = self.corner[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        return edges, np.repeat(np.arange(self.n_facets), 3)

    @cached_property
    def _neighbours(self) -> tuple[IntArray, IntArray]:
        """Pairs of facets that share an edge, each pair once."""
        edges, facet = self._edges
        low, high = edges.min(axis=1), edges.max(axis=1)
        order = np.lexsort((high, low))
        same = (np.diff(low[order]) == 0) & (np.diff(high[order]) == 0)
        return facet[order[:-1][same]], facet[order[1:][same]]

    @cached_property
    def _bends(self) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """Neighbouring facets, the angle between their normals [rad], the distance of their centroids [m]."""
        first, second = self._neighbours
        normal = self.cross_m2 / (2.0 * self.area_m2[:, None])
        a, b = normal[first], normal[second]
        bend = np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), np.einsum("ij,ij->i", a, b))
        middle = self.vertex_m[self.corner].mean(axis=1)
        return first, second, bend, np.linalg.norm(middle[first] - middle[second], axis=1)

    @cached_property
    def _compiled(self) -> tuple[FloatArray, NDArray[np.int32], FloatArray, FloatArray]:
        """What the kernel takes: vertices about the centre (3, v), corners, normals, and each facet's share of a bend.

        The direction of a curved surface's normal jumps from facet to facet: a facet answers for three quarters of the
        bend to its furthest neighbour.
        """
        first, second, bend, _ = self._bends
        smooth = bend < CREASE_RAD
        share = np.zeros(self.n_facets)
        np.maximum.at(share, first[smooth], 0.75 * bend[smooth])
        np.maximum.at(share, second[smooth], 0.75 * bend[smooth])
        leaning = np.stack([0.5 / self.area_m2, np.cos(share), np.sin(share)], axis=1)
        vertex = np.ascontiguousarray((self.vertex_m - self._centre).T)
        return vertex, np.ascontiguousarray(self.corner, dtype=np.int32), self.cross_m2, leaning

    def _refuse_flat(self) -> None:
        sides = self.vertex_m[self.corner] - self.vertex_m[np.roll(self.corner, 1, axis=1)]
        longest = np.einsum("nij,nij->ni", sides, sides).max(axis=1)
        flat = self.area_m2 <= 1e-12 * longest
        if flat.any():
            facet = int(np.argmax(flat))
            raise ValueError(
                f"facet {facet} (corners {self.corner[facet].tolist()}) has no area, as have {int(flat.sum()) - 1} "
                "more: remove such facets, or merge corners that lie on each other and close the gap they leave"
            )

    def _refuse_open(self) -> None:
        edges, facet = self._edges
        key = edges[:, 0] * len(self.vertex_m) + edges[:, 1]
        mate = edges[:, 1] * len(self.vertex_m) + edges[:, 0]
        unique, first, count = np.unique(key, return_index=True, return_counts=True)
        if np.any(count > 1):
            at = first[np.argmax(count > 1)]
            rivals = facet[key == key[at]]
            raise ValueError(
                f"facets {', '.join(map(str, rivals.tolist()))} run the same way along the edge from vertex "
                f"{edges[at, 0]} to {edges[at, 1]}: turn one round (swap two of its corners) or remove the double"
            )
        alone = ~np.isin(mate, unique)
        if alone.any():
            at = int(np.argmax(alone))
            raise ValueError(
                f"the surface is open: no facet joins facet {facet[at]} along its edge from vertex {edges[at, 0]} to "
                f"{edges[at, 1]} ({int(alone.sum())} such edges); close the hole, join corners that should be one "
                "(from_triangles with merge_m), or say sheet=True if it is a thin surface seen from both sides"
            )

    def _refuse_inside_out(self) -> None:
        first, second = self._neighbours
        n = self.n_facets
        links = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
        n_parts, part = connected_components(links, directed=False)
        third = np.einsum("ij,ij->i", self.vertex_m[self.corner[:, 0]] - self._centre, self.cross_m2) / 6.0
        volume = np.bincount(part, weights=third, minlength=n_parts)
        if np.any(volume <= 0.0):
            facet = int(np.argmax(part == int(np.argmax(volume <= 0.0))))
            raise ValueError(
                f"the closed part of the surface that holds facet {facet} has its normals inwards (volume "
                f"{volume[part[facet]]:.3g} m3): reverse the order of its corners, or remove it if it is a void inside"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class FacetRcs:
    """What physical optics says of a body, look by look, and how far it may be trusted."""

    sigma_m2: FloatArray
    """(...) radar cross-section. [m2]"""
    amplitude_m: NDArray[np.complex128]
    """(...) its complex root, ``abs(amplitude_m)**2 == sigma_m2``; the phase is two-way to the origin of the mesh, and
    grows with distance towards the radar. [m]"""
    sigma_db: FloatArray
    """(...) one standard deviation of its level: `SIGMA_SPECULAR_DB`, or infinite where physical optics cannot know:
    the look is not specular, or the mesh is coarse. [dB]"""
    specular: BoolArray
    """(...) whether a lit facet reflects straight back to the radar."""
    coarse: BoolArray
    """(...) whether curved parts stand off their facets (``Facets.sagitta_m``) by more than wavelength / 16."""
    origin: str = "po"
    """Where the values come from; see `rcs.ORIGINS`."""

    @property
    def caution(self) -> str:
        """What to beware of, in a sentence for each kind of look; empty if every look is specular and the mesh fine."""
        said = []
        for count, why in ((int(np.sum(~self.specular)), CAUTION), (int(np.sum(self.coarse)), COARSE)):
            if count:
                said.append(f"{count} of {self.specular.size} looks: {why}")
        return "; ".join(said)


def rcs_m2(
    facets: Facets,
    frequency_hz: ArrayLike,
    azimuth_rad: ArrayLike,
    elevation_rad: ArrayLike = 0.0,
    *,
    polarisation: str = "VV",
    occlusion: bool = True,
) -> FacetRcs:
    r"""Monostatic radar cross-section of a conducting body by physical optics.

    Parameters
    ----------
    facets : Facets
        The body's surface.
    frequency_hz : (...) array_like
        Carrier frequency. [Hz]
    azimuth_rad : (...) array_like
        Direction of the radar, from the nose (x) towards starboard (minus y). [rad]
    elevation_rad : (...) array_like
        Direction of the radar above the body's own plane, -pi/2 to pi/2. [rad]
    polarisation : {"VV", "HH"}
        Accepted so that the caller need not care; the answer is the same. Cross-polarised returns are refused:
        physical optics says exactly zero of them.
    occlusion : bool
        Whether facets are also hidden by others in front of them; if not, only by being turned away. Free on a
        convex body; elsewhere a look takes about ten times as long.

    Returns
    -------
    FacetRcs
        Value, spread and flag of each look; the arguments broadcast.

    Raises
    ------
    ValueError
        If a frequency is not above 0 or an angle not finite, the body is less than 1 / pi wavelength across or too
        many for the phase, or the polarisation is unknown.

    Notes
    -----
    .. math:: \sqrt\sigma = \frac{2\sqrt\pi}{\lambda} \sum_\mathrm{lit} (\hat n\cdot\hat s)
        \int e^{2 i k \hat s\cdot r}\,dA

    with the integral over each flat facet exact, the degenerate cases by series: two or three corners at one distance
    lose no digits. Reliable where the surface faces the radar within its own bend and within the main lobe
    :math:`\lambda/(2L)` of a patch as long as the body: there the root mean square error against a full-wave solution
    of the NASA almond is 3.5 dB in VV and 6.3 dB in HH. Elsewhere 10 to 25 dB too low. Facets must follow the curve to
    a sixteenth of a wavelength (``facets.sagitta_m``). A facet is lit or hidden as a whole, by its centroid: the
    border of a shadow is as coarse as the facets on which it falls. Perfect conductor; no second bounce, so no corners
    or ducts.

    References
    ----------
    Gordon, "Far-field approximations to the Kirchhoff-Helmholtz representations of scattered fields", *IEEE Trans.
    Antennas Propag.* 23(4), 1975, 590-592; Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 5.4;
    almond: Woo et al., *IEEE Antennas Propag. Mag.* 35(1), 1993, 84-89.

    Examples
    --------
    A plate of 1 by 1 m at 10 GHz, seen along its normal: :math:`4\pi A^2/\lambda^2`.

    >>> plate = Facets(
    ...     vertex_m=np.array([[0.0, -0.5, -0.5], [0.0, 0.5, -0.5], [0.0, 0.5, 0.5], [0.0, -0.5, 0.5]]),
    ...     corner=np.array([[0, 1, 2], [0, 2, 3]]),
    ...     sheet=True,
    ... )
    >>> found = rcs_m2(plate, 10e9, 0.0)
    >>> round(float(found.sigma_m2)), float(found.sigma_db)
    (13982, 5.0)
    """
    if polarisation not in ("VV", "HH"):
        raise ValueError(
            f"polarisation must be VV or HH, got {polarisation!r}; physical optics has no cross-polarised return"
        )
    frequency, azimuth, elevation = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (frequency_hz, azimuth_rad, elevation_rad))
    )
    if not np.all((frequency > 0.0) & np.isfinite(frequency)):
        raise ValueError("frequency_hz must be above 0 and finite")
    if not np.all(np.isfinite(azimuth)):
        raise ValueError("azimuth_rad must be finite")
    if not np.all(np.abs(elevation) <= 0.5 * np.pi + 1e-12):
        raise ValueError("elevation_rad must lie from -pi/2 to pi/2 (degrees?)")
    shape, wavelength = frequency.shape, C_MPS / frequency.ravel()
    wavenumber = 2.0 * np.pi / wavelength
    size = facets.extent_m * wavenumber
    if np.any(size < 2.0):
        raise ValueError(
            f"frequency_hz: the body is {np.min(size) / (2.0 * np.pi):.2g} wavelengths across; optics needs several, "
            "take a full-wave solution or a closed form of the Rayleigh region"
        )
    if np.any(size > PHASE_MAX_RAD):
        raise ValueError(f"frequency_hz: the body is {np.max(size) / (2.0 * np.pi):.2g} wavelengths across, too many")
    level = np.cos(elevation)
    towards = np.stack([level * np.cos(azimuth), -level * np.sin(azimuth), np.sin(elevation)], axis=-1).reshape(-1, 3)
    vertex, corner, cross, leaning = facets._compiled
    lobe = np.minimum(0.5 * wavelength / facets.extent_m, 0.5 * np.pi)
    hides = occlusion and not facets.convex and not (facets.sheet and _flat(facets))
    found = scatter(
        vertex, corner, cross, leaning, np.ascontiguousarray(towards), wavenumber, lobe, facets.sheet, hides,
        1e-9 * facets.extent_m,
    )  # fmt: skip
    amplitude = (2.0 * np.sqrt(np.pi) / wavelength) * (found[:, 0] + 1j * found[:, 1])
    amplitude = amplitude * np.exp(2j * wavenumber * (towards @ facets._centre))
    specular, coarse = found[:, 2] > 0.0, facets.sagitta_m > wavelength / 16.0
    return FacetRcs(
        sigma_m2=(amplitude.real**2 + amplitude.imag**2).reshape(shape),
        amplitude_m=amplitude.reshape(shape),
        sigma_db=np.where(specular & ~coarse, SIGMA_SPECULAR_DB, np.inf).reshape(shape),
        specular=specular.reshape(shape),
        coarse=coarse.reshape(shape),
    )


def _flat(facets: Facets) -> bool:
    """Return whether a sheet lies in one plane, so that it cannot hide itself."""
    normal = facets.cross_m2[0] / (2.0 * facets.area_m2[0])
    off = (facets.vertex_m - facets.vertex_m[facets.corner[0, 0]]) @ normal
    return bool(np.abs(off).max() <= 1e-12 * facets.extent_m)
