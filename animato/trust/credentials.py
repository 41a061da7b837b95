"""Sign an output: add plain metadata and content credentials (C2PA), then validate the result.

A file that cannot be signed is not written. Credentials are embedded in mp4, mov, gif, PNG and JPEG; for webm they
are written to a .c2pa sidecar file.
"""

from __future__ import annotations

import contextlib
import errno
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from animato.errors import AnimatoError, RefusedError
from animato.media.disk import output_error, whole_file
from animato.settings.provenance import SigningSettings
from animato.trust.claim import Claim, Ingredient, manifest_definition
from animato.trust.keys import SigningKey, local_authority, signing_key
from animato.trust.metadata import comment_text, jpeg_with_xmp, png_with_xmp
from animato.trust.sdk import c2pa, offline_context
from animato.trust.store import remember

__all__ = ["comment_text", "media_type_of", "sidecar_of", "sign_file", "sign_folder", "sign_output"]

EMBEDDED = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
BESIDE = {".webm": "video/webm"}
_MANIFEST = 65_536
"""Upper bound of the size of a manifest, bytes."""

GOOD_STATES = ("Valid", "Trusted")


def media_type_of(path: Path) -> str:
    """Return the media type of an output by its suffix.

    Raises:
        RefusedError: a suffix that cannot be signed.
    """
    media_type = {**EMBEDDED, **BESIDE}.get(path.suffix.lower())
    if media_type is None:
        raise RefusedError(
            f"files ending in {path.suffix or 'nothing'!r} cannot be signed", hint=".mp4, .webm, .mov, .gif"
        )
    return media_type


def sidecar_of(path: Path) -> Path:
    """Return the path of the sidecar for formats without embedded credentials: the same name ending in .c2pa."""
    return path.with_suffix(".c2pa")


def sign_output(unsigned: Path, signed: Path, claim: Claim, settings: SigningSettings | None = None) -> None:
    """Sign a finished output: a file, or a folder of PNG frames.

    Raises:
        RefusedError: it cannot be signed; nothing is written.
        OutputError: the signed copy cannot be written.
    """
    if unsigned.is_dir():
        sign_folder(unsigned, signed, claim, settings)
    else:
        sign_file(unsigned, signed, media_type_of(unsigned), claim, settings)


def sign_file(
    unsigned: Path, signed: Path, media_type: str, claim: Claim, settings: SigningSettings | None = None
) -> None:
    """Write a signed copy of a file atomically.

    Args:
        unsigned: the finished file; not modified.
        signed: path of the signed copy. A sidecar, where needed, is written first.
        media_type: such as "video/mp4".
        claim: content of the manifest.
        settings: signing key and time-stamp authority.

    Raises:
        RefusedError: it cannot be signed; nothing is written.
        OutputError: the copy cannot be written: no permission, or the disk is full.
    """
    key = signing_key(settings)
    with _signing(unsigned), unsigned.open("rb") as file:
        source = _with_metadata(file, media_type, claim)
        builder = _builder(claim, media_type, key, settings)
        manifest = _sign_stream(builder, key, source, signed, media_type)
    remember(claim, media_type, signed, manifest)


def sign_folder(unsigned: Path, signed: Path, claim: Claim, settings: SigningSettings | None = None) -> None:
    """Write signed copies of all PNG files of a folder into another folder, creating it if needed.

    The ingredients are read once; every frame is signed separately.

    Raises:
        RefusedError: a frame cannot be signed, or there is none; the new folder is removed.
        OutputError: a copy cannot be written.
    """
    pictures = sorted(unsigned.glob("*.png"))
    if not pictures:
        raise RefusedError(f"there is no PNG file to sign in {unsigned}")
    key, created = signing_key(settings), not signed.exists()
    manifest = b""
    try:
        with _signing(unsigned):
            signed.mkdir(exist_ok=True)
            archive = io.BytesIO()
            builder, context = _builder(claim, "image/png", key, settings)
            builder.to_archive(archive)
            for picture in pictures:
                archive.seek(0)
                builder = c2pa().Builder(manifest_definition(claim, "image/png", []), context).with_archive(archive)
                with picture.open("rb") as file:
                    source = _with_metadata(file, "image/png", claim)
                    manifest = _sign_stream((builder, context), key, source, signed / picture.name, "image/png")
    except BaseException:
        if created:
            shutil.rmtree(signed, ignore_errors=True)
        raise
    copies = [signed / picture.name for picture in pictures]
    remember(claim, "image/png", copies[0], manifest, copies)


