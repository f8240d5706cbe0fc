"""House rules that a machine can check: how long functions are, and which names say what they are.

Blender calls some methods of operators, panels and the like by name: they are no interface that anyone reads about.
"""

import ast
from collections.abc import Iterator

import pytest
from test_rooms import FILES, ORDER

LONGEST, USUAL = 60, 25  # lines of a function with its docstring: of any, of nine of ten
DOCUMENTED = 0.95  # share of public names that have a docstring
CALLED_BY_BLENDER = {"poll", "invoke", "execute", "modal", "cancel", "draw", "draw_header"}
TREES = {module: ast.parse(path.read_text("utf-8")) for module, path in FILES.items()}


def functions(part: str) -> Iterator[tuple[str, int]]:
    """Every function and method of a part, also those inside others: where it is, and its lines."""
    for module, tree in TREES.items():
        if module.split(".")[0] == part:
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{module}.{node.name}", node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("part", ORDER)
def test_functions_are_short(part):
    found = list(functions(part))
    assert not [(where, lines) for where, lines in found if lines > LONGEST]
    assert sorted(lines for _, lines in found)[len(found) * 9 // 10] <= USUAL


def public(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
    """A module or class, and every public class, function and method in it, by where it is."""
    yield where, node
    for child in node.body:
        name = getattr(child, "name", "_")
        if isinstance(child, ast.ClassDef) and not name.startswith("_"):
            yield from public(child, f"{where}.{name}")
        elif isinstance(child, ast.FunctionDef) and not name.startswith("_"):
            declared_only = any(getattr(mark, "id", "") == "overload" for mark in child.decorator_list)
            called = isinstance(node, ast.ClassDef) and name in CALLED_BY_BLENDER
            if not (declared_only or called and where.startswith("blender_addon")):
                yield f"{where}.{name}", child


@pytest.mark.parametrize("part", ORDER)
def test_public_names_say_what_they_are(part):
    names = [found for module, tree in TREES.items() if module.split(".")[0] == part for found in public(tree, module)]
    bare = [where for where, node in names if ast.get_docstring(node) is None]
    assert len(bare) <= (1 - DOCUMENTED) * len(names), bare


def test_the_walk_sees_what_it_should():
    """The checks above say nothing if names are not found."""
    known = {where for module, tree in TREES.items() for where, _ in public(tree, module)}
    assert {"core.pipeline", "core.pipeline.reconstruct", "core.pipeline.Progress.stage"} <= known
    assert "blender_addon.ui.operators.photos.FURROW_OT_add_photos.run" in known
    assert not {"core.pipeline._character", "blender_addon.ui.operators.photos.FURROW_OT_add_photos.poll"} & known
    assert len(list(functions("core"))) > 1000
