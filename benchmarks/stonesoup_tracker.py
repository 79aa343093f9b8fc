"""Stone Soup on the plot files of ``tracking_scenarios``: a program of its own, run by the peers' interpreter.

``python stonesoup_tracker.py TRACKER OUT FILE...`` tracks each file, writes the picture of each scan to OUT/<file name>
(``ids``, ``positions``, ``n``) and prints a line of JSON a file: processor time of the tracker's step in each scan
(building detections, scoring and imports left out), the version. TRACKER is ``gnn`` (global nearest neighbour by two-
dimensional assignment), ``jpda`` (efficient hypothesis management, EHM2) or ``lbp`` (JPDA by belief propagation).

Settings were tuned by hand on a run or two of each scenario (``SETTINGS``): noise q, hits to confirm, misses to drop,
gate. The radar scenarios have constant velocity with noise q (0.5 m2/s3 upward) and a k-d gate in Cartesian space
around the prediction, without which each track meets each plot.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import stonesoup
from scipy.spatial import KDTree
from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
from stonesoup.dataassociator.probability import JPDAwithEHM2, JPDAwithLBP
from stonesoup.deleter.time import UpdateTimeStepsDeleter
from stonesoup.hypothesiser.distance import DistanceHypothesiser
from stonesoup.hypothesiser.probability import PDAHypothesiser
from stonesoup.initiator.simple import MultiMeasurementInitiator, SinglePointMeasurementInitiator
from stonesoup.measures import Mahalanobis
from stonesoup.models.measurement.linear import LinearGaussian
from stonesoup.models.measurement.nonlinear import CartesianToElevationBearingRangeRate
from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
from stonesoup.predictor.kalman import KalmanPredictor
from stonesoup.tracker.simple import MultiTargetMixtureTracker, MultiTargetTracker
from stonesoup.types.array import StateVector
from stonesoup.types.detection import Detection
from stonesoup.types.state import GaussianState
from stonesoup.updater.kalman import ExtendedKalmanUpdater, KalmanUpdater

START = datetime(2000, 1, 1)  # noqa: DTZ001  the peer's own times have no zone
SETTINGS = {
    "a_vo12_hard lbp": {"q": 25.0, "hits": 6, "misses": 3, "sigmas": 2.5},
    "a_vo12_hard": {"q": 25.0, "hits": 5, "misses": 2, "sigmas": 2.5},
    "a_vo12": {"q": 25.0, "hits": 4, "misses": 2, "sigmas": 3.0},
    "b_radar50": {"q": 400.0, "hits": 3, "misses": 3, "sigmas": 5.0, "climb_mps": 20.0},
    "c_scale": {"q": 400.0, "hits": 3, "misses": 3, "sigmas": 5.0, "climb_mps": 10.0},
    "c_dense100": {"q": 400.0, "hits": 3, "misses": 3, "sigmas": 4.0, "climb_mps": 20.0},
}
GATE_M = 3e3


def gated(kind: type) -> type:
    """Give an associator a k-d tree of the plots' positions: only plots within a few km of a prediction are tried."""

    class Gated(kind):
        def generate_hypotheses(self, tracks, detections, timestamp, **kwargs):
            detections = list(detections)
            if not detections:
                return super().generate_hypotheses(tracks, set(), timestamp, **kwargs)
            times = [one.timestamp for one in detections]
            late_s = (max(times) - min(times)).total_seconds()
            tree = KDTree(np.array([one.metadata["place"] for one in detections]))
            out = {}
            for track in tracks:
                prediction = self.hypothesiser.predictor.predict(track, timestamp=timestamp)
                near = tree.query_ball_point(
                    np.asarray(prediction.state_vector[[0, 2, 4], 0], float), GATE_M + 300.0 * late_s
                )
                out[track] = self.hypothesiser.hypothesise(track, {detections[i] for i in near}, timestamp, **kwargs)
            return out

    Gated.__name__ = f"Gated{kind.__name__}"
    return Gated


class GatedLBP(gated(JPDAwithLBP)):
    """The library's belief propagation asks its hypothesiser directly; here through the gate."""

    def associate(self, tracks, detections, timestamp, **kwargs):
        """Marginals of each track over the plots in its gate."""
        hypotheses = self.generate_hypotheses(tracks, detections, timestamp)
        if not hypotheses or not detections:
            return hypotheses
        return self._compute_multi_hypotheses(tracks, detections, hypotheses, timestamp)