@contextlib.contextmanager
def _signing(path: Path) -> Iterator[None]:
    """Convert exceptions raised while signing to an `AnimatoError`, so an unsigned file is never published."""
    try:
        yield
    except AnimatoError:
        raise
    except OSError as problem:
        raise output_error(Path(problem.filename) if problem.filename else path, problem) from problem
    except Exception as problem:  # the library raises its own tree, and ctypes errors
        if shutil.disk_usage(path.parent).free < _size(path) + _MANIFEST:  # the library does not report a full disk
            raise output_error(path, OSError(errno.ENOSPC, "")) from problem
        raise RefusedError(
            "the output could not be signed, so it was not written",
            where=f"{type(problem).__name__.lstrip('_')}: {problem}",
            hint="animato doctor shows whether the key and the C2PA library can be used",
            more="docs/provenance.md",
        ) from problem


def _size(path: Path) -> int:
    """Return the total size of a file or of the files of a folder in bytes; 0 if missing."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.exists())


def _builder(claim: Claim, media_type: str, key: SigningKey, settings: SigningSettings | None) -> tuple[Any, Any]:
    """Return a builder with the manifest and the ingredients the library can read, and its context.

    By default an ingredient is a role and a type. Reading its file would copy its credentials (names, places,
    thumbnails) and the instance id of its XMP.
    """
    context = offline_context(tsa=key.tsa)
    readable = set(c2pa().Builder.get_supported_mime_types())
    known = [item for item in claim.ingredients if item.media_type in readable]
    if settings is None or not settings.keep_credentials:
        labels = [f"{item.role}-{number}" for number, item in enumerate(known, 1)]
        plain = [
            {"title": item.role, "format": item.media_type, "relationship": "inputTo", "label": label}
            for label, item in zip(labels, known, strict=True)
        ]
        definition = {**manifest_definition(claim, media_type, labels), "ingredients": plain}
        return c2pa().Builder(definition, context), context
    usable = [item for item in known if item.path is not None]
    while True:
        labels = [f"{item.role}-{number}" for number, item in enumerate(usable, 1)]
        builder = c2pa().Builder(manifest_definition(claim, media_type, labels), context)
        damaged = next(
            (item for label, item in zip(labels, usable, strict=True) if not _add(builder, label, item)), None
        )
        if damaged is None:
            return builder, context
        usable.remove(damaged)  # still recorded by its hash
        builder.close()


def _add(builder: Any, label: str, item: Ingredient) -> bool:
    """Add an ingredient with its own credentials, if any; return whether the library could read it."""
    assert item.path is not None
    try:
        with item.path.open("rb") as file:
            builder.add_ingredient(
                {"title": item.role, "relationship": "inputTo", "label": label}, item.media_type, file
            )
    except c2pa().C2paError:
        return False
    return True


def _with_metadata(file: BinaryIO, media_type: str, claim: Claim) -> BinaryIO:
    """Return the file's content with plain metadata added; videos already have a comment from the encoder."""
    if media_type == "image/png":
        return io.BytesIO(png_with_xmp(file.read(), claim.source_type))
    if media_type == "image/jpeg":
        return io.BytesIO(jpeg_with_xmp(file.read(), claim.source_type))
    return file


def _sign_stream(build: tuple[Any, Any], key: SigningKey, source: BinaryIO, target: Path, media_type: str) -> bytes:
    """Sign a stream into a file atomically, validate it and return the manifest bytes."""
    library, (builder, _) = c2pa(), build
    beside = media_type not in EMBEDDED.values()
    if beside:
        builder.set_no_embed()
    info = library.C2paSignerInfo(b"es256", key.chain, key.key, key.tsa)
    with library.Signer.from_info(info) as signer, whole_file(target) as temporary:
        with temporary.open("w+b") as sink:
            manifest: bytes = builder.sign(signer, media_type, source, sink)
        if not manifest:
            raise RefusedError("the C2PA library returned no manifest")
        _check(temporary, media_type, manifest if beside else None, key)
        if beside:
            with whole_file(sidecar_of(target)) as partial:
                partial.write_bytes(manifest)
    return manifest


def _check(path: Path, media_type: str, manifest: bytes | None, key: SigningKey) -> None:
    """Read a signed file back and check that its signature validates."""
    context = offline_context(local_authority() if key.own else None)
    with path.open("rb") as file, c2pa().Reader(media_type, file, manifest, context) as reader:
        state = reader.get_validation_state()
        if state not in GOOD_STATES:
            codes = [item.get("code") for item in json_failures(reader.get_validation_results())]
            raise RefusedError(
                "the signed file cannot be validated, so it was not kept", where=", ".join(map(str, codes))
            )


def json_failures(results: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the failures of a validation result."""
    active = (results or {}).get("activeManifest") or {}
    return list(active.get("failure") or [])
