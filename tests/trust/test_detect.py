"""Promises of reading the mark: it survives ordinary handling, and hostile or empty input never breaks the reader."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from gallery_faces import gallery_driver
from trust_material import HANDLINGS, cropped, h264, scaled

from animato.errors import PictureError
from animato.trust.detect import GROUP_FRAMES, HEAD_FRAMES, MAX_FRAMES, WatermarkDetector, detect_mark
from animato.trust.payload import MarkPayload
from animato.trust.residual import flattened
from animato.trust.search import MarkPlacement, pilot_scores, whitened_power
from animato.trust.tile import PILOTS, TILE, lattice
from animato.trust.watermark import Marker
from animato.types import Frame


@pytest.mark.parametrize("handling", HANDLINGS)
def test_the_mark_on_a_portrait_survives(
    handling: str, marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    reading = detect_mark(HANDLINGS[handling](marked_portrait_clip))
    assert reading.found_id == payload and reading.present
    assert (reading.bit_confidence or 0) > 0.75


@pytest.mark.data
@pytest.mark.parametrize("handling", HANDLINGS)
def test_the_mark_on_a_talking_person_survives(
    handling: str, marked_talking_clip: list[Frame], payload: MarkPayload
) -> None:
    reading = detect_mark(HANDLINGS[handling](marked_talking_clip))
    assert reading.found_id == payload and reading.present


@pytest.mark.parametrize("handling", HANDLINGS)
def test_the_mark_on_another_person_survives(handling: str, payload: MarkPayload) -> None:
    marker = Marker(payload, seed=5)
    marked = [marker.embed(frame) for frame in gallery_driver("portrait-c049f", 2.048) for _ in range(4)]
    reading = detect_mark(HANDLINGS[handling](marked))
    assert reading.found_id == payload and reading.present


def test_a_mark_that_a_codec_moved_with_the_picture_is_read_from_the_first_frames(
    marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    first = marked_portrait_clip[0]
    shifts = [(0, 0)] * HEAD_FRAMES + np.random.default_rng(1).integers(0, TILE, (22, 2)).tolist()
    drifting = [np.ascontiguousarray(np.roll(first, shift, (0, 1))) for shift in shifts]
    whole = WatermarkDetector()
    for frame in drifting:
        whole.add(frame)
    assert whole.read(thorough=False).found_id is None
    reading = detect_mark(drifting)
    assert reading.found_id == payload and reading.frames_read == HEAD_FRAMES


def test_marks_at_a_third_and_at_two_and_a_half_times_the_size_are_read(
    marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    for factor in (0.35, 2.5):
        assert detect_mark(scaled(marked_portrait_clip[:3], factor)).found_id == payload


def test_flattening_weakens_lines_more_than_what_is_between_them() -> None:
    y, x = np.mgrid[0:90, 0:130].astype(np.float32)
    noise = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
    lines = 10 * np.sin(2 * np.pi * x / 8)
    both, faint = flattened(lines + noise), flattened(noise)
    assert both.shape == y.shape and both.dtype == np.float32
    kept = [float(np.corrcoef(noise.ravel(), plane.ravel())[0, 1]) for plane in (lines + noise, both, faint)]
    assert kept[0] < 0.2 < 0.3 < kept[1] < kept[2]
    assert not flattened(np.zeros((40, 50), np.float32)).any()


def test_the_unmarked_clip_has_no_mark_before_and_after_encoding(portrait_clip: list[Frame]) -> None:
    for frames in (portrait_clip, h264(portrait_clip, 28)):
        reading = detect_mark(frames)
        assert reading.found_id is None and not reading.present and reading.bit_confidence is None


def test_turned_mirrored_and_stretched_pictures_are_read_and_described(
    marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    frame = marked_portrait_clip[0]
    turned = cv2.warpAffine(frame, cv2.getRotationMatrix2D((256, 256), 3.0, 1.0), (512, 512))
    wide = cv2.resize(frame, None, fx=1.02, fy=1.0)
    for name, picture in (("turned", turned), ("mirrored", frame[:, ::-1].copy()), ("wide", wide)):
        reading = detect_mark([picture])
        assert reading.found_id == payload, name
        assert reading.mirrored == (name == "mirrored")
        assert abs(reading.turn or 0.0) == pytest.approx(3.0 if name == "turned" else 0.0, abs=0.1)


@pytest.mark.parametrize("quarters, turn", [(1, -90), (2, -180), (3, 90)])
def test_pictures_on_their_side_and_upside_down_are_read(
    quarters: int, turn: int, marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    reading = detect_mark([np.ascontiguousarray(np.rot90(marked_portrait_clip[0], quarters))])
    assert reading.found_id == payload and reading.turn == pytest.approx(turn, abs=0.1)


def test_a_tenth_wider_and_turned_by_ten_degrees_are_read(
    marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    frame = marked_portrait_clip[0]
    turned = cv2.warpAffine(frame, cv2.getRotationMatrix2D((256, 256), -10.0, 1.0), (512, 512))
    for picture in (cv2.resize(frame, None, fx=1.1, fy=1.0), turned):
        assert detect_mark([picture]).found_id == payload


def test_a_luma_marked_clip_reads_the_same_id(portrait: Frame, payload: MarkPayload) -> None:
    planes = cv2.cvtColor(portrait, cv2.COLOR_RGB2YUV)
    planes[..., 0] = Marker(payload, seed=8).embed_luma(planes[..., 0].copy())
    assert detect_mark([cv2.cvtColor(planes, cv2.COLOR_YUV2RGB)]).found_id == payload


def test_a_large_frame_keeps_its_mark_when_it_is_shown_small(portrait: Frame, payload: MarkPayload) -> None:
    large = cv2.resize(portrait, (2048, 1536), interpolation=cv2.INTER_CUBIC)
    marked = Marker(payload, seed=1).embed(large)
    assert detect_mark([marked]).found_id == payload
    assert detect_mark([cv2.resize(marked, (640, 480), interpolation=cv2.INTER_AREA)]).found_id == payload


def test_a_mark_over_a_mark_leaves_one_of_them_readable(
    marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    second = MarkPayload(1, payload.kind, 77)
    twice = Marker(second, seed=11).embed(marked_portrait_clip[0])
    assert detect_mark([twice]).found_id in (payload, second)


def test_a_mark_on_the_second_half_of_a_clip_is_found(
    portrait_clip: list[Frame], marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    clip = [portrait_clip[0]] * GROUP_FRAMES + marked_portrait_clip
    reading = detect_mark(clip)
    assert reading.found_id == payload and GROUP_FRAMES < reading.frames_read <= len(clip)


@pytest.mark.parametrize("level", [0, 16, 255])
def test_flat_clips_have_no_mark_and_do_not_crash(level: int) -> None:
    reading = detect_mark([np.full((200, 300, 3), level, dtype=np.uint8)] * 3)
    assert not reading.present and reading.frames_read == 3 and np.isfinite(reading.z)


def test_nearly_flat_pictures_give_finite_figures() -> None:
    # One odd pixel, and steps so small that a box filter of squares comes out below zero.
    picture = np.full((512, 512, 3), 200, dtype=np.uint8)
    picture[100, 100] = 201
    ramp = np.repeat((np.arange(512) // 64 + 90).astype(np.uint8)[None, :, None], 512, axis=0).repeat(3, axis=2)
    for frame in (picture, ramp):
        reading = detect_mark([frame])
        assert not reading.present and np.isfinite(reading.z) and np.isfinite(reading.phase)


@pytest.mark.parametrize("size", [(1, 1), (8, 700), (47, 47), (5, 3000)])
def test_pictures_too_small_for_a_mark_are_answered_not_crashed(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(np.uint8)
    assert not detect_mark([noise]).present


def test_no_frames_at_all_are_an_answer_too() -> None:
    reading = detect_mark([])
    assert not reading.present and reading.frames_read == 0
    assert not WatermarkDetector().read().present


def test_no_more_frames_are_read_than_allowed() -> None:
    taken = 0

    def endless() -> Iterator[Frame]:
        nonlocal taken
        while True:
            taken += 1
            yield np.zeros((64, 64, 3), dtype=np.uint8)

    assert detect_mark(endless(), max_frames=10**9).frames_read == MAX_FRAMES
    assert taken == MAX_FRAMES


def test_a_clip_that_changes_size_is_still_read(marked_portrait_clip: list[Frame], payload: MarkPayload) -> None:
    mixed = [*marked_portrait_clip[:4], np.zeros((64, 48, 3), dtype=np.uint8), *marked_portrait_clip[4:8]]
    assert detect_mark(mixed).found_id == payload


@pytest.mark.parametrize(
    "frame", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float64), np.zeros((0, 9, 3), np.uint8)]
)
def test_arrays_that_are_no_frames_are_refused(frame: Frame) -> None:
    with pytest.raises(PictureError):
        detect_mark([frame])


def test_every_second_frame_is_enough(marked_portrait_clip: list[Frame], payload: MarkPayload) -> None:
    assert detect_mark(h264(marked_portrait_clip[::2], 28)).found_id == payload


def test_crop_and_scale_together_are_survived_at_good_quality(
    marked_portrait_clip: list[Frame], payload: MarkPayload
) -> None:
    assert detect_mark(h264(scaled(cropped(marked_portrait_clip, 0.25), 0.7), 23)).found_id == payload


def test_the_fast_search_agrees_with_adding_up_pilots_one_by_one(portrait: Frame) -> None:
    luma = cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY).astype(np.float32)
    power = whitened_power(luma - cv2.blur(luma, (9, 9)))
    scores = pilot_scores(power)
    rng = np.random.default_rng(2)
    scales = np.exp(np.arange(np.log(0.33), np.log(2.6), 0.0025))
    turns = np.deg2rad(np.arange(-6, 6.075, 0.15))
    for _ in range(20):
        row, column = int(rng.integers(scores.shape[0])), int(rng.integers(scores.shape[1]))
        placement = MarkPlacement(scales[row], turns[column % len(turns)], 1 if column < len(turns) else -1)
        total = 0.0
        for x, y in lattice().pilots @ np.linalg.inv(placement.matrix()) * (1024 / TILE):
            total += power[round(float(y)) % 1024, round(float(x)) % 1024]
        assert scores[row, column] == pytest.approx((total - PILOTS) / 8, abs=0.6)
