"""A folder of photos to a folder of characters: ``python examples/batch.py PHOTOS OUT``.

Models are loaded once. A photo that cannot be used is named with the reason, and the rest go on.
"""

import sys
from pathlib import Path

from furrow.core.character.file import save_character
from furrow.core.errors import FurrowError
from furrow.core.pipeline import load_models, reconstruct


def main(photos: str, output: str) -> list[str]:
    models, folder, lines = load_models(), Path(output), []
    folder.mkdir(parents=True, exist_ok=True)
    for photo in sorted(path for path in Path(photos).iterdir() if path.is_file()):
        try:
            character = reconstruct([photo], models=models)
            save_character(character, folder / f"{photo.stem}.furrow")
            lines.append(f"{photo.name}: {'; '.join(character.warnings) or 'no notes'}")
        except FurrowError as error:
            lines.append(f"left out: {error}")
    return lines


if __name__ == "__main__":
    print("\n".join(main(*sys.argv[1:])))
