"""From a person and a driver to finished outputs: pipeline, person, drivers, framing, and the only door out.

`animato.render` names two things: this package, and the library's function. The import system puts the package in the
function's place as soon as one of its modules is loaded, so the package can be called as the function.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call `animato.api.render`."""
        return importlib.import_module("animato.api").render(*arguments, **named)


sys.modules[__name__].__class__ = _Callable
