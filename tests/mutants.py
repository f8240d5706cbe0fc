"""Would the tests notice? One place of the source at a time is changed, and the tests that import its module are run.

    python tests/mutants.py [--count 200] [--seed 1] [--enough SECONDS] [--state FILE] [--page docs/mutants.md]

The tree is copied to a temporary folder and only the copy is changed. Each change is one of the usual operators:
a comparison, an arithmetic sign, a number, a boolean, a value returned, a statement left out. With --state what is done
is kept and a run that was stopped goes on; --survivors-of FILE runs those again that survived an earlier run.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# what is changed, and its share of all changes
SUBJECTS = {
    "fit": (0.30, ("core/fit/*.py",)),
    "tension": (0.15, ("core/head/tension.py",)),
    "maps": (
        0.30,
        ("core/wrinkles/maps.py", "core/wrinkles/curve_basis.py", "core/head/normal_map.py",
         "core/texture/build.py", "core/texture/albedo.py", "core/texture/blend.py"),
    ),
    "file reading": (
        0.25,
        ("core/character/reader.py", "core/io/npy.py", "core/io/png16.py", "core/io/safe_files.py", "core/io/photo.py"),
    ),
}  # fmt: skip
ENOUGH = 10.0  # seconds of processor time that the tests of one change usually take; no more are begun
TIMES = 3  # of the usual time, after which a change is taken for an endless loop
GRACE = 20.0  # seconds beside that
COPIED = ("core", "models", "blender_addon", "tests", "examples", "docs", "benchmarks")

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
BOOLEAN = {ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}


@dataclass(frozen=True)
class Mutant:
    """One change: subject, file, line, and the place [start, stop) in the file's bytes with what is put there."""

    subject: str
    path: str
    line: int
    kind: str
    before: str
    after: str
    start: int
    stop: int

    def applied(self, source: bytes) -> bytes:
        """The file's bytes with the change."""
        return source[: self.start] + self.after.encode() + source[self.stop :]

    def describe(self) -> str:
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"`{self.path}:{self.line}` {self.kind}: `{before[:90]}` -> `{after[:90]}`"


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST | str]]:
    """Kind and new node (or text) of every change of one node."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        yield "comparison", ast.Compare(node.left, [COMPARISONS[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield "arithmetic", ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    if isinstance(node, ast.BinOp) and type(node.op) in BOOLEAN:
        yield "boolean", ast.BinOp(node.left, BOOLEAN[type(node.op)](), node.right)
    if isinstance(node, ast.BoolOp):
        yield "boolean", ast.BoolOp(BOOLEAN[type(node.op)](), node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield "boolean" if not isinstance(node.op, ast.USub) else "arithmetic", node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "boolean", str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield "constant", repr(node.value + 1 if isinstance(node.value, int) else 2 * node.value or 1.0)
    if isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
        yield "return value", "return None"
    call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if call or stored or isinstance(node, ast.AugAssign | ast.Raise):
        yield "removed statement", "pass"


def places(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run: no annotations, no decorators."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from places(child)


def mutants_of(subject: str, path: Path) -> list[Mutant]:
    """Every change of one file."""
    source = path.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in places(ast.parse(source)):
        for kind, new in changes(node):
            start = starts[node.lineno - 1] + node.col_offset
            stop = starts[node.end_lineno - 1] + node.end_col_offset
            text = new if isinstance(new, str) else f"({ast.unparse(new)})"
            before = source[start:stop].decode()
            name = str(path.relative_to(ROOT))
            found.append(Mutant(subject, name, node.lineno, kind, before, text, start, stop))
    return found


def drawn(count: int, seed: int) -> list[Mutant]:
    """So many changes, the same for the same seed and source."""
    rng = random.Random(seed)
    chosen = []
    for subject, (share, patterns) in SUBJECTS.items():
        paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        if missing := [pattern for pattern in patterns if not list(ROOT.glob(pattern))]:
            raise FileNotFoundError(f"there is no {missing[0]}: correct SUBJECTS.")
        everything = [mutant for path in paths for mutant in mutants_of(subject, path)]
        chosen += rng.sample(everything, min(round(share * count), len(everything)))
    return chosen


@cache
def imports(path: Path) -> frozenset[Path]:
    """Files of the package and of tests/ that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = list(path.relative_to(ROOT).parent.parts)[: None if node.level < 2 else 1 - node.level]
            base = ".".join([*(["furrow", *above] if node.level else []), *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            place = ROOT.joinpath(*parts[1:]) if parts[0] == "furrow" else ROOT / "tests" / parts[0]
            found |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()}
    return frozenset(found)


@cache
def everything_behind(path: Path) -> frozenset[Path]:
    """Files that a file imports, and those that they import."""
    seen, waiting = set(), [path]
    while waiting:
        new = imports(waiting.pop()) - seen
        seen |= new
        waiting += new
    return frozenset(seen)


def with_helpers(test: Path) -> frozenset[Path]:
    """What a test imports, itself or by a helper in tests/."""
    direct = imports(test) | {ROOT / "tests" / "conftest.py"}
    return direct.union(*(imports(file) for file in direct if file.is_relative_to(ROOT / "tests")))


def tests_of(module: Path) -> list[Path]:
    """Tests that import a module themselves, then those that import it by others; the fast and near ones first."""
    sys.path.insert(0, str(ROOT / "tests"))
    import fast

    slow = fast.slow_modules()
    room = ROOT / "tests" / module.relative_to(ROOT).parent

    def rank(test: Path) -> tuple:
        near = test.parent == room
        direct = module in with_helpers(test)
        return test in slow and not direct, not near, not direct, test in slow, test

    tests = [t for t in (ROOT / "tests").rglob("test_*.py") if "blender_addon" not in t.parts]
    return sorted((t for t in tests if module in everything_behind(t)), key=rank)


class Copy:
    """A copy of the tree, and the usual seconds of its tests."""

    def __init__(self, folder: Path, enough: float):
        self.root, self.enough = folder / "furrow", enough
        for name in COPIED:
            ignore = shutil.ignore_patterns("__pycache__", "assets")
            shutil.copytree(ROOT / name, self.root / name, ignore=ignore)
        for path in [*ROOT.glob("*.*"), ROOT / "Makefile", ROOT / "LICENSE"]:
            if path.is_file():
                shutil.copy2(path, self.root)
        (self.root / "models" / "assets").symlink_to(ROOT / "models" / "assets")
        self.usual: dict[Path, float | None] = {}

    def run(self, tests: list[Path], limit: float, log: Path | None = None) -> tuple[int, float]:
        """Exit status of pytest, -1 after ``limit`` seconds of processor time, and the seconds it took."""
        child = os.fork()
        if child == 0:
            self._child([str(self.root / t.relative_to(ROOT)) for t in tests], limit, log)
        _, status, used = os.wait4(child, 0)
        ended = os.waitstatus_to_exitcode(status)
        return (ended if ended >= 0 else -1), used.ru_utime + used.ru_stime

    def _child(self, tests: list[str], limit: float, log: Path | None) -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))
        os.environ |= {"PYTHONPATH": str(self.root.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        sys.path.insert(0, str(self.root.parent))
        sys.dont_write_bytecode = True
        out = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1), os.dup2(out, 2)
        os.chdir(self.root)
        import pytest

        status = 3
        try:
            status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(self.root), *tests])
        finally:
            os._exit(int(status))

    def chosen(self, module: Path) -> tuple[list[Path], float]:
        """Tests to run for a module, and their usual seconds; one that fails without a change is left out."""
        tests, total = [], 0.0
        for test in tests_of(module):
            if total > self.enough:
                break
            if test not in self.usual:
                status, seconds = self.run([test], 600)
                self.usual[test] = seconds if status == 0 else None
                if status:
                    print(f"left out, it fails without a change ({status}): {test.relative_to(ROOT)}", flush=True)
            if self.usual[test] is not None:
                tests.append(test)
                total += self.usual[test]
        return tests, total

    def survives(self, mutant: Mutant) -> bool:
        """Whether all tests pass with a change."""
        tests, usual = self.chosen(ROOT / mutant.path)
        original, file = ROOT / mutant.path, self.root / mutant.path
        file.write_bytes(mutant.applied(original.read_bytes()))
        try:
            status, _ = self.run(tests, TIMES * usual + GRACE) if tests else (0, 0.0)
        finally:
            shutil.copy2(original, file)
        return status == 0


