"""Cases of the parts network: labelled renders and photos before plain walls, cut around the head.

A folder of cases holds pictures.npy, labels.npy and depth.npy (memory-mapped) and cases.json (person, split and kind of
each). Rendered clips come as `NAME.mp4` with `NAME.npz`: `frames` (which are labelled), `parts` (N x H x W uint8) and
`depth` (N x H/2 x W/2 uint8, 0 background, else 128 at the camera's focus and 0.55 steps a millimetre). Of photos only
the matte, the face, the eyes and the mouth are known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.data.sources import SourceClip, find_sources
from animato.data.split import split_of
from animato.data.walk import VIDEO_SUFFIXES
from animato.errors import AnimatoError, FileFormatError, UsageError
from animato.geometry.crop import cut
from animato.geometry.pose import HeadPose, fit_pose
from animato.head.parts import parts_from_photo
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.models.parts.config import PARTS
from animato.settings.data import PrepareSettings
from animato.tracking.face_finder import FaceFinder
from animato.training.parts.labels import depth_in_cm, draw_face, with_ears
from animato.training.parts.wall import PERSON, WALL, wall_matte
from animato.types import Affine, Face, Frame
from animato.weights.io import write_whole

SIDE = 320
"""Side of a case's picture in pixels; the network's square lies in its middle."""

WIDER = 1.2
"""Side of a case in units of the network's square: room for augmentation."""

SOME_PART, UNKNOWN = 254, 255
"""Labels beside the parts: the person, but which part is not known; and nothing known."""

PHOTOS_OF_A_VIDEO = 3

ARRAYS = ("pictures", "labels", "depth")


@dataclass(frozen=True)
class PartsCase:
    """One picture with what is known of it.

    Attributes:
        picture: S x S x 3 uint8 RGB.
        labels: S x S uint8, index into `PARTS`, `SOME_PART` or `UNKNOWN`.
        depth: S x S float16, canonical centimetres behind the middle of the face; NaN where not known.
        person: who is shown.
        kind: "rendered" or "photo".
    """

    picture: Frame
    labels: NDArray[np.uint8]
    depth: NDArray[np.float16]
    person: str
    kind: str


@dataclass(frozen=True)
class PartsCases:
    """A folder of cases, memory-mapped.

    Attributes:
        pictures: N x S x S x 3 uint8.
        labels: N x S x S uint8.
        depth: N x S x S float16.
        people: N names.
        splits: N, "train", "val" or "test".
        kinds: N, "rendered" or "photo".
    """

    pictures: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    depth: NDArray[np.float16]
    people: list[str]
    splits: list[str]
    kinds: list[str]

    def numbers(self, split: str, kind: str | None = None) -> NDArray[np.int64]:
        """Return the numbers of the cases of a split, of one kind or of both."""
        chosen = [
            number
            for number, (own, sort) in enumerate(zip(self.splits, self.kinds, strict=True))
            if own == split and kind in (None, sort)
        ]
        return np.array(chosen, np.int64)


def read_parts_cases(folder: Path) -> PartsCases:
    """Open a folder that `make_parts_cases` wrote.

    Raises:
        FileFormatError: it is not complete.
    """
    try:
        listed = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
        pictures, labels, depth = (
            np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS
        )
    except (OSError, ValueError) as problem:
        raise FileFormatError(f"{folder.name} holds no complete cases", where=str(folder)) from problem
    return PartsCases(pictures, labels, depth, listed["people"], listed["splits"], listed["kinds"])