def build(kind: str, name: str, file: dict, scans: list) -> MultiTargetTracker | MultiTargetMixtureTracker:
    """Put a tracker together for one file."""
    option = next(value for key, value in SETTINGS.items() if f"{name} {kind}".startswith(key))
    planar = int(file["dims"]) == 2
    upward = [] if planar else [ConstantVelocity(0.5)]
    motion = CombinedLinearGaussianTransitionModel([ConstantVelocity(option["q"])] * 2 + upward)
    predictor = KalmanPredictor(motion)
    updater = KalmanUpdater(None) if planar else ExtendedKalmanUpdater(None)
    near = DistanceHypothesiser(predictor, updater, Mahalanobis(), missed_distance=option["sigmas"])
    wrap = (lambda one: one) if planar else gated
    gnn = wrap(GNNWith2DAssignment)(near)
    deleter = UpdateTimeStepsDeleter(option["misses"])
    prior = GaussianState(
        StateVector(np.zeros(4 if planar else 6)),
        np.diag([1e4, 100.0, 1e4, 100.0] if planar else [1e8, 150.0**2, 1e8, 150.0**2, 1e8, option["climb_mps"] ** 2]),
    )
    initiator = MultiMeasurementInitiator(
        prior_state=prior, deleter=deleter, data_associator=gnn, updater=updater, min_points=option["hits"],
        initiator=SinglePointMeasurementInitiator(prior, None, updater),
    )  # fmt: skip
    if kind == "gnn":
        return MultiTargetTracker(initiator, deleter, scans, gnn, updater)
    density = clutter_density(file)
    probable = PDAHypothesiser(
        predictor, updater, clutter_spatial_density=density, prob_detect=float(file["pd"]), prob_gate=0.99
    )
    associator = {"jpda": wrap(JPDAwithEHM2), "lbp": JPDAwithLBP if planar else GatedLBP}[kind](probable)
    return MultiTargetMixtureTracker(initiator, deleter, scans, associator, updater)


def clutter_density(file: dict) -> float:
    """Mean density of false plots per unit of a plot; for the radar that of the middle of the area."""
    low, high = file["extent"].T
    if int(file["dims"]) == 2:
        return float(file["clutter_per_scan"] / np.prod(high - low))
    far_m = np.sqrt(0.5 * (low[0] ** 2 + high[0] ** 2))
    area_m2 = 0.5 * (high[1] - low[1]) * (high[0] ** 2 - low[0] ** 2)
    per_volume = file["clutter_per_scan"] / (area_m2 * (high[2] - low[2]) * (high[3] - low[3]))
    return float(per_volume * far_m**2)  # volume element of range, azimuth and small elevation


def detections(file: dict) -> list:
    """Each scan's time and set of detections."""
    planar = int(file["dims"]) == 2
    sd = file["sd"]
    if planar:
        model = LinearGaussian(4, (0, 2), np.diag(sd**2))
    else:
        model = CartesianToElevationBearingRangeRate(
            6, (0, 2, 4), np.diag(sd[[2, 1, 0, 3]] ** 2), velocity_mapping=(1, 3, 5)
        )
    edges = np.concatenate([[0], np.cumsum(file["plots_n"])])
    scans = []
    for k, scored_s in enumerate(file["scan_t_s"]):
        found = set()
        rows = slice(edges[k], edges[k + 1])
        for z, t in zip(file["plots"][rows], file["plot_t_s"][rows], strict=True):
            at = START + timedelta(seconds=float(t))
            if planar:
                found.add(Detection(StateVector(z), timestamp=at, measurement_model=model))
                continue
            ground = z[0] * np.cos(z[2])
            place = (ground * np.sin(z[1]), ground * np.cos(z[1]), z[0] * np.sin(z[2]))
            vector = model._typed_vector() + np.array([[z[2]], [0.5 * np.pi - z[1]], [z[0]], [z[3]]])
            found.add(Detection(StateVector(vector), timestamp=at, measurement_model=model, metadata={"place": place}))
        scans.append((START + timedelta(seconds=float(scored_s)), found))
    return scans


def main(kind: str, out: Path, files: list[Path]) -> None:
    """Track the files one after the other."""
    for path in files:
        with np.load(path) as opened:
            file = {name: opened[name] for name in opened.files}
        scans = detections(file)
        tracker = build(kind, str(file["name"]), file, scans)
        width, numbers = int(file["dims"]), {}
        ids, places, cost = [], [], []
        iter(tracker)
        for _ in scans:
            start = time.process_time()
            at, tracks = next(tracker)
            cost.append(time.process_time() - start)
            ids.append(np.array([numbers.setdefault(track.id, len(numbers)) for track in tracks], np.int64))
            now = np.zeros((len(tracks), 2 * width))
            for row, track in enumerate(tracks):
                now[row] = np.asarray(track.state_vector, float)[:, 0]
                now[row, 0::2] += now[row, 1::2] * (at - track.timestamp).total_seconds()
            places.append(now[:, 0::2])
        np.savez(
            out / path.name,
            ids=np.concatenate(ids),
            positions=np.concatenate(places),
            n=np.array([len(one) for one in ids]),
        )
        print(json.dumps({"file": path.name, "version": stonesoup.__version__, "cpu_s": cost}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [Path(one) for one in sys.argv[3:]])
