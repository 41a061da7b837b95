"""Tasks of the worker process. Arguments and values are plain JSON types; files are given by path.

In all sentences, the names that clients gave stand for the paths (`Tasks.names`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from animato.animator import Animator
from animato.appearance.channels import CHANNELS
from animato.drivers.sound import SoundDriver
from animato.errors import InputError, VideoError
from animato.geometry.landmarks import MESH_POINTS
from animato.head.head import Head
from animato.head.photo import read_photos
from animato.head.placed_face import placed_photo
from animato.head.plausibility import plausibility
from animato.head.quality import is_blurred
from animato.media.disk import whole_file
from animato.media.image import load_picture, save_picture
from animato.media.reader import open_video
from animato.media.sound_file import is_sound
from animato.motion.keyframes import Keyframe, motion_from_keyframes
from animato.motion.motion_file import load_motion, save_motion
from animato.pipeline.casting import shared_finder
from animato.pipeline.nudity_gate import NudityGate
from animato.pipeline.pose import expression_of_picture
from animato.pipeline.rendering import Progress
from animato.settings.animate import AnimateSettings
from animato.settings.base import from_mapping
from animato.settings.consent import Consent
from animato.studio.face_points import seven_points
from animato.studio.result_fields import save_fields
from animato.studio.worker import named
from animato.trust.verify import verify_file
from animato.types import Frame

Json = dict[str, Any]
Names = Mapping[str, str]

THUMBNAIL_SIDE = 256
FILMSTRIP_FRAMES = 12
FILMSTRIP_SIDE = 160
"""Pixels of the longer side."""

PHOTO_SUFFIX = ".photo.jpg"
"""Of the photo that is animated, beside the head file."""

ONSET_SECONDS, STILL_SECONDS, STILL_FPS = 0.6, 3.0, 25
"""A picture as driver: seconds until its expression is reached, slow enough not to snap, and of the whole motion."""


class Tasks:
    """What the worker can do, with one engine for all tasks.

    Args:
        animator: owns the engine.
        progress: called after each frame.

    Attributes:
        names: path to display name, for the files of the running task.
    """

    def __init__(self, animator: Animator, progress: Progress) -> None:
        self._animator = animator
        self._progress = progress
        self.names: Names = {}

    def _named(self, text: str) -> str:
        return named(text, self.names)

    def faces(self, photo: str) -> Json:
        """Find the faces of a photo, from left to right, as `Head.from_photos` counts them."""
        image = load_picture(Path(photo)).image
        finder = shared_finder(self._animator.engine)
        with self._animator.engine.bounded():
            faces = [
                face
                for face in finder.find(image)
                if not plausibility(image, face, finder).rejected or is_blurred(image, face)
            ]
        faces.sort(key=lambda face: float(face.points[:, 0].mean()))
        found = []
        for index, face in enumerate(faces, 1):
            low, high = face.points[:MESH_POINTS, :2].min(axis=0), face.points[:MESH_POINTS, :2].max(axis=0)
            box = [*low.tolist(), *(high - low).tolist()]
            found.append({"index": index, "box": box, "points": seven_points(face.points)})
        return {"width": image.shape[1], "height": image.shape[0], "faces": found}

    def head(self, photos: Sequence[str], face: str, consent: Json, points: Json, target: str) -> Json:
        """Make a head from photos and save it, with a thumbnail beside it; `points` are placed faces by path."""
        if points:
            head = self._placed_head(photos, face, Consent(**consent), points)
        else:
            head = self._animator.head([Path(photo) for photo in photos], face, consent=Consent(**consent))
        head = dataclasses.replace(
            head,
            photos=tuple(
                dataclasses.replace(
                    photo,
                    name=self._named(photo.name),
                    warnings=tuple(self._named(warning) for warning in photo.warnings),
                )
                for photo in head.photos
            ),
        )
        head.save(Path(target), overwrite=True)
        return _head_fields(head, Path(target))

    def _placed_head(self, photos: Sequence[str], face: str, consent: Consent, points: Json) -> Head:
        """Return a head of which some photos have a face placed by hand; the first photo is animated."""
        finder = shared_finder(self._animator.engine)
        with self._animator.engine.bounded():
            found = [
                placed_photo(Path(photo), points[photo], finder)
                if photo in points
                else read_photos([Path(photo)], face, finder)[0]
                for photo in photos
            ]
        return Head(tuple(found), consent)

    def import_head(self, file: str, target: str) -> Json:
        """Check a head file and keep a copy of it."""
        head = Head.load(Path(file))
        head.check_consent()
        with whole_file(Path(target)) as temporary:
            temporary.write_bytes(Path(file).read_bytes())
        return _head_fields(head, Path(target))

    def expression(self, picture: str) -> dict[str, float]:
        """Return the controls that come nearest to the face of a picture."""
        engine = self._animator.engine
        with engine.bounded(), NudityGate(engine) as gate:
            likeness = expression_of_picture(Path(picture), "largest", shared_finder(engine))
            gate.add(f"the picture {Path(picture).name}", likeness.thumbnail)
            gate.finish()
        return dict(likeness.controls)

    def _picture_driver(self, picture: Path, strip: Path, target: Path) -> Json:
        """Make a motion from rest to the expression of a picture, and save the picture as its film strip."""
        controls = self.expression(str(picture))
        keyframes = [Keyframe(0.0), Keyframe(ONSET_SECONDS, controls), Keyframe(STILL_SECONDS, controls)]
        clip = motion_from_keyframes(keyframes, STILL_FPS)
        save_motion(target, clip)
        strip.mkdir(exist_ok=True)
        save_picture(strip / "0.jpg", _reduced(load_picture(picture).image, FILMSTRIP_SIDE))
        return {"title": "", "duration": clip.duration, "fps": float(clip.fps), "frames": 1, "warnings": []}

    def driver(self, file: str, kind: str, strip: str, target: str) -> Json:
        """Probe a driver, and save frames of it into the folder `strip`; a picture becomes the motion `target`."""
        path = Path(file)
        if kind == "picture":
            return self._picture_driver(path, Path(strip), Path(target))
        if kind == "motion":
            clip = load_motion(path, CHANNELS)
            return {"title": clip.name, "duration": clip.duration, "fps": float(clip.fps), "frames": 0, "warnings": []}
        if kind in ("video", "sound") and is_sound(path):  # browsers record a voice into containers of video
            sound = SoundDriver(path, AnimateSettings())
            fields = {
                "duration": sound.duration,
                "fps": float(sound.fps),
                "warnings": [self._named(warning) for warning in sound.warnings()],
            }
            return {"title": "", "kind": "sound", "frames": 0, **fields}
        if kind != "video":
            raise InputError(
                f"{path} is not a driver: a {kind} has no motion of a face",
                hint="a video (mp4, mov, webm, mkv, avi, gif), a sound, a motion file, or a picture of a face",
                more="docs/drivers.md",
            )
        with open_video(path, max_side=FILMSTRIP_SIDE) as video:
            info = video.info
        duration = _counted(path) if info.duration is None else info.duration
        frames, warnings = _film_strip(path, duration, Path(strip))
        size = {"width": info.width, "height": info.height}
        strips = {"frames": frames, "warnings": [self._named(warning) for warning in warnings]}
        return {"title": "", "duration": duration, "fps": float(info.fps), **size, **strips}

    def motion(self, keyframes: Sequence[Json], fps: float, name: str, target: str) -> Json:
        """Make a motion file of key frames."""
        clip = motion_from_keyframes([Keyframe(**keyframe) for keyframe in keyframes], fps, name)
        save_motion(Path(target), clip)
        return {"name": name, "duration": clip.duration, "fps": float(clip.fps), "frames": 0, "warnings": []}

    def verify(self, file: str) -> Json:
        """Check a file; see `animato verify --json`."""
        report: Json = json.loads(json.dumps(verify_file(Path(file)).to_json()))
        report["file"] = self._named(report["file"])
        return report

    def animate(self, head: str, driver: str, target: str, settings: Json) -> Json:
        """Render a video into the folder of `target`, and write its fields beside it."""
        path = Path(target)
        path.parent.mkdir(exist_ok=True)
        chosen = from_mapping(AnimateSettings, settings)
        result = self._animator.animate(Path(head), Path(driver), path, chosen, progress=self._progress)
        report = result.to_json()
        warnings = [self._named(warning) for warning in report.pop("warnings")]
        del report["path"]
        return save_fields(
            path,
            warnings=warnings,
            report=report,
            width=result.width,
            height=result.height,
            fps=float(result.fps),
            frames=result.frames,
            mark_id=result.mark_id,
        )


def _counted(video: Path) -> float:
    """Return the duration of a video that does not state it, such as a browser's recording, seconds."""
    with open_video(video, max_side=FILMSTRIP_SIDE) as reader:
        for _ in reader:
            pass
        return float(reader.end)


