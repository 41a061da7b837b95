"""Trains the smallest networks on drawn people in a process of its own: FOLDER [EPISODES]. Prints at every log line."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from drawn_people import drawn_store
from smallest_recipe import SMALLEST

from animato.settings.training import recipe_settings
from animato.training.meta import train

if __name__ == "__main__":
    episodes = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    changes = {**SMALLEST, "episodes": episodes, "log_episodes": 4, "save_episodes": 4, "cooldown": 0.0}
    settings = recipe_settings("tiny", changes)
    result = train(settings, drawn_store(size=32), Path(sys.argv[1]), lambda p: print(p.done, flush=True))
    print("finished", result.episodes)
