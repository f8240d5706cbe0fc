"""A crowd of photos to a folder of characters: ``python examples/batch.py PHOTOS OUT``.

Run it again to go on where it stopped. A photo that cannot be used is named with the reason, and the rest go on.
"""

import sys
from pathlib import Path

from furrow.core.batch.people import find_people
from furrow.core.batch.run import run_batch


def main(photos: str, output: str) -> list[str]:
    crowd = find_people([Path(photos)], Path(output))
    outcomes = run_batch(crowd.people, Path(output), workers=1)
    return [f"{o.person.name}: {o.record.error or '; '.join(o.record.notes) or 'no notes'}" for o in outcomes]


if __name__ == "__main__":
    print("\n".join(main(*sys.argv[1:])))
