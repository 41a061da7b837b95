from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from animato.cli.evaluate import evaluate
from animato.errors import UsageError
from animato.settings.evaluation import EvaluateSettings


def test_a_dry_run_says_what_would_be_scored_and_writes_nothing(tmp_path: Path) -> None:
    for name in ("ann/v/a.mp4", "bob/v/b.mp4"):
        (tmp_path / "data" / name).parent.mkdir(parents=True)
        (tmp_path / "data" / name).touch()
    app = typer.Typer()
    app.command()(evaluate)
    words = ["--data", str(tmp_path / "data"), "-o", str(tmp_path / "out"), "--dry-run", "--metrics", "akd,psnr"]
    result = CliRunner().invoke(app, [*words, "--systems", "still", "--shots", "1,8"])
    assert result.exit_code == 0, result.output
    assert "self T=8: 2 clips of 2 people" in result.output and "metrics: akd, psnr" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"systems": "still,magic"}, "`systems` cannot be 'magic'"),
        ({"systems": "still,still"}, "has a duplicate entry"),
        ({"shots": "1,zero"}, "`shots` must be comma-separated whole numbers"),
        ({"shots": "0"}, "`shots` must be from 1"),
        ({"shots": "1,,8"}, "`shots` has an empty entry"),
        ({"protocol": "selfie"}, "`protocol` cannot be 'selfie'"),
        ({"every": 0}, "`every` must be at least 1"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        EvaluateSettings(**wrong)  # type: ignore[arg-type]
