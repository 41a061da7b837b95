"""Compare the face in a consent clip with the photos of a head.

The person says a phrase in front of a camera. What is said is not checked, and a recording of someone else's screen is
not detected; a clip with animato's own watermark is refused. Only the similarity is kept, not the embeddings.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from animato.errors import FaceError, RefusedError
from animato.evaluation.metrics.identity import NET, embedding, mean_embedding
from animato.head.head import Head
from animato.media.hash import sha256_file
from animato.media.reader import open_video
from animato.settings.consent import MORE, today
from animato.tracking.face_finder import FaceFinder
from animato.trust.verify import verify_file

MATCH, NO_MATCH = 0.95, 0.91
"""Cosines from which, and below which, two pictures show the same person, and do not.

Of 212 frontal portraits (docs/evaluation.md) 95 % of the pairs of one person are above 0.981 and 95 % of the pairs of
different people below 0.896, so fewer than 5 % of either kind get the wrong verdict. Not measured on clips.
"""

STEP = 0.5
MAX_SECONDS = 15.0
MIN_FACES = 3
WORDS = [
    "amber",
    "apple",
    "autumn",
    "basket",
    "bridge",
    "candle",
    "cherry",
    "copper",
    "cotton",
    "dolphin",
    "eagle",
    "feather",
    "forest",
    "garden",
    "guitar",
    "harbour",
    "hazel",
    "island",
    "ivory",
    "jacket",
    "kitchen",
    "ladder",
    "lemon",
    "marble",
    "meadow",
    "mirror",
    "needle",
    "ocean",
    "orange",
    "paper",
    "pepper",
    "piano",
    "pillow",
    "planet",
    "pocket",
    "purple",
    "rabbit",
    "river",
    "saddle",
    "silver",
    "summer",
    "sunday",
    "table",
    "thunder",
    "tiger",
    "timber",
    "tulip",
    "velvet",
    "violet",
    "walnut",
    "window",
    "winter",
    "yellow",
    "zebra",
]


def phrase() -> str:
    """Return a random sentence for a consent clip."""
    return "I agree to be animated: " + ", ".join(secrets.choice(WORDS) for _ in range(4)) + "."


def check_clip(clip: Path, head: Head, finder: FaceFinder) -> dict[str, Any]:
    """Compare the face in a clip with the photos of a head.

    Args:
        clip: a video of one person.
        head: whose photos are compared.
        finder: detector and landmarker.

    Returns:
        verdict ("match" or "unsure"), cosine, frames, network, date and SHA-256 of the clip, for `Consent.clip`.

    Raises:
        MissingPartError: the identity network or torch is not installed.
        RefusedError: another person, or a clip that was made with animato.
        VideoError, FaceError: the clip cannot be read, or shows a face in too few frames.
    """
    reference = mean_embedding(tuple(photo.image for photo in head.photos), tuple(photo.face for photo in head.photos))
    mark = verify_file(clip).mark
    if mark is not None and mark.present:
        raise RefusedError(
            f"{clip.name} was made with animato, so it proves no consent", hint="film the person", more=MORE
        )
    cosines: list[float] = []
    due = 0.0
    with open_video(clip) as video:
        for frame in video:
            if frame.time > MAX_SECONDS:
                break
            if frame.time < due:
                continue
            due = frame.time + STEP
            faces = finder.find(frame.image)
            if len(faces) == 1:
                cosines.append(float(embedding(frame.image, faces[0]) @ reference))
    if len(cosines) < MIN_FACES:
        raise FaceError(
            f"{clip.name} shows one face in too few frames to compare it",
            where=f"{len(cosines)} of at least {MIN_FACES}, two a second are read",
            hint="a clip of 4 to 8 seconds of one person who looks at the camera",
        )
    cosine = sorted(cosines)[len(cosines) // 2]
    if cosine < NO_MATCH:
        raise RefusedError(
            f"the person in {clip.name} does not look like the person in the photos",
            where=f"cosine {cosine:.3f}; below {NO_MATCH} is no match",
            hint="a clip of the person in the photos, or leave out `consent_clip`",
            more=MORE,
        )
    return {
        "verdict": "match" if cosine >= MATCH else "unsure",
        "cosine": round(cosine, 4),
        "frames": len(cosines),
        "network": NET,
        "date": today(),
        "sha256": sha256_file(clip),
    }