def _reduced(image: Frame, side: int) -> Frame:
    """Return an image (H x W x 3 uint8 RGB) whose longer side has at most `side` pixels."""
    share = side / max(image.shape[:2])
    if share >= 1:
        return image
    size = max(1, round(image.shape[1] * share)), max(1, round(image.shape[0] * share))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _film_strip(video: Path, duration: float, folder: Path) -> tuple[int, tuple[str, ...]]:
    """Save evenly spaced frames of a video; return how many, and the reader's warnings."""
    folder.mkdir(exist_ok=True)
    warnings: tuple[str, ...] = ()
    for index in range(FILMSTRIP_FRAMES):
        try:
            with open_video(video, max_side=FILMSTRIP_SIDE, start=duration * index / FILMSTRIP_FRAMES) as reader:
                save_picture(folder / f"{index}.jpg", next(iter(reader)).image)
                warnings = reader.warnings
        except VideoError:  # the video is shorter than it states
            if index == 0:
                raise
            return index, warnings
    return FILMSTRIP_FRAMES, warnings


def _head_fields(head: Head, target: Path) -> Json:
    thumbnail = np.ascontiguousarray(head.photo.square(THUMBNAIL_SIDE).image)
    save_picture(target.with_suffix(".jpg"), thumbnail)
    save_picture(target.with_suffix(PHOTO_SUFFIX), head.photo.image)
    height, width = head.photo.image.shape[:2]
    return {
        "ground": head.consent.ground,
        "expires": head.consent.expires,
        "report": head.report.to_json(),
        "warnings": list(head.warnings),
        "width": width,
        "height": height,
        "photos": len(head.photos),
    }
