"""The script that fits the closed head's constants finds those that the silhouettes were drawn with."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from animato.geometry.landmarks import OVAL
from animato.geometry.pose import HeadPose, fit_pose, local_from_points, points_from_local, rotation_exp
from animato.models.parts.config import PARTS
from animato.types import Face, Frame

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fit_closed_head.py"
TRUE = {"BACK_CM": 9.0, "WIDEST_SIDE": 7.0}


@pytest.fixture(scope="module")
def fit() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("fit_closed_head", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(autouse=True)
def constants(fit: ModuleType) -> Iterator[None]:
    kept = {name: fit.read_constant(name) for name in fit.STEPS}
    yield
    for name, value in kept.items():
        fit.set_constant(name, value)


def test_the_constants_that_drew_the_silhouettes_score_best_and_are_found(
    fit: ModuleType, portrait: Frame, portrait_face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = portrait_face.points
    labels = np.zeros(portrait.shape[:2], np.uint8)
    oval = points[list(OVAL), :2]
    middle = oval.mean(axis=0)
    outline = cv2.convexHull(np.rint(middle + 1.3 * (oval - middle)).astype(np.int32))
    cv2.fillConvexPoly(labels, outline, PARTS.index("hair"))
    photo = fit.LabelledView(portrait, points, labels=labels)
    pose = fit_pose(points)
    local = local_from_points(points, pose)
    for name, value in TRUE.items():
        fit.set_constant(name, value)
    targets = []
    for yaw in (-35.0, 35.0):
        turned = HeadPose(rotation_exp(np.radians([0.0, yaw, 0.0])) @ pose.rotation, pose.translation, pose.scale)
        seen = points_from_local(local, turned)
        targets.append(fit.TurnedView(seen, fit.drawn_silhouette(photo, seen), abs(yaw)))
    case = fit.HeadCase(photo, tuple(targets))
    assert fit.objective([case], TRUE) == pytest.approx(1.0)
    wrong = {"BACK_CM": 11.0, "WIDEST_SIDE": 6.0}
    assert fit.objective([case], wrong) < 0.99
    monkeypatch.setattr(fit, "STEPS", {"BACK_CM": 1.5, "WIDEST_SIDE": 1.0})
    found = fit.search([case], wrong)
    assert fit.objective([case], found) > 0.995 > fit.objective([case], wrong)
    assert found["BACK_CM"] == pytest.approx(TRUE["BACK_CM"], abs=0.6)
