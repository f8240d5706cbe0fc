"""Photo to character to a head in Blender: ``python examples/photo_to_blender.py PHOTO OUT.blend``."""

import sys
from pathlib import Path

from furrow.blender_addon.command import save_blend
from furrow.core.character.file import save_character
from furrow.core.errors import FurrowError
from furrow.core.pipeline import reconstruct


def main(photo: str, output: str) -> str:
    character = reconstruct([Path(photo)])
    save_character(character, Path(output).with_suffix(".furrow"))
    save_blend(character, Path(output))
    return "\n".join([f"{character.name}: {len(character.neutral)} vertices, 52 shape keys", *character.warnings])


if __name__ == "__main__":
    try:
        print(main(*sys.argv[1:]))
    except FurrowError as error:
        sys.exit(f"{error}")
