"""The house has rooms: a module imports what lies above it, never what lies below, and never in a circle.

``ORDER`` is the one place where the order of the rooms is written down.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# a name is a folder, or a module that lies beside the folders; core comes before the other two, which never meet
ORDER = {
    "core": (
        "texts", "errors", "assets", "io", "image", "mesh", "head", "wrinkles", "hair", "character", "nets", "view",
        "fit", "texture", "detail", "performance", "output", "terminal", "children", "performance_commands", "pipeline",
        "inspection", "inspect_command", "worker", "batch", "batch_command", "cli",
    ),
    "models": ("sources", "nets", "population", "wrinkles", "head", "build", "renders", "training", "evaluation"),
    "blender_addon": (
        "names", "preferences", "scene", "materials", "wrinkles", "hair", "head", "export", "jobs", "ui",
        "file_handlers", "registration", "command",
    ),
}
OUTSIDE = ("benchmarks", "docs")  # scripts


def module_of(path: Path) -> str:
    """Name of a file of the package, such as ``core.fit.coarse``; of an ``__init__.py`` that of its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for part in ORDER for path in sorted((ROOT / part).rglob("*.py"))}


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it: named as in ``FILES``, or in full where it is not Furrow's."""
    folder = list(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("furrow.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) + 1 - node.level] if node.level else []
            base = ".".join([*start, *filter(None, [node.module])]).removeprefix("furrow.")
            for alias in node.names:
                inside = f"{base}.{alias.name}"
                yield inside if inside in FILES else base


IMPORTS = {module: sorted(set(imported(path))) for module, path in FILES.items()}


def test_every_module_has_a_room():
    for part, order in ORDER.items():
        children = [path for path in (ROOT / part).iterdir() if path.suffix == ".py" or any(path.glob("*.py"))]
        assert {path.stem for path in children} - {"__init__"} == set(order)


def test_no_import_leads_upward():
    upward = []
    for module, others in IMPORTS.items():
        part, _, inside = module.partition(".")
        for other in others:
            if inside and other in FILES and other.startswith(part + "."):
                mine, theirs = (ORDER[part].index(name.split(".")[1]) for name in (module, other))
                upward += [f"{module} imports {other}"] * (theirs > mine)
    assert not upward


@pytest.mark.parametrize("part, never", [("core", ("models", "blender_addon")), ("models", ("blender_addon",)),
                                         ("blender_addon", ("models",))])
def test_the_three_parts_meet_in_core_alone(part, never):
    assert not [(module, other) for module, others in IMPORTS.items() if module.split(".")[0] == part
                for other in others if other.split(".")[0] in never]


def test_no_modules_import_each_other_in_a_circle():
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " > ".join([*trail, module])
        if module not in done:
            for other in IMPORTS[module]:
                if other in FILES and other != module:
                    visit(other, (*trail, module))
            done.add(module)

    for module in IMPORTS:
        visit(module, ())


@pytest.mark.parametrize("library, part", [("bpy", "blender_addon"), ("mathutils", "blender_addon"),
                                           ("torch", "models"), ("onnx", "models"), ("tflite", "models")])
def test_a_library_stays_in_its_part(library, part):
    users = {module for module, others in IMPORTS.items() if library in {other.split(".")[0] for other in others}}
    assert {module.split(".")[0] for module in users} <= {part}


@pytest.mark.parametrize("folder", OUTSIDE)
def test_scripts_import_nothing_from_tests(folder):
    helpers = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"tests"}
    own = {path.stem for path in (ROOT / folder).glob("*.py")}
    for path in (ROOT / folder).glob("*.py"):
        assert not {name.split(".")[0] for name in imported(path)} & (helpers - own), path
        assert '"tests"' not in path.read_text("utf-8"), path


def test_the_build_takes_every_package():
    script = "import setuptools, runpy; setuptools.setup = lambda **given: print(*given['packages']); " \
             "runpy.run_path('setup.py')"
    built = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folders = {module_of(path / "__init__.py") for path in {file.parent for file in FILES.values()}}
    assert set(built.split()) == {"furrow", *(f"furrow.{folder}" for folder in folders)}
    assert all((ROOT / folder.replace(".", "/") / "__init__.py").is_file() for folder in folders)


def test_rooms_say_what_they_hold():
    rooms = [path for module, path in FILES.items() if path.name == "__init__.py"]
    assert all(ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in rooms)


def test_the_walk_sees_what_it_should():
    """The checks above say nothing if imports are not found."""
    assert "core.fit.coarse" in IMPORTS["core.pipeline"] and "core.errors" in IMPORTS["models.build"]
    assert "bpy" in IMPORTS["blender_addon.registration"] and "core.output.bake" in IMPORTS["core.cli"]
    assert sum(map(len, IMPORTS.values())) > 1000
