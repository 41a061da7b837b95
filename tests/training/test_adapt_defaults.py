"""`animato adapt` adapts each system with that system's own settings, also where field names are shared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from animato.cli.adapt import adapt
from animato.head.quality import PhotoQuality
from animato.head.report import HeadReport
from animato.motion.supported_turn import supported_turn
from animato.settings.adapt import AdaptSettings
from animato.settings.portrait import PortraitAdaptSettings
from animato.training import personalise
from animato.training.personalise import AdaptResult

REPORT = HeadReport(
    photo="me.jpg",
    photos=1,
    turn=supported_turn([(0.0, 0.0)], closed=True),
    quality=PhotoQuality(200.0, 50.0, 120.0, 0.0, 0.0, covered=False),
    colour_cast=0.0,
    colourful=True,
    eyes_open=True,
    mouth_open=False,
    smiles=False,
    looks_aside=False,
    drawn=False,
    outline_doubt="",
    cut=(),
    teeth=True,
)


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command and returns the settings with which the system would be adapted."""
    given: list[Any] = []

    def adapted(_photos: Any, output: Path, _weights: Any, settings: Any, *_others: Any) -> AdaptResult:
        given.append(settings)
        return AdaptResult(output, 1, {"iterations": 0, "stopped": "here"}, (), REPORT)

    monkeypatch.setattr(personalise, "adapt_photos", adapted)
    monkeypatch.setattr(personalise, "adapt_portrait_photos", adapted)
    app = typer.Typer()
    app.command()(adapt)

    def run(*words: str) -> Any:
        result = CliRunner().invoke(app, ["me.jpg", "-o", "me.animato", *words])
        assert result.exit_code == 0, result.output
        return given.pop()

    return run


def test_each_system_is_adapted_with_its_own_defaults(settings_of: Any) -> None:
    assert settings_of() == PortraitAdaptSettings()
    assert settings_of("--model", "paper", "--weights", "run") == AdaptSettings()


def test_an_option_that_is_given_reaches_either_system(settings_of: Any) -> None:
    assert settings_of("--batch", "3", "--hold-out", "0.5") == PortraitAdaptSettings(batch=3, hold_out=0.5)
    paper = settings_of("--model", "paper", "--weights", "run", "--batch", "3")
    assert paper == AdaptSettings(batch=3)
