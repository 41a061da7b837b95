"""Commands of a live run: keys of the terminal, and messages of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from animato.errors import UsageError
from animato.live.performer import EXPRESSIONS, Performer
from animato.motion.controls import check_controls

KEYS: Mapping[str, str] = {
    "c": "calibrate",
    "m": "mirror",
    "f": "freeze",
    "h": "hide",
    **{str(number): name for number, name in enumerate(EXPRESSIONS, 1)},
    "0": "no expression",
    "[": "less mouth",
    "]": "more mouth",
    "{": "less head",
    "}": "more head",
    "q": "quit",
}
"""Keys and what they do."""

STEP = 0.1
"""Change of a strength by one key."""

STRENGTHS = {
    "less mouth": ("mouth", -STEP),
    "more mouth": ("mouth", STEP),
    "less head": ("pose", -STEP),
    "more head": ("pose", STEP),
}

ADJUSTABLE = ("pose", "mouth", "eyes", "brows", "neutralise")
"""Settings that a page may change, from 0 to 2 (neutralise: to 1)."""


@dataclass(frozen=True)
class Remote:
    """Applies commands; they may come from any thread and act from the next frame on.

    Attributes:
        performer: its switches are changed.
        calibrate: chooses the neutral frame anew.
        adjust: changes settings by name (`Interactive.adjust`).
        strength: returns the current value of a setting.
        quit: ends the run.
    """

    performer: Performer
    calibrate: Callable[[], None]
    adjust: Callable[..., None]
    strength: Callable[[str], float]
    quit: Callable[[], None]

    def key(self, key: str) -> str | None:
        """Apply a key of the terminal, and return what it did as a few words; None for a key without meaning."""
        command = KEYS.get(key)
        return None if command is None else self.do(command)

    def do(self, command: str) -> str | None:
        """Apply a command by name, and return what it did; None for an unknown one."""
        switches = self.performer.switches
        if command == "calibrate":
            self.calibrate()
            return "neutral now: look into the camera"
        if command in ("mirror", "freeze", "hide"):
            on = not getattr(switches, command)
            setattr(switches, command, on)
            return f"{command} {'on' if on else 'off'}"
        if command in EXPRESSIONS or command == "no expression":
            same = command == switches.expression or command == "no expression"
            switches.expression = None if same else command
            return f"expression {switches.expression or 'off'}"
        if command in STRENGTHS:
            name, change = STRENGTHS[command]
            value = round(min(2.0, max(0.0, self.strength(name) + change)), 2)
            self.adjust(**{name: value})
            return f"{name} {value:g}"
        if command == "quit":
            self.quit()
            return "stopping"
        return None

    def message(self, message: Any) -> str | None:
        """Apply a message of a page: `{"do": COMMAND}`, `{"set": {SETTING: NUMBER}}` or `{"controls": {NAME: NUMBER}}`.

        Raises:
            UsageError: another form, an unknown setting or control, or a value out of range.
        """
        if isinstance(message, Mapping) and isinstance(message.get("do"), str):
            return self.do(message["do"])
        if isinstance(message, Mapping) and isinstance(message.get("set"), Mapping):
            for name, value in message["set"].items():
                if name not in ADJUSTABLE:
                    raise UsageError(f"`{name}` cannot be changed here", where=", ".join(ADJUSTABLE))
                self.adjust(**{name: value})
            return None
        if isinstance(message, Mapping) and "controls" in message:
            self.performer.switches.controls = check_controls(message["controls"])
            return None
        raise UsageError("a message needs `do`, `set` or `controls`", where=str(message)[:60])
