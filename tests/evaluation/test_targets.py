from __future__ import annotations

import pytest

from animato.evaluation.rows import Row
from animato.evaluation.targets import score_targets


def row(sample: str, system: str, **values: float) -> Row:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return Row("self talking T=1", sample, sample, sample, system, values=dict(named))


def test_promises_compare_with_the_still_photo_over_the_clips_both_finished() -> None:
    rows = [
        row("a", "still", akd=2.0, psnr_face=20.0),
        row("b", "still", akd=4.0, psnr_face=22.0),
        row("a", "geometry", akd=0.5, psnr_face=25.0),
        row("b", "geometry", akd=0.7, psnr_face=21.0),
        row("c", "geometry", akd=99.0, psnr_face=1.0),
    ]
    found = {(v.target.metric, v.target.statistic): v for v in score_targets(rows, {"self talking T=1": "talking"})}
    assert found["akd", "ratio"].value == pytest.approx(0.2) and found["akd", "ratio"].met
    assert found["akd", "mean"].value == pytest.approx(0.6) and found["akd", "mean"].met
    assert found["psnr-face", "gain"].value == pytest.approx(2.0) and found["psnr-face", "gain"].met
    assert found["akd", "mean"].clips == 2


def test_a_missed_promise_says_so() -> None:
    rows = [row("a", "still", akd=1.0), row("a", "geometry", akd=0.9)]
    sentences = [target_score.sentence() for target_score in score_targets(rows, {"self talking T=1": "talking"})]
    assert sentences[0].startswith("MISSED geometry") and "0.900" in sentences[0] and "at most 0.28" in sentences[0]


def test_other_clips_are_promised_nothing() -> None:
    assert (
        score_targets([row("a", "still", akd=1.0), row("a", "geometry", akd=0.1)], {"self talking T=1": "films"}) == []
    )
