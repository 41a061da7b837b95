"""Promises of `animato bench mark`: everything is measured, and the page says what was counted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from animato.errors import InputError
from animato.evaluation import mark_bench
from animato.evaluation.handling import HANDLINGS, quarter_turned, scaled
from animato.evaluation.mark_bench import load_clips, measure_mark, page, unmarked_pictures
from animato.evaluation.mark_log import MarkLog
from animato.media.image import save_picture
from animato.types import Frame


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    data = pytest.importorskip("skimage.data")
    save_picture(tmp_path / "cat.png", np.ascontiguousarray(data.chelsea()))
    return tmp_path / "cat.png"


def test_every_handling_gives_frames(picture: Path) -> None:
    [clip] = load_clips([picture], 128, 4).values()
    for name, handling in HANDLINGS.items():
        if "HEVC" in name:
            continue
        frames = handling(clip)
        assert frames and all(frame.dtype == np.uint8 and frame.shape == frames[0].shape for frame in frames), name
    assert scaled(clip, 0.5)[0].shape[0] == 64 and quarter_turned(clip, 1)[0].shape[0] == clip[0].shape[1]


def test_ids_read_back_are_counted_and_told(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, object] = {"none": HANDLINGS["none"], "black": lambda frames: [np.zeros_like(frames[0])]}
    monkeypatch.setattr(mark_bench, "HANDLINGS", kept)
    clips = load_clips([picture], 256, 2)
    lines: list[str] = []
    result = measure_mark(clips, 3, lines.append)
    assert [(row.handling, row.read, row.wrong) for row in result.survivals] == [("none", 1, 0), ("black", 0, 0)]
    assert result.psnr_least >= 42.0 and result.alarms.clips == 3 and result.alarms.ids == 0 and lines
    text = page(result, ["cat"], 256, 2)
    assert "| none | 1 of 1 |" in text and "| black | 0 of 1 | - |" in text and "3: 0 ids" in text


def test_looks_are_the_same_each_time(picture: Path) -> None:
    clips = load_clips([picture], 128, 2)
    one, other = (list(islice(unmarked_pictures(clips), 6)) for _ in range(2))
    assert all(same(a, b) for a, b in zip(one, other, strict=True))


def test_a_stopped_measurement_goes_on_from_its_log(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(mark_bench, "HANDLINGS", {"none": lambda frames: calls.append(1) or frames})
    clips, log = load_clips([picture], 256, 2), tmp_path / "log.jsonl"
    measure_mark(clips, 1, lambda _: None, log)
    first = log.read_text().splitlines()
    again = measure_mark(clips, 2, lambda _: None, log)
    assert len(calls) == 1 and again.alarms.clips == 2 and again.survivals[0].read == 1
    assert log.read_text().splitlines()[:-1] == first and len(first) == 4
    log.write_text("\n".join(first[:2]) + "\n")
    assert measure_mark(clips, 2, lambda _: None, log).survivals == again.survivals and len(calls) == 2


def test_a_log_of_something_else_is_a_sentence(picture: Path, tmp_path: Path) -> None:
    clips, log = load_clips([picture], 128, 2), tmp_path / "log.jsonl"
    MarkLog(log, {"clips": "others"})
    with pytest.raises(InputError, match="another measurement"):
        measure_mark(clips, 0, lambda _: None, log)
    log.write_text("[]\n")
    with pytest.raises(InputError, match="is not a log"):
        measure_mark(clips, 0, lambda _: None, log)
    with pytest.raises(InputError, match="cannot be"):
        measure_mark(clips, 0, lambda _: None, tmp_path / "absent" / "log.jsonl")


def same(one: Frame, other: Frame) -> bool:
    return bool(np.array_equal(one, other))


def test_a_clip_that_is_too_short_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "none.mp4").write_bytes(b"")
    with pytest.raises(InputError):
        load_clips([tmp_path / "none.mp4"], 256, 2)
