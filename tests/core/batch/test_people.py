"""Photos, folders and lists to people with names of their own."""

import os
import sys
from pathlib import Path

import pytest
from furrow.core.batch.people import LONGEST_NAME, file_name, find_people
from furrow.core.errors import FurrowError


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def named(sources, output):
    return {person.file_name: [photo.name for photo in person.photos] for person in find_people(sources, output).people}


def test_a_folder_holds_people_and_sub_folders_are_one_person_each(tmp_path):
    photos = tmp_path / "photos"
    touch(photos / "b.JPG", photos / "a.png", photos / "Cy" / "2.jpg", photos / "Cy" / "1.jpg")
    touch(photos / "empty" / "x.md", photos / "notes.txt", photos / ".hidden.jpg", photos / "Cy" / "notes.md")
    crowd = find_people([photos], tmp_path / "out")
    assert named([photos], tmp_path / "out") == {"a": ["a.png"], "b": ["b.JPG"], "Cy": ["1.jpg", "2.jpg"]}
    assert crowd.ignored == 3
    assert [person.name for person in crowd.people] == ["a", "b", "Cy"]


def test_people_of_one_name_get_files_of_their_own(tmp_path):
    photos = [tmp_path / place for place in ("1/Anna.jpg", "2/anna.png", "3/anna-2.jpg", "1/Anna.png")]
    touch(*photos)
    names = list(named(photos, tmp_path / "out"))
    assert len({name.casefold() for name in names}) == 4 and names[:2] == ["Anna", "anna-2"]


def test_the_same_photo_is_one_person(tmp_path):
    touch(tmp_path / "a.jpg")
    assert len(find_people([tmp_path / "a.jpg", tmp_path / "x" / ".." / "a.jpg", tmp_path], tmp_path / "o").people) == 1


def test_a_list_has_a_path_on_each_line(tmp_path):
    touch(tmp_path / "a.jpg", tmp_path / "with space.jpg", tmp_path / "Cy" / "1.jpg")
    path = tmp_path / "crowd.txt"
    path.write_bytes("\ufeff# a comment\r\n\r\n a.jpg\r\nwith space.jpg\n/absent/Zoë.jpg\nCy\n".encode())
    assert named([path], tmp_path / "out") == {"a": ["a.jpg"], "with space": ["with space.jpg"], "Zoë": ["Zoë.jpg"],
                                               "1": ["1.jpg"]}


@pytest.mark.parametrize("content, words", [(b"", "There is no photo"), (b"\0\1\2", "no list of photos"),
                                            (None, "There is no list")])
def test_lists_without_a_photo_are_refused(tmp_path, content, words):
    path = tmp_path / "crowd.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FurrowError, match=words):
        find_people([path], tmp_path / "out")


def test_the_results_are_nobody(tmp_path):
    touch(tmp_path / "a.jpg", tmp_path / "out" / "contact.png")
    assert list(named([tmp_path], tmp_path / "out")) == ["a"]
    with pytest.raises(FurrowError, match="give another --out"):
        find_people([tmp_path], tmp_path)


@pytest.mark.parametrize(
    "name", ["<b>'\"&x</b>", "a\nb", "..", " . ", "x" * 300, "é" * 200, "\udcff\udcfe", "a/b\\c:d"]
)
def test_any_name_is_one_of_a_file_that_every_system_takes(name):
    made = file_name(name)
    assert made and not set(made) & set('<>:"/\\|?*\n') and made.strip(" .") == made
    assert len(made.encode("utf-8")) <= LONGEST_NAME


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux alone")
def test_names_that_are_no_text_stay_reachable(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.jpg")
    touch(path)
    (tmp_path / "crowd.txt").write_bytes(b"caf\xe9.jpg\n")
    for source in (path, tmp_path, tmp_path / "crowd.txt"):
        person = find_people([source], Path("/nowhere")).people[0]
        assert person.photos[0].exists() and (person.name, person.file_name) == ("caf?", "caf_")
