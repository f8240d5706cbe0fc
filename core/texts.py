"""Text from strangers: names of files and words in files, as any screen, file or other program can take them."""

from __future__ import annotations

import unicodedata

_UNSHOWN = ("Cc", "Cs", "Zl", "Zp")  # control characters, lone halves of a pair, separators of lines and paragraphs


def one_line(text: str) -> str:
    """Text that UTF-8 can hold, on one line: what is neither becomes a question mark.

    Names of files that are no UTF-8 reach Python with lone surrogates in them.
    """
    return "".join("?" if unicodedata.category(letter) in _UNSHOWN else letter for letter in text)


def shortened(text: str, most: int = 160) -> str:
    """One line of bounded length: what is too long loses its middle."""
    text = one_line(text)
    kept = (most - 3) // 2
    return text if len(text) <= most else f"{text[: most - 3 - kept]}...{text[-kept:]}"


def reason(error: BaseException) -> str:
    """The first line of what an error says, bounded in length; its kind where it says nothing."""
    lines = str(getattr(error, "strerror", None) or error).strip().splitlines()
    return shortened(lines[0]) if lines else type(error).__name__
