"""Training samples on disk: for each region, true patches, geometry composites, and photos with sampling grids.

CASES/cases.json             counts, settings, people; written last, so it marks a complete folder
CASES/mouth/photos.npy       P x side x side x 6 uint8: RGB and drawing of each photo's patch
CASES/mouth/pictures.npy     N x side x side x 10 uint8: truth RGB, composite RGB, drawing, validity
CASES/mouth/grids.npy        N x K x grid x grid x 2 float16: positions in [-1, 1], see `patch_sampling.sampling_grid`
CASES/mouth/seen.npy         N x K x grid x grid uint8: validity of the grids
CASES/mouth/index.npz        photo N x K int32 (-1: none), person N int32, split N int8, kind N int8
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from animato.data.clips import SPLITS, ClipStore
from animato.errors import InputError, OutputError
from animato.geometry.patch import FACE_PATCHES, FacePatch, cut_patch, cut_validity
from animato.geometry.pose import fit_pose
from animato.renderers.portrait.patch_sampling import PhotoPatch, photo_patch, sampling_grid, target_patch
from animato.renderers.warp.warper import Warped, Warper
from animato.settings.base import as_json
from animato.settings.portrait import MAX_PHOTOS, NETWORKS, SampleSettings
from animato.training.portrait.pairs import Group, Pair, groups
from animato.types import Plane
from animato.weights.io import write_whole

SCHEMA = 1
KINDS = ("video", "photo", "rendered video")


@dataclass(frozen=True)
class SampleSet:
    """The samples of one network.

    Attributes:
        photos, pictures, grids, validity (`seen.npy`): as in the module docstring; memory-mapped.
        photo: N x K int32, indices of the photos.
        person: N int32.
        split: N int8, index into `SPLITS`.
        kind: N int8, index into `KINDS`.
    """

    photos: NDArray[np.uint8]
    pictures: NDArray[np.uint8]
    grids: NDArray[np.float16]
    validity: NDArray[np.uint8]
    photo: NDArray[np.int32]
    person: NDArray[np.int32]
    split: NDArray[np.int8]
    kind: NDArray[np.int8]

    def of(self, split: str) -> NDArray[np.int64]:
        """Return the indices of the samples of one split."""
        return np.flatnonzero(self.split == SPLITS.index(split))


def read_samples(folder: Path, network: str) -> SampleSet:
    """Open the samples of one network.

    Raises:
        InputError: the folder holds no complete samples.
    """
    read_summary(folder)
    part = folder / network
    files = {"photos": "photos", "pictures": "pictures", "grids": "grids", "validity": "seen"}
    arrays = {name: np.load(part / f"{file}.npy", mmap_mode="r", allow_pickle=False) for name, file in files.items()}
    with np.load(part / "index.npz", allow_pickle=False) as index:
        return SampleSet(**arrays, **{name: index[name] for name in ("photo", "person", "split", "kind")})


def read_summary(folder: Path) -> dict[str, Any]:
    """Read `cases.json`.

    Raises:
        InputError: the folder holds no complete samples.
    """
    try:
        summary: dict[str, Any] = json.loads((folder / "cases.json").read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} holds no complete samples", where=str(error)) from error
    if summary.get("schema") != SCHEMA:
        raise InputError(
            f"{folder} holds samples of another version", hint="remove the folder; it will be created again"
        )
    return summary


def make_samples(
    store: ClipStore, folder: Path, settings: SampleSettings, report: Callable[[int], None] | None = None
) -> None:
    """Create the samples of all networks from the train and val splits, unless they exist.

    Args:
        store: crops of `settings.crop` px.
        folder: output folder; created when missing.
        settings: number of samples of each kind.
        report: called with the number of samples so far.

    Raises:
        OutputError: the folder cannot be written.
    """
    if (folder / "cases.json").is_file():
        read_summary(folder)
        return
    try:
        writers = {network: _SampleWriter(folder / network, network) for network in NETWORKS}
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}", where=str(error.strerror)) from error
    people: dict[str, int] = {}
    done = 0
    for group in groups(store, settings):
        if not group.pairs:
            continue
        person = people.setdefault(group.person, len(people))
        _write_group(writers, group, person)
        done += len(group.pairs)
        if report is not None:
            report(done)
    for writer in writers.values():
        writer.close()
    summary = {"schema": SCHEMA, "cases": done, "people": list(people), "settings": as_json(settings)}
    write_whole(folder / "cases.json", (json.dumps(summary, indent=1) + "\n").encode())


def _write_group(writers: dict[str, _SampleWriter], group: Group, person: int) -> None:
    patches = {region.name: [photo_patch(region, warper) for warper in group.photos] for region in FACE_PATCHES}
    first = {
        region.name: [writers[region.network].add_photo(patch) for patch in patches[region.name]]
        for region in FACE_PATCHES
    }
    tags = (person, SPLITS.index(group.split), KINDS.index(group.kind) if group.kind in KINDS else 0)
    for pair in group.pairs:
        warped, vertices = warp_pair(group, pair)
        for region in FACE_PATCHES:
            sample = make_sample(region, pair, warped, vertices, group.photos, patches[region.name])
            numbers = [first[region.name][index] for index in pair.photos]
            writers[region.network].add(sample, numbers, tags)


def warp_pair(group: Group, pair: Pair) -> tuple[Warped, NDArray[np.float64]]:
    """Warp the animated photo of a sample to the landmarks of the truth; return it and the mesh, V x 3, pixels."""
    warper = group.photos[pair.photos[0]]
    pose = fit_pose(pair.truth.points)
    vertices = warper.target_vertices(pair.truth.points, pose)
    return warper.render(pair.truth.points, pose, vertices), vertices


@dataclass(frozen=True)
class PatchSample:
    """One sample of one region.

    Attributes:
        pictures: side x side x 10 uint8: truth, composite, drawing, validity.
        grids: K x grid x grid x 2 float32.
        validity: K x grid x grid float32.
    """

    pictures: NDArray[np.uint8]
    grids: NDArray[np.float32]
    validity: Plane


def make_sample(
    region: FacePatch,
    pair: Pair,
    warped: Warped,
    vertices: NDArray[np.float64],
    warpers: list[Warper],
    patches: list[PhotoPatch],
) -> PatchSample:
    """Create one sample of one region.

    Args:
        region: the patch.
        pair: the truth and its source photos.
        warped: the animated photo, warped to the landmarks of the truth.
        vertices: V x 3, the extended mesh of the truth, pixels of the crop.
        warpers, patches: of all photos of the group.
    """
    size = pair.truth.image.shape[0]
    pose = fit_pose(pair.truth.points)
    target = target_patch(region, pair.truth.points, pose, warped.triangle_map, size)
    truth = cut_patch(pair.truth.image, target.crop_from_patch, region.side)
    composite = cut_patch(warped.image, target.crop_from_patch, region.side)
    validity = cut_validity(warped.validity, target.crop_from_patch, region.side, size)
    pictures = np.concatenate([truth, composite, target.drawing, np.rint(validity * 255)[..., None]], axis=2)
    meshes = [warped.mesh, *(warpers[index].map_mesh(vertices) for index in pair.photos[1:])]
    sampled = [
        sampling_grid(patches[index], warpers[index], target, mesh)
        for index, mesh in zip(pair.photos, meshes, strict=True)
    ]
    return PatchSample(
        pictures.astype(np.uint8),
        np.stack([grid for grid, _ in sampled]),
        np.stack([grid_validity for _, grid_validity in sampled]),
    )


class _NpyWriter:
    """A .npy file with an unknown number of rows: written raw, converted when closed."""

    def __init__(self, path: Path, shape: tuple[int, ...], kind: str) -> None:
        self._path, self._shape, self._kind = path, shape, np.dtype(kind)
        self._raw = path.with_suffix(".raw")
        self._file = self._raw.open("wb")
        self.rows = 0

    def add(self, row: NDArray[Any]) -> int:
        assert row.shape == self._shape, (row.shape, self._shape)
        self._file.write(np.ascontiguousarray(row, self._kind).tobytes())
        self.rows += 1
        return self.rows - 1

    def close(self) -> None:
        self._file.close()
        if not self.rows:
            np.save(self._path, np.zeros((0, *self._shape), self._kind))
        else:
            whole = np.memmap(self._raw, self._kind, "r", shape=(self.rows, *self._shape))
            out = open_memmap(self._path, "w+", self._kind, whole.shape)
            for start in range(0, self.rows, 256):
                out[start : start + 256] = whole[start : start + 256]
            out.flush()
        self._raw.unlink()


class _SampleWriter:
    """Writes the sample files of one network."""

    def __init__(self, folder: Path, network: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        region = next(region for region in FACE_PATCHES if region.network == network)
        side, grid = region.side, region.grid
        self._folder = folder
        self._photos = _NpyWriter(folder / "photos.npy", (side, side, 6), "u1")
        self._pictures = _NpyWriter(folder / "pictures.npy", (side, side, 10), "u1")
        self._grids = _NpyWriter(folder / "grids.npy", (MAX_PHOTOS, grid, grid, 2), "f2")
        self._validity = _NpyWriter(folder / "seen.npy", (MAX_PHOTOS, grid, grid), "u1")
        self._rows: list[tuple[list[int], tuple[int, int, int]]] = []

    def add_photo(self, patch: PhotoPatch) -> int:
        return self._photos.add(np.concatenate([patch.picture, patch.drawing], axis=2))

    def add(self, sample: PatchSample, photos: list[int], tags: tuple[int, int, int]) -> None:
        missing = MAX_PHOTOS - len(photos)
        self._pictures.add(sample.pictures)
        self._grids.add(np.pad(sample.grids, ((0, missing), (0, 0), (0, 0), (0, 0))))
        self._validity.add(np.pad(np.rint(sample.validity * 255), ((0, missing), (0, 0), (0, 0))))
        self._rows.append(([*photos, *[-1] * missing], tags))

    def close(self) -> None:
        for part in (self._photos, self._pictures, self._grids, self._validity):
            part.close()
        tags = np.array([row[1] for row in self._rows], np.int32).reshape(-1, 3)
        np.savez(
            self._folder / "index.npz",
            photo=np.array([row[0] for row in self._rows], np.int32).reshape(-1, MAX_PHOTOS),
            person=tags[:, 0],
            split=tags[:, 1].astype(np.int8),
            kind=tags[:, 2].astype(np.int8),
        )
