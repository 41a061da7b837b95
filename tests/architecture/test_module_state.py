"""Modules keep constants; what belongs to a render is kept by the render."""

from __future__ import annotations

import ast

from source_tree import sources

CONSTANT_ARGUMENTS = {"geometry/aperture_mask.py: _spline", "trust/search.py: _grid"}
"""Cached functions whose arguments are constants of the mesh or of the search, so that few results are kept."""


def cached_functions() -> dict[str, int]:
    """Return functions that keep their results in their module, with the number of their arguments."""
    found = {}
    for source in sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef):
                decorators = {ast.unparse(part).split("(")[0].split(".")[-1] for part in node.decorator_list}
                if decorators & {"cache", "lru_cache"}:
                    arguments = node.args
                    found[f"{source.name}: {node.name}"] = len(arguments.args) + len(arguments.kwonlyargs)
    return found


def test_what_is_cached_depends_on_nothing_that_a_render_brings() -> None:
    cached = cached_functions()
    assert len(cached) > 5
    assert {name for name, arguments in cached.items() if arguments} == CONSTANT_ARGUMENTS
