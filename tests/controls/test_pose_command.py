"""A still is marked, signed and labelled like a video, and shows the expression that was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from main_job import Material, shared_engine

import animato
from animato.cli.main import run
from animato.errors import FaceError, UsageError
from animato.geometry.apertures import face_apertures, mouth_width
from animato.geometry.pose import fit_pose, local_from_points
from animato.media.image import load_picture, save_picture
from animato.pipeline.casting import shared_finder
from animato.types import Face, Points

SMALL = {"frame": "crop", "size": 256, "model": "geometry", "threads": 1}


def tracked(path: Path) -> Face:
    image, finder = load_picture(path).image, shared_finder(shared_engine(2))
    return finder.refined(image, finder.find(image)[0])


def width(points: Points) -> float:
    return mouth_width(local_from_points(points, fit_pose(points)))


def test_a_still_is_labelled_marked_and_signed(made: Material, tmp_path: Path) -> None:
    target = tmp_path / "still.png"
    result = animato.pose(made.person, {"smile": 0.5}, target, **SMALL)  # type: ignore[arg-type]
    report = animato.verify(target)
    assert result.path == target and result.frames == 1
    assert report.exit_code == 0 and result.mark_id in " ".join(report.sentences())
    assert any("Visible label" in sentence for sentence in report.sentences())
    assert [path.name for path in tmp_path.iterdir()] == ["still.png"]


@pytest.mark.parametrize(("name", "value"), [("yaw", 15.0), ("pitch", 10.0), ("roll", -12.0)])
def test_the_head_in_the_still_has_turned_by_the_angle(made: Material, tmp_path: Path, name: str, value: float) -> None:
    angles = []
    for number, controls in enumerate(({}, {name: value})):
        target = tmp_path / f"{number}.png"
        animato.pose(made.person, controls, target, **SMALL)  # type: ignore[arg-type]
        angles.append(np.array(fit_pose(tracked(target).points).degrees()))
    turned = dict(zip(("yaw", "pitch", "roll"), angles[1] - angles[0], strict=True))
    assert turned.pop(name) == pytest.approx(value, abs=5)
    assert max(map(abs, turned.values())) < 5


def test_the_face_in_the_still_has_the_expression(made: Material, tmp_path: Path) -> None:
    found = {}
    for name in ("rest", "blink", "jaw_open", "smile", "pout"):
        target = tmp_path / f"{name}.png"
        animato.pose(made.person, {} if name == "rest" else {name: 1.0}, target, **SMALL)  # type: ignore[arg-type]
        found[name] = tracked(target).points
    openings = {name: face_apertures(points) for name, points in found.items()}
    assert (openings["blink"][:2] < 0.6 * openings["rest"][:2]).all()
    assert openings["jaw_open"][2] > openings["rest"][2] + 0.1
    assert max(openings[name][2] for name in ("rest", "smile", "pout")) < 0.06
    assert width(found["pout"]) < width(found["rest"]) < width(found["smile"])


def test_the_command_saves_still_and_expression(
    made: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head, target, saved = tmp_path / "me.animato", tmp_path / "me.png", tmp_path / "smile.json"
    made.person.save(head)
    options = ["--frame", "crop", "--size", "256", "--model", "geometry", "--threads", "1"]
    first = ["pose", str(head), "--smile", "0.6", "--wink-left", "1", "-o", str(target), *options]
    assert run([*first, "--save-expression", str(saved)]) == 0
    assert "watermark" in capsys.readouterr().out
    assert json.loads(saved.read_text())["controls"] == {"smile": 0.6, "wink_left": 1.0}
    assert run(first) == 2  # it exists
    again = ["pose", str(head), "--expression", str(saved), "--smile", "0.2", "-o", str(target), "--overwrite"]
    assert run([*again, *options, "--json"]) == 0


def test_the_expression_of_a_picture_is_taken_over(made: Material, tmp_path: Path) -> None:
    picture, target = tmp_path / "picture.png", tmp_path / "like.png"
    animato.pose(made.person, {"jaw_open": 0.8, "roll": 10}, picture, **SMALL)  # type: ignore[arg-type]
    controls = animato.expression_of(picture)
    assert controls["jaw_open"] > 0.3 and controls["roll"] == pytest.approx(10, abs=4)
    animato.pose(made.person, {"roll": 0.0}, target, like=picture, **SMALL)  # type: ignore[arg-type]
    assert face_apertures(tracked(target).points)[2] > 0.05


def test_a_picture_without_a_face_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    save_picture(path, np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(FaceError, match="no face found in"):
        animato.expression_of(path)


def test_other_suffixes_and_inputs_as_output_are_refused(made: Material, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a still is written as"):
        animato.pose(made.person, {}, tmp_path / "me.jpg")
    picture = tmp_path / "p.png"
    save_picture(picture, np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(UsageError, match="which is an input"):
        animato.pose(made.person, {}, picture, like=picture, overwrite=True)


@pytest.mark.usefixtures("strict_consent")
def test_photos_need_a_consent(tmp_path: Path) -> None:
    photo = tmp_path / "p.png"
    save_picture(photo, np.zeros((64, 64, 3), np.uint8))
    assert run(["pose", str(photo), "-o", str(tmp_path / "me.png")]) == 5
