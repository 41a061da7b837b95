"""Settings: one home per default with its help, limits that hold, and words that name the option to change."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
import typing
from pathlib import Path
from typing import Any, Literal

import pytest

import animato.settings
from animato.errors import UsageError
from animato.settings.animate import AnimateSettings
from animato.settings.base import as_json, check, choices_of, from_mapping, setting
from animato.settings.motion import MotionSettings


def every_settings_class() -> list[type[Any]]:
    """All settings values defined in the package."""
    found = []
    for module in pkgutil.iter_modules(animato.settings.__path__):
        names = vars(importlib.import_module(f"animato.settings.{module.name}"))
        found += [
            value
            for value in names.values()
            if getattr(value, "__name__", "").endswith("Settings")
            and value.__module__ == f"animato.settings.{module.name}"
        ]
    return sorted(found, key=lambda kind: kind.__name__)


KINDS = every_settings_class()
FIELDS = [(kind, field) for kind in KINDS for field in dataclasses.fields(kind)]


def test_the_settings_of_every_job_are_found() -> None:
    assert {"AnimateSettings", "MotionSettings", "WriterSettings", "TrainSettings"} <= {k.__name__ for k in KINDS}


def test_settings_are_frozen_named_and_documented() -> None:
    for kind in KINDS:
        assert kind.__dataclass_params__.frozen, kind
        assert kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("), kind
        assert all(field.kw_only for field in dataclasses.fields(kind)), kind


def test_every_setting_has_a_default_and_its_help_in_one_place() -> None:
    for kind, field in FIELDS:
        text = field.metadata.get("help", "")
        assert len(text) >= 10 and text[0] == text[0].strip() and text.rstrip()[-1] in ".:)", f"{kind} {field.name}"
        assert field.default is not dataclasses.MISSING, f"{kind} {field.name}"


def test_numbers_have_limits_and_defaults_keep_them() -> None:
    for kind, field in FIELDS:
        where = f"{kind} {field.name}"
        low, high, default = field.metadata["low"], field.metadata["high"], field.default
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            assert low is not None, f"{where}: a number without a smallest value takes nonsense"
        if default is not None:
            assert low is None or low <= default, where
            assert high is None or default <= high, where
            choices = choices_of(typing.get_type_hints(kind)[field.name])
            assert choices is None or default in choices, where


def test_the_defaults_of_the_main_job_are_valid() -> None:
    assert AnimateSettings() == AnimateSettings()
    assert MotionSettings().pose_strength == 1.0
    assert MotionSettings(still_head=True, pose=2.0).pose_strength == 0.0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"pose": -0.1}, "`pose` must be at least 0, not -0.1"),
        ({"mouth": 2.5}, "`mouth` must be at most 2, not 2.5"),
        ({"smooth": 1.01}, "`smooth` must be at most 1, not 1.01"),
        ({"size": 64}, "`size` must be at least 128 pixels, not 64"),
        ({"fps": 0.0}, "`fps` must be at least 1 frames per second, not 0"),
        ({"start": -1.0}, "`start` must be at least 0 seconds, not -1"),
        ({"fps": float("nan")}, "`fps` must be a number, not nan"),
        ({"end": float("inf")}, "`end` must be a number, not inf"),
        ({"start": float("-inf")}, "`start` must be a number, not -inf"),
        ({"pose": "much"}, "`pose` must be a number, not 'much'"),
        ({"start": 2.0, "end": 2.0}, "`end` must be after `start`"),
        ({"audio": Path("a.wav"), "sound": False}, "`audio` and `sound=False` exclude each other"),
        ({"face": "middle"}, "`face` cannot be 'middle'"),
        ({"face": "0"}, "`face` cannot be '0'"),
        ({"face": "²"}, "`face` cannot be '²'"),
        ({"face": "-1"}, "`face` cannot be '-1'"),
        ({"driver_face": "1.5"}, "`driver_face` cannot be '1.5'"),
        ({"threads": 0}, "`threads` must be at least 1, not 0"),
        ({"still_head": "yes"}, "`still_head` must be True or False, not 'yes'"),
        ({"audio": b"a.wav"}, "`audio` must be a path, not b'a.wav'"),
        ({"size": 512.0}, "`size` must be a whole number, not 512.0"),
        ({"face": None}, "`face` must be text, not None"),
    ],
)
def test_absurd_values_are_refused_with_the_option_and_the_limit(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        AnimateSettings(**values)
    assert said in caught.value.what
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("value", ["largest", "left", "right", "1", "32"])
def test_faces_are_chosen_by_words_or_numbers(value: str) -> None:
    assert AnimateSettings(face=value, driver_face=value).face == value


def test_a_misspelt_choice_offers_the_nearest_word() -> None:
    with pytest.raises(UsageError, match="`motion` cannot be 'absolut'") as caught:
        MotionSettings(motion="absolut")
    assert caught.value.hint == "`motion=absolute`"
    assert "relative, absolute" in (caught.value.where or "")


def test_an_unknown_setting_is_an_error_and_offers_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="unknown setting 'mouht'") as caught:
        from_mapping(MotionSettings, {"mouht": 1.0})
    assert caught.value.hint == "mouth"
    assert from_mapping(MotionSettings, {"mouth": 0.5}) == MotionSettings(mouth=0.5)


def test_settings_survive_json() -> None:
    settings = AnimateSettings(mouth=1.5, neutral=0.4, motion="absolute", face="2", still_head=True)
    plain = json.loads(json.dumps(as_json(settings)))
    assert from_mapping(AnimateSettings, plain) == settings


def test_paths_are_published_by_name_only() -> None:
    assert as_json(AnimateSettings(audio=Path("private/folder/voice.wav")))["audio"] == "voice.wav"


def test_nobody_can_change_a_setting_that_is_in_use() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        AnimateSettings().pose = 2.0  # type: ignore[misc]


def test_a_default_that_could_be_changed_is_refused() -> None:
    for default in ([], {}, set()):
        with pytest.raises(TypeError, match="frozen"):
            setting(default, "help")


def test_a_check_looks_at_every_field_and_lets_none_pass() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Toy:
        count: int = setting(3, "How many.", low=1, high=9, unit="things")
        colour: Literal["red", "green"] = setting("red", "Which.")
        limit: float | None = setting(None, "Perhaps.", low=0.0)

    check(Toy(), "toy")
    check(Toy(count=9, colour="green", limit=0.0), "toy")
    for wrong, said in (({"count": 10}, "toy.count"), ({"colour": "blue"}, "toy.colour"), ({"limit": -1}, "toy.limit")):
        with pytest.raises(UsageError) as caught:
            check(Toy(**wrong), "toy")  # type: ignore[arg-type]
        assert said in (caught.value.where or "")