def page(results: list[tuple[Mutant, bool]], seed: int) -> str:
    """The page that tells the figures and lists the survivors."""
    lines = ["| part | file | changes | survive |", "|---|---|---|---|"]
    for subject in SUBJECTS:
        for path in sorted({m.path for m, _ in results if m.subject == subject}):
            own = [survived for mutant, survived in results if mutant.path == path]
            lines.append(f"| {subject} | `{path}` | {len(own)} | {sum(own)} |")
    total = f"{sum(survived for _, survived in results)} of {len(results)} survive (seed {seed})."
    survivors = [f"- {mutant.describe()}" for mutant, survived in results if survived]
    return "\n".join([total, "", *lines, "", "## Survivors", "", *survivors, ""])


def read_state(path: Path) -> dict[Mutant, bool]:
    """What was done before."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {Mutant(**entry["mutant"]): entry["survived"] for entry in map(json.loads, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--survivors-of", type=Path, metavar="FILE")
    parser.add_argument("--enough", type=float, default=ENOUGH, help="seconds of tests for one change")
    parser.add_argument("--page", type=Path, help="file whose text below the line '<!-- figures -->' is replaced")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    done = read_state(args.state) if args.state else {}
    earlier = read_state(args.survivors_of) if args.survivors_of else {}
    results = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder), args.enough)
        for mutant in drawn(args.count, args.seed):
            if mutant not in done:
                done[mutant] = earlier.get(mutant, True) and copy.survives(mutant)
                print("survived" if done[mutant] else "noticed ", mutant.describe(), flush=True)
                if args.state:
                    with args.state.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({"mutant": asdict(mutant), "survived": done[mutant]}) + "\n")
            results.append((mutant, done[mutant]))
    figures = page(results, args.seed)
    print(figures)
    if args.page:
        head = args.page.read_text("utf-8").partition("<!-- figures -->")[0]
        args.page.write_text(f"{head}<!-- figures -->\n\n{figures}", "utf-8")


if __name__ == "__main__":
    main()
