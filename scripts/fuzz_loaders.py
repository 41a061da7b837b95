"""Loaders of untrusted files for `scripts/fuzz.py`, and a valid seed for each, made anew and without personal data."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
from safetensors.numpy import save

from animato.appearance.channels import CHANNELS
from animato.data.check import check_folder
from animato.data.tar import END, add_member
from animato.errors import InputError
from animato.head.head_file import read_head_file
from animato.media.audio import SOUND_DEMUXERS, SoundReader, choose_sound
from animato.media.container import open_container
from animato.media.image import load_picture
from animato.media.reader import open_video
from animato.media.writer import open_writer
from animato.motion.expression_file import Expression, load_expression, save_expression
from animato.motion.keyframes import FORMAT as KEYFRAMES
from animato.motion.keyframes import load_keyframes
from animato.motion.motion_file import load_motion
from animato.settings.animate import AnimateSettings
from animato.settings.base import from_mapping
from animato.settings.media import WriterSettings
from animato.trust.claim import Claim
from animato.trust.credentials import sign_file
from animato.trust.metadata import SourceType
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.reading import read_credentials
from animato.trust.verify import verify_file
from animato.weights.io import write_arrays
from animato.weights.parts import read_parts
from animato.weights.person import read_person, read_person_record
from animato.weights.portrait import read_portrait

MOTION = Path(__file__).resolve().parents[1] / "animato" / "assets" / "motion" / "blink.motion"


def read_video(path: Path) -> None:
    """Decode the first frames of a video."""
    with open_video(path, max_side=64) as video:
        for number, _ in enumerate(video):
            if number == 10:
                break


def read_sound(path: Path) -> None:
    """Decode the first blocks of a file's sound."""
    with open_container(path, SOUND_DEMUXERS, InputError, "sound") as container:
        stream = choose_sound(container, path)
        if stream is not None:
            for number, _ in enumerate(SoundReader(container, stream, 0.0, 16_000, "mono").blocks()):
                if number == 20:
                    break


def read_settings(path: Path) -> None:
    """Build the settings of a rendering from JSON, as recipes do."""
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return
    if isinstance(values, dict):
        from_mapping(AnimateSettings, values)


def read_folder(path: Path) -> None:
    """Check a prepared folder with the mutated file in place of its own of that suffix."""
    folder = path.parent / "prepared"
    for name, target in (
        ("manifest", "manifest.json"),
        ("index", "shards/000000.json"),
        ("shard", "shards/000000.tar"),
    ):
        source = path if path.stem == name else seeds_of(path) / f"{name}{Path(target).suffix}"
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / target)
    if path.stem == "shard":  # else its hash would keep it from being read
        manifest = json.loads((folder / "manifest.json").read_bytes())
        data = path.read_bytes()
        manifest["shards"][0] |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    check_folder(folder)


def seeds_of(path: Path) -> Path:
    """Return the folder of the seeds for a mutated file."""
    return path.parent.parent / "seeds"


def read_sidecar(path: Path) -> None:
    """Read credentials beside a webm."""
    webm = path.with_suffix(".webm")
    if not webm.exists():
        shutil.copyfile(seeds_of(path) / "signed.webm", webm)
    read_credentials(webm, "video/webm")


LOADERS: dict[str, tuple[tuple[str, ...], tuple[Callable[[Path], Any], ...]]] = {
    "picture": (("a.jpg", "b.jpg", "a.png", "a.webp", "signed.png"), (load_picture,)),
    "video": (("a.mp4", "a.webm", "a.mov", "a.gif"), (read_video,)),
    "sound": (("a.wav", "a.flac", "a.mp3", "a.ogg"), (read_sound,)),
    "motion": (("blink.motion",), (lambda path: load_motion(path, CHANNELS),)),
    "expression": (("expression.json",), (load_expression,)),
    "keyframes": (("keyframes.json",), (load_keyframes,)),
    "head": (("head.animato",), (read_head_file,)),
    "person": (("person.animato",), (read_person, read_person_record)),
    "weights": (("parts.safetensors", "portrait.safetensors"), (read_parts, read_portrait)),
    "credentials": (("signed.png", "signed.mp4"), (lambda path: read_credentials(path, kind_of_suffix(path)),)),
    "sidecar": (("signed.c2pa",), (read_sidecar,)),
    "checker": (("signed.png", "b.jpg", "a.gif"), (verify_file,)),
    "settings": (("settings.json",), (read_settings,)),
    "prepared": (("manifest.json", "index.json", "shard.tar"), (read_folder,)),
}
"""Name to seeds and the functions that read their mutants; any `AnimatoError` is a proper refusal."""


def kind_of_suffix(path: Path) -> str:
    """Return the media type of a seed."""
    return {".png": "image/png", ".mp4": "video/mp4"}[path.suffix]


