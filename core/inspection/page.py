"""The page: index.html beside its PNG files, readable offline, without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from ..io import png16
from ..io.safe_files import write_text

PAGE = "index.html"
STYLE = (  # of pages that Furrow writes
    "body{background:#1c1c1e;color:#e1e1e1;font:15px/1.45 sans-serif;margin:24px auto;max-width:1500px;padding:0 16px}"
    "h1{font-size:24px}h2{font-size:19px;margin-top:40px;border-top:1px solid #444;padding-top:14px}"
    "h3{font-size:16px;margin-bottom:2px}p{margin:2px 0 8px;max-width:1000px;color:#b4b4b8}"
    "img{max-width:100%;display:block}a{color:#8ab4f8;margin-right:14px}"
    "td,th{padding:2px 18px 2px 0;text-align:left;vertical-align:top;font-weight:normal}th{color:#b4b4b8}"
)


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of the page.

    Attributes:
        name: of its file, without the ending: letters, digits, underscores.
        title: what it shows.
        says: how to read it.
        pixels: (H, W, 3) uint8 sRGB.
    """

    name: str
    title: str
    says: str
    pixels: np.ndarray


@dataclass(frozen=True, eq=False)
class Section:
    """A part of the page.

    Attributes:
        stage: of the reconstruction.
        title: of the part.
        pictures: in order.
        rows: names and values of the numbers that matter.
    """

    stage: str
    title: str
    pictures: Sequence[Picture] = ()
    rows: Sequence[tuple[str, str]] = ()


def write_page(directory: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the page and its pictures into an existing folder.

    Raises:
        OSError: the folder cannot be written.
    """
    for picture in (picture for section in sections for picture in section.pictures):
        png16.write_png(directory / f"{picture.name}.png", picture.pixels)
    write_text(directory / PAGE, _html(title, sections))


def _html(title: str, sections: Sequence[Section]) -> str:
    links = "".join(f'<a href="#{_anchor(s)}">{escape(s.title)}</a>' for s in sections)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1><p>{links}</p>",
        *(_section(section) for section in sections),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _section(section: Section) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in section.rows)
    table = f"<table>{rows}</table>" if rows else ""
    pictures = "\n".join(
        f'<h3>{escape(p.title)}</h3><p>{escape(p.says)}</p><img src="{p.name}.png" alt="{escape(p.title)}"'
        f' width="{p.pixels.shape[1]}" height="{p.pixels.shape[0]}">'
        for p in section.pictures
    )
    return f'<h2 id="{_anchor(section)}" data-stage="{section.stage}">{escape(section.title)}</h2>{table}\n{pictures}'


def _anchor(section: Section) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in section.title.lower())
