"""Make the motion files that ship in animato/assets/motion.

    python scripts/make_bundled_motions.py ../shared/data

`talk` is recorded from a GRID clip (CC BY 4.0). `smile` is the difference between a neutral and a smiling photo of one
person of the London Set (CC BY 4.0), eased in and out. `nod`, `look` and `blink` are authored here: curves of rotation,
gaze and lids.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

from animato.api import record
from animato.appearance.channels import CHANNELS
from animato.appearance.expression_light import ExpressionLightReader
from animato.geometry.apertures import apertures, mouth_width
from animato.geometry.landmarks import EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT, LIPS_OUTER
from animato.geometry.pose import rotation_exp
from animato.media.image import load_picture
from animato.motion.aperture_profile import scale_apertures
from animato.motion.channel import ChannelValues
from animato.motion.motion_file import MotionClip, save_motion
from animato.motion.motion_frame import Factored, MotionFrame, Neutral, factor, neutral_of
from animato.settings.animate import AnimateSettings
from animato.tracking.face_finder import FaceFinder
from animato.types import Face, Frame

FPS = Fraction(25)
TARGET = Path(__file__).resolve().parents[1] / "animato" / "assets" / "motion"
GRID = "Movement recorded from the GRID audiovisual corpus (Cooke, Barker, Cunningham, Shao 2006), Zenodo 3625687"
LONDON = "Expression taken from the Face Research Lab London Set (DeBruine, Jones 2017)"
AUTHORED = "Authored for animato on the neutral measures of one face of the London Set (DeBruine, Jones 2017)"


def bump(t: np.ndarray, start: float, rise: float, hold: float, fall: float) -> np.ndarray:
    """Return a curve in [0, 1] that rises, holds and falls smoothly; times in seconds."""
    up = np.clip((t - start) / rise, 0, 1)
    down = np.clip((t - start - rise - hold) / fall, 0, 1)
    up, down = up * up * (3 - 2 * up), down * down * (3 - 2 * down)
    return up * (1 - down)


def portrait(path: Path, finder: FaceFinder) -> tuple[Frame, Face, Factored]:
    """Return a photo, its face, and the factored face."""
    picture = load_picture(path).image
    face = finder.refined(picture, finder.find(picture)[0])
    return picture, face, factor(face, 0.0)


def smile_light(neutral: tuple[Frame, Face, Factored], smiling: tuple[Frame, Face, Factored]) -> np.ndarray:
    """Return the expression light of a smile, 468 x 3 in [-1, 1].

    Zero on the lips, which are closed in the clip, and in the eyes, which blink.
    """
    shade = ExpressionLightReader(neutral[0], neutral[1]).read(smiling[0], smiling[1])
    shade[list(LIPS_OUTER)] = 0.0
    return shade


def closed_smile_width(neutral: Factored, smiling: Factored) -> float:
    """Return the widening of the mouth without its opening, as a closed smile suits every face."""
    return (mouth_width(smiling.local) - mouth_width(neutral.local)) - 0.5 * apertures(smiling.local)[2]


class Author:
    """Builds clips around one neutral face."""

    def __init__(self, base: Factored) -> None:
        self.base = base
        self.neutral: Neutral = neutral_of(base)
        self.shut = scale_apertures(base.local, (0.0, 0.0, 1.0)) - base.local

    def clip(self, name: str, seconds: float, attribution: str, **curves: np.ndarray) -> MotionClip:
        """Return a clip from curves over time: pitch, yaw, roll (degrees), blink (0..1), gaze_x, gaze_y (cm), and
        `face` (frames x 478 x 3, centimetres), `shade` (frames x 468 x 3)."""
        count = round(seconds * FPS)
        zero = np.zeros(count)
        frames = []
        for index in range(count):
            angle = [np.radians(curves.get(axis, zero)[index]) for axis in ("pitch", "yaw", "roll")]
            face = curves["face"][index] if "face" in curves else np.zeros((478, 3))
            face = face + self.shut * curves.get("blink", zero)[index]
            gaze = (curves.get("gaze_x", zero)[index], curves.get("gaze_y", zero)[index], 0.0)
            face[[*IRIS_LEFT, *IRIS_RIGHT]] += gaze
            # Eyelids follow vertical gaze by about half.
            face[[*EYE_LEFT[1:8], *EYE_RIGHT[1:8]], 1] += 0.5 * gaze[1]
            rotation = rotation_exp(np.array([angle[0], -angle[1], angle[2]]))
            shift = np.array([0.09 * curves.get("yaw", zero)[index], 0.07 * curves.get("pitch", zero)[index]])
            frames.append(
                MotionFrame(
                    time=float(index / FPS),
                    rotation=rotation,
                    translation=shift * 0.6,
                    scale=1.0,
                    expression=face.astype(np.float32),
                    apertures=np.maximum(apertures(self.base.local + face), 0.0),
                    blendshapes=np.zeros(52, np.float32),
                    channels=ChannelValues(
                        CHANNELS, {"expression_light": np.float32(curves["shade"][index])} if "shade" in curves else {}
                    ),
                )
            )
        return MotionClip(name, attribution, "CC BY 4.0", FPS, self.neutral, tuple(frames), seconds)


def main(data: Path) -> None:
    """Write all bundled motion files."""
    TARGET.mkdir(parents=True, exist_ok=True)
    record(
        data / "talking" / "g12_01.mp4",
        TARGET / "talk.motion",
        AnimateSettings(neutral=0.0),  # starts neutral
        name="Talk",
        attribution=GRID,
        licence="CC BY 4.0",
    )
    finder = FaceFinder()
    pairs = sorted(data.glob("portraits/*_neutral.jpg"))
    photo_pairs = [(path, path.with_name(path.name.replace("neutral", "smiling"))) for path in pairs]
    faces = [(portrait(a, finder), portrait(b, finder)) for a, b in photo_pairs[:24] if b.exists()]
    first, second = max(faces, key=lambda pair: closed_smile_width(pair[0][2], pair[1][2]))
    neutral, smiling = first[2], second[2]
    author = Author(neutral)
    t = np.arange(round(3.2 * FPS)) / float(FPS)
    blink = bump(t, 0.5, 0.1, 0.06, 0.16) + bump(t, 1.9, 0.1, 0.06, 0.16)
    save_motion(TARGET / "blink.motion", author.clip("Blink", 3.2, AUTHORED, blink=blink, pitch=1.2 * blink))
    nod = 9 * (
        bump(t, 0.3, 0.28, 0.0, 0.32) + 0.8 * bump(t, 1.0, 0.26, 0.0, 0.32) + 0.55 * bump(t, 1.65, 0.26, 0.0, 0.4)
    )
    save_motion(
        TARGET / "nod.motion", author.clip("Nod", 3.2, AUTHORED, pitch=nod, blink=bump(t, 1.05, 0.1, 0.05, 0.15))
    )
    t = np.arange(round(5.0 * FPS)) / float(FPS)
    smile = bump(t, 0.5, 0.7, 2.2, 0.9)
    face = smile[:, None, None] * (smiling.local - neutral.local)
    face[:, 468:] = 0.0
    # Lips stay closed, as the mouth interior is unknown for most faces.
    face = np.stack([scale_apertures(neutral.local + item, (1.0, 1.0, 0.0)) - neutral.local for item in face])
    save_motion(
        TARGET / "smile.motion",
        author.clip(
            "Smile", 5.0, LONDON, face=face, pitch=-2 * smile, roll=3 * smile, blink=bump(t, 2.4, 0.1, 0.05, 0.16),
            shade=smile[:, None, None] * smile_light(first, second),
        ),
    )  # fmt: skip
    eyes_first = bump(t, 0.4, 0.15, 1.0, 0.2) - bump(t, 2.4, 0.15, 1.1, 0.2)
    head_after = bump(t, 0.55, 0.45, 0.75, 0.5) - bump(t, 2.55, 0.45, 0.85, 0.5)
    up = bump(t, 2.5, 0.4, 0.8, 0.5)
    save_motion(
        TARGET / "look.motion",
        author.clip(
            "Look around", 5.0, AUTHORED, yaw=16 * head_after, pitch=-5 * up, gaze_x=0.32 * eyes_first,
            gaze_y=-0.08 * up, blink=bump(t, 0.38, 0.09, 0.04, 0.14) + bump(t, 2.36, 0.09, 0.04, 0.14),
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