def make_seeds(folder: Path) -> None:
    """Write all seeds. The signing key is that of `ANIMATO_HOME`, which the caller sets to a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    ramp = np.add.outer(np.arange(48), np.arange(64))[..., None] * np.array([2, 1, 2])
    frame = np.asarray(ramp % 256, np.uint8)
    picture = Image.fromarray(frame)
    picture.save(folder / "a.jpg", quality=80)
    picture.save(folder / "b.jpg", progressive=True)
    picture.save(folder / "a.png")
    picture.save(folder / "a.webp")
    for name in ("a.mp4", "a.webm", "a.mov", "a.gif"):
        with open_writer(folder / name, width=64, height=48, fps=Fraction(25), settings=WriterSettings()) as writer:
            for shift in range(12):
                writer.write(np.roll(frame, shift, axis=1))
    _sounds(folder)
    _tensor_files(folder, frame)
    shutil.copyfile(MOTION, folder / MOTION.name)
    claim = Claim(SourceType.TRAINED, MarkPayload(1, MarkKind.TEST, 7))
    for suffix, kind in ((".png", "image/png"), (".mp4", "video/mp4"), (".webm", "video/webm")):
        sign_file(folder / f"a{suffix}", folder / f"signed{suffix}", kind, claim)
    settings = {"mouth": 0.7, "face": "largest", "start": 0.5, "audio": "a.wav", "crf": 18, "keep_credentials": True}
    (folder / "settings.json").write_text(json.dumps(settings))
    save_expression(folder / "expression.json", Expression("Seed", {"smile": 0.5, "yaw": -3.0}))
    rows = [{"time": 0}, {"time": 0.2, "controls": {"smile": 0.5}, "ease": "hold"}, {"time": 0.4}]
    keyframes = {"format": KEYFRAMES, "version": 1, "name": "Seed", "fps": 25, "keyframes": rows}
    (folder / "keyframes.json").write_text(json.dumps(keyframes))
    _prepared(folder, picture)


def _sounds(folder: Path) -> None:
    tone = (np.sin(np.arange(8000) / 5) * 9000).astype(np.int16)[None]
    for name, codec in (("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.ogg", "libopus")):
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream(codec, rate=48_000)
            stream.layout = "mono"
            sound = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
            sound.sample_rate, sound.pts = 48_000, 0
            for part in (sound, None):
                container.mux(stream.encode(part))


def _tensor_files(folder: Path, frame: np.ndarray[Any, Any]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "PNG")
    arrays = {
        "0.image": np.frombuffer(buffer.getvalue(), np.uint8),
        "0.points": np.zeros((478, 3), np.float32),
        "0.blendshapes": np.zeros(52, np.float32),
    }
    photo = {"name": "a", "media_type": "image/png", "sha256": "0" * 64, "bytes": 9, "warnings": [], "score": 0.9}
    consent = {"basis": "not-a-person"}
    header = {"kind": "head", "schema": 1, "photos": [photo], "consent": consent}
    write_arrays(folder / "head.animato", arrays, header)
    record: dict[str, Any] = {"config": {}, "model": "0" * 64, "photos": [], "consent": consent, "adaptation": {}}
    small = {"mouth.a": np.ones((3, 4), np.float16), "mouth.b": np.zeros(2, np.float32)}
    person = {"kind": "paper-person", "schema": 1, **record, "made": "", "version": ""}
    write_arrays(folder / "person.animato", small, person)
    write_arrays(folder / "parts.safetensors", small, {"kind": "parts-model", "schema": 1, "config": {"side": 32}})
    network = {"config": {"side": 32, "widths": [4, 4]}, "recipe": {}, "ranges": {"a": [0.0, 1.0]}}
    networks = {"kind": "portrait-model", "schema": 1, "networks": {"mouth": network}}
    write_arrays(folder / "portrait.safetensors", small, networks)


def _prepared(folder: Path, picture: Image.Image) -> None:
    """Write manifest, index and shard of a folder with one clip of two frames."""
    buffer, shard = io.BytesIO(), io.BytesIO()
    picture.resize((64, 64)).save(buffer, "JPEG")
    data = save({"points": np.zeros((478, 3), np.float32), "blendshapes": np.zeros(52, np.float32)})
    cut: dict[str, Any] = {"clip": "a", "frames": 2, "facts": {}}
    for suffix, prefix, content in (("jpg", "picture", buffer.getvalue()), ("safetensors", "data", data)):
        cut[f"{prefix}_at"] = [add_member(shard, f"a__{number:06d}.{suffix}", content) for number in range(2)]
        cut[f"{prefix}_size"] = [len(content)] * 2
    shard.write(END)
    clip = {"clip": "a", "person": "a", "group": "a", "sha256": "0", "file": "a.mp4", "frames": 2, "split": "train"}
    manifest = {
        "schema": 1,
        "size": 64,
        "settings": {"margin": 0.5},
        "clips": [{**clip, "kind": "video", "shard": "000000"}],
        "shards": [{"name": "000000", "bytes": len(shard.getvalue()), "sha256": "0", "frames": 2}],
        "summary": {"shards": 1, "shards_planned": 1},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "index.json").write_text(json.dumps({"shard": "000000", "sources": [{"clip": "a", "clips": [cut]}]}))
    (folder / "shard.tar").write_bytes(shard.getvalue())
