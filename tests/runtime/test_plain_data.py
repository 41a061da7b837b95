"""Results of child processes keep their types, and wrong types are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from animato.runtime.plain_data import from_plain, to_plain
from animato.trust.declared import Signal
from animato.trust.detect import MarkReading
from animato.trust.payload import MarkKind, MarkPayload
from animato.trust.reading import Credentials
from animato.trust.report import VerifyReport

MARK = MarkReading(MarkPayload(1, MarkKind.DRIVEN, 7), True, 12.5, 9.0, 0.98, 30, 1.0, None, False)
REPORT = VerifyReport(
    "a.mp4",
    "video/mp4",
    Credentials(state="valid", inputs={"photo": 2}, problems=("code",)),
    MARK,
    (Signal("XMP", "digitalCapture"),),
    {"made": "2026-01-01", "inputs": [{"role": "photo"}]},
    ("one",),
)


@pytest.mark.parametrize("report", [REPORT, replace(REPORT, mark=None, note=None, declared=())])
def test_a_report_is_the_same_after_the_way_through_json(report: VerifyReport) -> None:
    assert from_plain(VerifyReport, json.loads(json.dumps(to_plain(report)))) == report


@pytest.mark.parametrize(
    "change",
    [
        {"name": 3},
        {"credentials": None},
        {"credentials": {**to_plain(REPORT.credentials), "state": "signed by the king"}},
        {"mark": {**to_plain(MARK), "present": "yes"}},
        {"mark": {**to_plain(MARK), "found_id": {"version": 99, "kind": 1, "video_id": 1}}},
        {"declared": "XMP"},
        {"warnings": [1]},
        {"more": 1},
    ],
)
def test_another_type_or_field_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        from_plain(VerifyReport, {**to_plain(REPORT), **change})
