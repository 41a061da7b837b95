"""A prepared folder with the drawn people of `drawn_cases` in tar shards, two clips each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
from drawn_cases import CROP, drawn_clips
from safetensors.numpy import save

from animato.data.folder import Folder
from animato.data.manifest import SCHEMA
from animato.data.tar import END, add_member


def write_drawn_shards(path: Path) -> Path:
    folder, store = Folder(path), drawn_clips()
    folder.make()
    records = []
    for number in range(0, len(store.clips), 2):
        shard, cuts = f"{number // 2:06d}", []
        with folder.shard(shard).open("wb") as tar:
            for entry in store.clips[number : number + 2]:
                frames = store.load(entry.clip, range(entry.frames))
                cut: dict[str, Any] = {"clip": entry.clip}
                for name in ("picture_at", "picture_size", "data_at", "data_size"):
                    cut[name] = []
                for index in range(entry.frames):
                    picture = cv2.imencode(".png", frames.images[index][:, :, ::-1])[1].tobytes()
                    data = save({"points": frames.points[index], "blendshapes": frames.blendshapes[index]})
                    for name, content in (("picture", picture), ("data", data)):
                        cut[f"{name}_at"].append(add_member(tar, f"{entry.clip}__{index:06d}.{name}", content))
                        cut[f"{name}_size"].append(len(content))
                cuts.append(cut)
                records.append({**asdict(entry), "shard": shard, "sha256": "0"})
            tar.write(END)
        folder.index(shard).write_text(json.dumps({"sources": [{"clips": cuts}]}))
    manifest = {"schema": SCHEMA, "size": CROP, "clips": records, "settings": {"margin": 1.5}}
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path
