"""Write the time of each clip's neutral frame, with the package that this process imports; used by ablate_rules.py."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from animato.drivers.shot import most_neutral
from animato.evaluation.footage import find_footage
from animato.runtime.engine import Engine
from animato.tracking.face_finder import FaceFinder
from animato.tracking.tracker import Tracker


def main() -> None:
    """Search and write one JSON file: clip name to seconds, or null for a clip without a face."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file")
    parser.add_argument("--subset", default="talking")
    args = parser.parse_args()
    finder = FaceFinder(Engine(1))
    times = {}
    for clip in find_footage(args.data, args.subset):
        with clip.open(max_side=640) as video:
            candidate, _ = most_neutral(video, Tracker(finder=finder).track)
        times[clip.name] = None if candidate is None else candidate.frame.time
    temporary = args.output.with_suffix(".tmp")
    temporary.write_text(json.dumps(times), encoding="utf-8")
    temporary.replace(args.output)


if __name__ == "__main__":
    main()
