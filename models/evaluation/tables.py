"""Tables that benchmarks print."""

from __future__ import annotations

from collections.abc import Iterable


def print_table(titles: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A Markdown table, and an empty line after it."""
    titles = list(titles)
    print("| " + " | ".join(titles) + " |\n|" + "---|" * len(titles))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()
