"""Cases of drawn people, and the smallest networks that take the renderer's patches: for the tests of its training."""

from __future__ import annotations

import numpy as np
from drawn_people import person_frames

from animato.data.clips import ClipEntry, ClipFrames, MemoryClips
from animato.models.portrait.config import PatchConfig
from animato.settings.portrait import SampleSettings

CROP = 128
CASES = SampleSettings(crop=CROP, photos=3, frames=4, inverse=1)
TINY = {
    name: PatchConfig(side=side, widths=(6, 8, 10), features=4, encoder=4, embed=8, blocks=1, hidden_only=hidden)
    for name, side, hidden in (("mouth", 96, False), ("eye", 64, False), ("head", 128, True))
}

PEOPLE = (
    # person, split, kind, frames of each clip
    (0, "train", "video", (5,)),
    (1, "train", "rendered video", (4,)),
    (2, "train", "photo", (1, 1)),
    (3, "val", "video", (4,)),
    (4, "test", "video", (4,)),
    (5, "test", "photo", (1, 1)),
)


def drawn_clips() -> MemoryClips:
    """Return videos and stills of six drawn people in all three splits, 128 px."""
    entries, held = [], {}
    for person, split, kind, lengths in PEOPLE:
        frames = person_frames(person, sum(lengths), CROP)
        for number, first in enumerate(np.cumsum((0, *lengths[:-1])).tolist()):
            part = slice(first, first + lengths[number])
            name = f"clip-{person}-{number}"
            entries.append(ClipEntry(name, f"person-{person}", lengths[number], split, kind))
            held[name] = ClipFrames(frames.images[part], frames.points[part], frames.blendshapes[part])
    return MemoryClips(entries, held)