def make_parts_cases(
    labelled: Path,
    walls: Sequence[Path],
    held_out: Sequence[Path],
    folder: Path,
    report: Callable[[int], None] | None = None,
) -> PartsCases:
    """Make the cases of a run, unless its folder holds them already.

    Args:
        labelled: folder of rendered clips with labels.
        walls: folders of photos and videos of people before plain walls.
        held_out: folders of clips whose people, by the manifest, belong to the test split: what they judge must not
            be learned from.
        folder: where to write; created when missing.
        report: called with the number of cases so far.

    Raises:
        InputError, FileFormatError: a folder cannot be read.
        UsageError: no case was found.
    """
    if (folder / "cases.json").is_file():
        return read_parts_cases(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings = PrepareSettings()
    tested = {_head(clip) for source in held_out for clip in find_sources([source], settings).clips}
    finder = FaceFinder()
    found: list[PartsCase] = []
    splits: list[str] = []
    for clip in find_sources([labelled], settings).clips:
        for case in _rendered(clip, finder):
            found.append(case)
            splits.append("test" if _head(clip) in tested else split_of(_head(clip)))
    for clip in find_sources(walls, settings).clips if walls else ():
        for case in _photos(clip, finder):
            found.append(case)
            splits.append(split_of(clip.person))
            if report is not None:
                report(len(found))
    if not found:
        raise UsageError(f"no labelled clip in {labelled}", hint="NAME.mp4 with NAME.npz beside it")
    for name, arrays in (
        ("pictures", [case.picture for case in found]),
        ("labels", [case.labels for case in found]),
        ("depth", [case.depth for case in found]),
    ):
        np.save(folder / f"{name}.npy", np.stack(arrays))
    listed: dict[str, Any] = {
        "people": [case.person for case in found],
        "splits": splits,
        "kinds": [case.kind for case in found],
    }
    write_whole(folder / "cases.json", json.dumps(listed).encode())
    return read_parts_cases(folder)


def named_head(source: str, person: str) -> str:
    """Return what a rendered person is named after: the head that the source of its clip names, else the person."""
    return source.rpartition(" head ")[2] or person


def _head(clip: SourceClip) -> str:
    return named_head(clip.source, clip.person)


def _largest(finder: FaceFinder, image: Frame) -> Face | None:
    faces = finder.find(image)
    return max(faces, key=lambda face: float(np.ptp(face.points[:, 0]))) if faces else None


def _rendered(clip: SourceClip, finder: FaceFinder) -> Iterator[PartsCase]:
    beside = clip.path.with_suffix(".npz")
    if not beside.is_file():
        return
    with np.load(beside, allow_pickle=False) as file:
        numbers, parts, depth = (file[name] for name in ("frames", "parts", "depth"))
    with open_video(clip.path) as video:
        frames = [item.image for item in video]
    for number, labels, far in zip(numbers, parts, depth, strict=True):
        image = frames[int(number)]
        face = _largest(finder, image)
        if face is None:
            continue
        pose = fit_pose(face.points)
        centimetres = depth_in_cm(far, labels, face, pose)
        case_from_photo = _case_from_photo(pose)
        yield PartsCase(
            cut(image, case_from_photo, SIDE),
            _cut_labels(with_ears(labels, centimetres, face, pose), case_from_photo),
            _cut_depth(centimetres, case_from_photo),
            _head(clip),
            "rendered",
        )


def _photos(clip: SourceClip, finder: FaceFinder) -> Iterator[PartsCase]:
    try:
        if clip.path.suffix.lower() in VIDEO_SUFFIXES:
            with open_video(clip.path) as video:
                frames = [item.image for item in video]
            images = [frames[index] for index in np.linspace(0, len(frames) - 1, PHOTOS_OF_A_VIDEO).astype(int)]
        else:
            images = [load_picture(clip.path).image]
    except AnimatoError:
        return
    for image in images:
        face = _largest(finder, image)
        pose = None if face is None else fit_pose(face.points)
        matte = None if face is None or pose is None else wall_matte(image, face.points, pose)
        if face is None or pose is None or matte is None:
            continue
        labels = np.full(matte.shape, UNKNOWN, np.uint8)
        labels[matte == WALL] = PARTS.index("background")
        labels[matte == PERSON] = SOME_PART
        draw_face(labels, face, pose)
        case_from_photo = _case_from_photo(pose)
        nothing = np.full((SIDE, SIDE), np.nan, np.float16)
        yield PartsCase(
            cut(image, case_from_photo, SIDE), _cut_labels(labels, case_from_photo), nothing, clip.person, "photo"
        )


def _case_from_photo(pose: HeadPose) -> Affine:
    return parts_from_photo(pose, SIDE, wider=WIDER)


def _cut_labels(labels: NDArray[np.uint8], case_from_photo: Affine) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.warpAffine(
            labels, case_from_photo, (SIDE, SIDE), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT,
            borderValue=(UNKNOWN,),
        ),
        np.uint8,
    )  # fmt: skip


def _cut_depth(depth: NDArray[np.float32], case_from_photo: Affine) -> NDArray[np.float16]:
    nowhere = (float("nan"),)
    moved = cv2.warpAffine(
        depth,
        case_from_photo,
        (SIDE, SIDE),
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=nowhere,
    )
    return np.asarray(moved, np.float16)
