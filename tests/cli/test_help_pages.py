"""Every command is listed, has help, and takes exactly the options its settings state; help loads nothing heavy."""

from __future__ import annotations

import dataclasses
import inspect
import json
import subprocess
import sys
from typing import Any

import pytest
import typer

from animato import api
from animato.cli.main import app, run
from animato.cli.option_names import in_options
from animato.settings.animate import AnimateSettings
from animato.settings.consent import ConsentSettings

HEAVY = ("torch", "cv2", "av", "openvino", "numpy", "c2pa", "PIL", "scipy", "cryptography", "animato.api")


def commands(group: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every command below a group by its words."""
    found: dict[tuple[str, ...], Any] = {}
    for name, command in group.commands.items():
        found[*path, name] = command
        if hasattr(command, "commands"):
            found |= commands(command, (*path, name))
    return found


ALL = commands(typer.main.get_command(app))


def options_of(command: Any) -> dict[str, Any]:
    """The long options of a command by their name, without those for help."""
    return {
        option: one for one in command.params for option in one.opts if option.startswith("--") and one.name != "help"
    }


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    page = capsys.readouterr().out
    tops = {path[0] for path in ALL}
    assert {"animate", "verify", "demo", "bench", "doctor", "motion", "data"} <= tops
    assert [name for name in tops if f" {name} " not in page] == []
    assert "130 interrupted" in " ".join(page.split()), "the exit codes are listed"


def test_every_command_has_help_with_a_sentence_for_each_option(capsys: pytest.CaptureFixture[str]) -> None:
    for path, command in ALL.items():
        assert run([*path, "--help"]) == 0, path
        assert f"animato {' '.join(path)}" in capsys.readouterr().out
        assert command.help, path
        mute = [one.name for one in command.params if not getattr(one, "help", "")]
        assert mute == [], path


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    code = run([])
    printed = capsys.readouterr()
    assert code in (0, 2)
    assert "Commands" in printed.out + printed.err


def test_a_wrong_command_is_refused_with_the_way_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["animat"]) == 2
    said = capsys.readouterr().err
    assert "animat" in said
    assert "animato --help" in said


def test_a_missing_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["animate", "photo.jpg", "-o", "a.mp4"]) == 2
    assert "--driver" in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    import animato

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"animato {animato.__version__}\n"


def test_every_option_of_animate_is_a_setting_and_every_setting_an_option() -> None:
    own = {"--driver", "--output", "--overwrite", "--quiet", "--json"}
    options = set(options_of(ALL[("animate",)]))
    fields = (*dataclasses.fields(AnimateSettings), *dataclasses.fields(ConsentSettings))
    assert options - own == {f"--{field.name.replace('_', '-')}" for field in fields}


def test_defaults_and_help_of_animate_are_those_of_the_settings() -> None:
    options = options_of(ALL[("animate",)])
    for field in dataclasses.fields(AnimateSettings):
        option = options[f"--{field.name.replace('_', '-')}"]
        assert option.default == field.default, field.name
        assert in_options(field.metadata["help"]) in option.help, field.name


def test_what_animate_takes_beside_settings_is_what_the_library_takes() -> None:
    words = {one.name for one in ALL[("animate",)].params if one.name != "help"}
    kinds = (AnimateSettings, ConsentSettings)
    settings = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    taken = {"photos", *inspect.signature(api.Animator.animate).parameters}
    assert words - settings - {"quiet", "as_json"} <= taken


def test_help_and_import_load_nothing_heavy() -> None:
    program = (
        "import json, sys\n"
        "import animato\n"
        "from animato.cli.main import run\n"
        "run(['--help']); run(['animate', '--help'])\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert "typer" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_the_library_loads_without_torch() -> None:
    program = "import sys, animato\nanimato.animate, animato.Head, animato.render\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
