"""A short slice of the hostile files of ``make fuzz``, and that its checks can fail."""

from furrow.core.character import file as character_file
from furrow.core.io import photo as photo_module
from furrow.models.evaluation.made_up import tiny_character
from fuzz import check_character, check_photo, entries_of, hostile_characters, hostile_photos, run


def test_hostile_photos_load_or_are_refused_in_one_line():
    count, loaded, wrong = run(hostile_photos(60, seed=1), check_photo, "photo")
    assert wrong == [] and count == 60 and 10 < loaded < 50


def test_hostile_characters_are_refused_or_can_be_used():
    files = hostile_characters(entries_of(tiny_character()), 60, seed=1)
    count, loaded, wrong = run(files, lambda path: check_character(path, blender=False), "character.furrow")
    assert wrong == [] and count == 60 and 4 < loaded < 50


def test_what_escapes_is_found(monkeypatch):
    def broken(*_arguments):
        raise IndexError("a bug")

    monkeypatch.setattr(photo_module, "_to_srgb", broken)
    assert any("IndexError: a bug" in line for line in run(hostile_photos(30, seed=1), check_photo, "photo")[2])
    monkeypatch.setattr(character_file, "read_archive", broken)
    files = hostile_characters(entries_of(tiny_character()), 6, seed=1)
    assert any("a bug" in line for line in run(files, lambda path: check_character(path, False), "x.furrow")[2])


def test_the_corpus_is_the_same_for_the_same_seed():
    entries = entries_of(tiny_character())
    once, again, other = (list(hostile_characters(entries, 12, seed)) for seed in (1, 1, 2))
    assert once == again != other
    once, again, other = (list(hostile_photos(12, seed)) for seed in (1, 1, 2))
    assert once == again != other
