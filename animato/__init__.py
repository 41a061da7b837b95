"""animato: photos and a driver in, a marked and signed video of that person talking out.

The names below are the library. They are loaded at their first use, so that `import animato` stays light: no torch, no
OpenVINO, no video code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from animato.version import __version__

if TYPE_CHECKING:
    from animato.api import (
        AnimateResult,
        Animator,
        Head,
        HeadReport,
        Interactive,
        Stream,
        animate,
        expression_of,
        interactive,
        pose,
        record,
        render,
        verify,
    )
    from animato.errors import AnimatoError
    from animato.settings.animate import AnimateSettings
    from animato.settings.consent import Consent

__all__ = [
    "AnimateResult",
    "AnimateSettings",
    "AnimatoError",
    "Animator",
    "Consent",
    "Head",
    "HeadReport",
    "Interactive",
    "Stream",
    "__version__",
    "animate",
    "expression_of",
    "interactive",
    "pose",
    "record",
    "render",
    "verify",
]

_HOMES = {
    "AnimateResult": "animato.api",
    "AnimateSettings": "animato.settings.animate",
    "AnimatoError": "animato.errors",
    "Animator": "animato.api",
    "Consent": "animato.settings.consent",
    "Head": "animato.api",
    "HeadReport": "animato.api",
    "Interactive": "animato.api",
    "Stream": "animato.api",
    "animate": "animato.api",
    "expression_of": "animato.api",
    "interactive": "animato.api",
    "pose": "animato.api",
    "record": "animato.api",
    "render": "animato.api",
    "verify": "animato.api",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'animato' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
