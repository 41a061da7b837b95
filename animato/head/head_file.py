"""Head files (.animato, kind "head"): the photos of a head with their landmarks, and the consent record.

A safetensors file (`weights.io`). For photo N: `N.image` (the photo as a PNG file, lossless, its bytes as uint8),
`N.points` (478 x 3 float32), `N.blendshapes` (52 float32) and, where known, `N.parts` (8 x S x S uint8), `N.depth`
(S x S float16) and `N.parts_from_photo` (2 x 3; see `head.parts`). The header holds `photos` (a list of name, media
type, SHA-256 and size of the original file, score of the face, warnings), `consent`, `report` (see `head.report`; not
in older files), `made` and `version`. Reading executes no code.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from animato.errors import FileFormatError, UsageError
from animato.geometry.landmarks import BLENDSHAPES, POINTS
from animato.head.parts import HeadParts
from animato.head.report import HeadReport
from animato.media.untrusted import parsing
from animato.models.parts.config import PARTS
from animato.runtime.parser import Parser, Result
from animato.types import Face, Frame
from animato.version import __version__
from animato.weights.io import read_arrays, write_arrays

KIND = "head"
SCHEMA = 1
SUFFIX = ".animato"
PHOTO_FIELDS = ("image", "face", "name", "media_type", "sha256", "bytes", "warnings", "parts")
"""Saved fields of a photo; its path is not saved."""

MAX_PIXELS = 200_000_000
_MAX_BYTES = 2_000_000_000
"""Size of all pictures and arrays of a head, at most: 32 photos of 20 megapixels."""

_IMAGE = ".image"
_TEXTS = ("name", "media_type", "sha256")


def write_head_file(
    path: Path,
    photos: Sequence[Mapping[str, Any]],
    consent: Mapping[str, Any],
    report: HeadReport,
    *,
    overwrite: bool,
) -> None:
    """Write a head file atomically.

    Args:
        path: ends in .animato.
        photos: each with `PHOTO_FIELDS`.
        consent: the consent record, as of `ConsentRecord.to_json`.
        report: report card of the head.
        overwrite: whether an existing file may be replaced.

    Raises:
        UsageError: another suffix, or the file exists.
        OutputError: the file cannot be written.
    """
    if path.suffix.lower() != SUFFIX:
        raise UsageError(f"head files end in {SUFFIX}, not {path.suffix or 'without a suffix'!r}", where=str(path))
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists already", hint="`overwrite`, or another name")
    arrays: dict[str, NDArray[Any]] = {}
    described = []
    for number, photo in enumerate(photos):
        face: Face = photo["face"]
        arrays[f"{number}.image"] = _png(photo["image"])
        arrays[f"{number}.points"] = face.points.astype(np.float32)
        arrays[f"{number}.blendshapes"] = face.blendshapes.astype(np.float32)
        parts: HeadParts | None = photo["parts"]
        if parts is not None:
            arrays[f"{number}.parts"], arrays[f"{number}.depth"] = parts.probabilities, parts.depth
            arrays[f"{number}.parts_from_photo"] = parts.parts_from_photo.astype(np.float64)
        described.append(
            {
                **{name: photo[name] for name in (*_TEXTS, "bytes")},
                "warnings": list(photo["warnings"]),
                "score": float(face.score),
            }
        )
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    header = {"kind": KIND, "schema": SCHEMA, "photos": described, "consent": dict(consent), "made": made}
    write_arrays(path, arrays, {**header, "report": report.to_header(), "version": __version__})


def read_head_file(path: Path, parser: Parser | None = None) -> tuple[list[dict[str, Any]], Any, HeadReport | None]:
    """Read a head file: the fields of each photo, the consent record, and the report card if it has one.

    The consent record is returned as stored and not checked (`trust.consent_record`).

    Args:
        path: of the file.
        parser: parses it in a sealed process; None to parse it in this process.

    Raises:
        InputError: the file does not exist, or the process that parses it was ended by a limit.
        FileFormatError: the file is damaged, of another kind, or of another version.
    """
    task = {"path": os.fspath(path)}
    values, arrays = (
        parse_head_task(task) if parser is None else parser.parse(parse_head_task, path.name, task, _MAX_BYTES)
    )
    with parsing(path.name, "is not a head file, or it is damaged"):
        return _checked(path, values["header"], arrays)


def parse_head_task(values: dict[str, Any]) -> Result:
    """Task: parse the container and the pictures; what they say is checked by `read_head_file`."""
    path = Path(values["path"])
    with parsing(path.name, "is not a head file, or it is damaged"):
        file = read_arrays(path, KIND, SCHEMA)
        arrays = dict(file.arrays)
        for name in [name for name in arrays if name.endswith(_IMAGE)]:
            try:
                arrays[name] = _pixels(arrays[name])
            except (ValueError, OSError, Image.DecompressionBombError) as problem:
                number = name.removesuffix(_IMAGE)
                shown = int(number) + 1 if number.isdecimal() else "?"
                raise FileFormatError(f"photo {shown} of {path.name} is damaged") from problem
        return {"header": file.header}, arrays


def _checked(
    path: Path, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> tuple[list[dict[str, Any]], Any, HeadReport | None]:
    described, consent = header.get("photos"), header.get("consent")
    if not isinstance(described, list) or not described:
        raise FileFormatError(f"the header of {path.name} lacks its photos")
    photos = [_photo(path, number, entry, arrays) for number, entry in enumerate(described)]
    if "report" not in header:
        return photos, consent, None
    try:
        return photos, consent, HeadReport.from_header(header["report"])
    except (KeyError, TypeError, ValueError) as problem:
        raise FileFormatError(f"the report card in {path.name} is damaged") from problem


def _photo(path: Path, number: int, entry: Any, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    damaged = FileFormatError(f"photo {number + 1} of {path.name} is damaged")
    try:
        points, scores = arrays[f"{number}.points"], arrays[f"{number}.blendshapes"]
        image = arrays[f"{number}{_IMAGE}"]
        texts = {name: entry[name] for name in _TEXTS}
        size, warnings, score = int(entry["bytes"]), tuple(entry["warnings"]), float(entry["score"])
    except (KeyError, TypeError, ValueError) as problem:
        raise damaged from problem
    valid = points.shape == (POINTS, 3) and scores.shape == (len(BLENDSHAPES),)
    valid = valid and points.dtype == scores.dtype == np.float32 and bool(np.isfinite(points).all())
    valid = valid and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size > 0
    if not valid or not all(isinstance(text, str) for text in (*texts.values(), *warnings)):
        raise damaged
    face = Face(points, scores, score)
    found = {"image": image, "face": face, "bytes": size, "path": None, "warnings": warnings}
    return {**texts, **found, "parts": _parts(number, arrays, damaged)}


def _parts(number: int, arrays: Mapping[str, NDArray[Any]], damaged: FileFormatError) -> HeadParts | None:
    """Return the parts of a photo; None in a file written before they were known."""
    if f"{number}.parts" not in arrays:
        return None
    try:
        probabilities, depth, placed = (arrays[f"{number}.{name}"] for name in ("parts", "depth", "parts_from_photo"))
    except KeyError as problem:
        raise damaged from problem
    proper = probabilities.dtype == np.uint8 and probabilities.shape[:1] == (len(PARTS),) and probabilities.ndim == 3
    proper = proper and depth.shape == probabilities.shape[1:] and depth.dtype == np.float16 and placed.shape == (2, 3)
    if not proper or not np.isfinite(placed).all() or not abs(np.linalg.det(placed[:, :2])) > 0:
        raise damaged
    return HeadParts(probabilities, depth, placed)


def _png(image: Frame) -> NDArray[np.uint8]:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", compress_level=3)
    return np.frombuffer(stream.getvalue(), np.uint8)


def _pixels(data: NDArray[Any]) -> Frame:
    with Image.open(io.BytesIO(data.astype(np.uint8).tobytes()), formats=["PNG"]) as picture:
        if picture.mode != "RGB" or picture.width * picture.height > MAX_PIXELS:
            raise ValueError(picture.mode)
        return np.array(picture, np.uint8)
