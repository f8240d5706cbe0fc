"""House rules that a machine can check: how long functions are, and which names say what they are."""

import ast
from collections.abc import Iterator

import pytest
from test_rooms import FILES, ORDER

LONGEST, USUAL = 60, 25  # lines of a function with its docstring: of any, of nine of ten
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
