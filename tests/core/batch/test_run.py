"""A batch from start to end, with workers that reconstruct nothing."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from furrow.core.batch import crew
from furrow.core.batch.people import find_people
from furrow.core.batch.records import BEGUN, DONE, FAILED, Record, Settings, digest, read_record, write_record
from furrow.core.batch.run import Clock, in_words, run_batch
from furrow.core.errors import FurrowError, OutputError

FAKE = Path(__file__).parents[2] / "fake_worker.py"


class Batch:
    """A folder of photos, its results, and whom the workers were given."""

    def __init__(self, folder):
        self.folder, self.out, self.log = folder, folder / "out", folder / "log"
        (folder / "photos").mkdir()

    def photo(self, name, words="good"):
        path = self.folder / "photos" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(words, "utf-8")
        return path

    def run(self, workers=1, **options):
        """State by name, and whom workers were given."""
        self.log.unlink(missing_ok=True)
        people = find_people([self.folder / "photos"], self.out).people
        command = [sys.executable, str(FAKE), str(self.log)]
        outcomes = run_batch(people, self.out, workers=workers, command=command, **options)
        return {outcome.person.name: outcome.record for outcome in outcomes}, self.given()

    def given(self):
        return sorted(self.log.read_text("utf-8").splitlines()) if self.log.exists() else []


@pytest.fixture
def batch(tmp_path):
    return Batch(tmp_path)


def test_a_second_run_does_nothing_and_a_changed_photo_is_done_again(batch):
    for name in ("a.jpg", "b.jpg", "Cy/1.jpg", "Cy/2.jpg"):
        batch.photo(name)
    records, given = batch.run(workers=2)
    assert given == ["Cy", "a", "b"] and all(record.state == DONE for record in records.values())
    assert sorted(path.name for path in batch.out.glob("*.furrow")) == ["Cy.furrow", "a.furrow", "b.furrow"]
    again, given = batch.run()
    assert given == [] and again == records
    batch.photo("b.jpg", "good changed")
    assert batch.run()[1] == ["b"]
    assert (batch.out / "b.furrow").read_text() == "good changed None"
    batch.photo("Cy/2.jpg", "changed too")
    assert batch.run()[1] == ["Cy"]
    (batch.out / "a.furrow").unlink()
    assert batch.run()[1] == ["a"]
    assert batch.run(settings=Settings(1024))[1] == ["Cy", "a", "b"]


def test_a_bad_photo_stops_nobody_and_is_tried_again(batch):
    batch.photo("a.jpg", "bad")
    batch.photo("b.jpg")
    records, _ = batch.run()
    assert records["b"].state == DONE
    assert (records["a"].state, records["a"].error) == (FAILED, "a is no photo: use another.")
    assert not (batch.out / "a.furrow").exists()
    assert batch.run()[1] == ["a"]


def test_a_killed_worker_is_replaced_and_its_photo_tried_once_more(batch):
    batch.photo("a.jpg", "kills-once")
    batch.photo("b.jpg", "kills")
    batch.photo("c.jpg")
    records, given = batch.run()
    assert given == ["a", "a", "b", "b", "c"]
    assert records["a"].state == records["c"].state == DONE
    assert records["b"].state == FAILED and "ended 2 times" in records["b"].error
    assert sys.platform == "win32" or "signal 9" in records["b"].error


def test_a_worker_that_says_nothing_is_ended(batch, monkeypatch):
    monkeypatch.setattr(crew, "SILENT", 0.3)
    monkeypatch.setattr(crew, "LOOK", 0.05)
    batch.photo("a.jpg", "slow")
    batch.photo("b.jpg")
    records, _ = batch.run()
    assert records["b"].state == DONE and records["a"].state == FAILED


def test_stopped_in_the_middle_goes_on_from_there(batch):
    for name in "abcd":
        batch.photo(f"{name}.jpg")

    def stop(stage, _fraction, _message):
        if stage == "2 done":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch.run(report=stop)
    first = batch.given()
    assert "not done yet" in (batch.out / "summary.csv").read_text("utf-8")
    records, given = batch.run()
    assert all(record.state == DONE for record in records.values())
    assert {"a", "b"} <= set(first) and "d" in given and not {"a", "b"} & set(given)


def test_one_that_was_begun_and_not_ended_is_done_again(batch):
    batch.photo("a.jpg")
    batch.run()
    person = find_people([batch.folder / "photos"], batch.out).people[0]
    write_record(batch.out, person, replace(read_record(batch.out, person), state=BEGUN))
    assert batch.run()[1] == ["a"]


def test_a_character_that_is_not_of_the_batch_stays(batch):
    batch.photo("a.jpg")
    batch.out.mkdir()
    (batch.out / "a.furrow").write_text("mine")
    records, given = batch.run()
    assert given == [] and records["a"].state == FAILED and "not of a batch" in records["a"].error
    assert (batch.out / "a.furrow").read_text() == "mine"


@pytest.mark.parametrize("stored", ["", "[]", "7", '{"state": "done"}', '{"state": "done", "digest": 3}', "[" * 10**5,
                                    '{"state": "done", "digest": "x", "notes": 3}'])
def test_spoiled_records_are_none(batch, stored):
    batch.photo("a.jpg")
    batch.run()
    (batch.out / "batch" / "a.json").write_text(stored)
    person = find_people([batch.folder / "photos"], batch.out).people[0]
    assert read_record(batch.out, person) is None


def test_records_come_back_as_they_were(batch):
    batch.photo("a.jpg")
    person = find_people([batch.folder / "photos"], batch.out).people[0]
    (batch.out / "batch").mkdir(parents=True)
    record = Record(DONE, "12ab", 33.25, ("one", "two"), 4.5)
    write_record(batch.out, person, record)
    assert read_record(batch.out, person) == record


def test_the_digest_is_of_names_order_bytes_and_settings(batch):
    batch.photo("Cy/1.jpg", "one")
    batch.photo("Cy/2.jpg", "two")
    person = find_people([batch.folder / "photos"], batch.out).people[0]
    others = [replace(person, name="Di"), replace(person, photos=person.photos[::-1]),
              replace(person, photos=person.photos[:1])]
    digests = [digest(other, Settings()) for other in (person, *others)] + [digest(person, Settings(512))]
    assert len(set(digests)) == 5 and digest(person, Settings()) == digests[0]
    assert digest(replace(person, photos=(batch.folder / "absent.jpg",)), Settings()) == ""
    assert digest(replace(person, photos=(batch.folder,)), Settings()) == ""


def test_workers_that_never_start_are_one_clear_line(batch):
    batch.photo("a.jpg")
    people = find_people([batch.folder / "photos"], batch.out).people
    for command, words in (([sys.executable, "-c", "raise SystemExit(3)"], "exit status 3"), (["/absent"], "started")):
        with pytest.raises(FurrowError, match=words):
            run_batch(people, batch.out, workers=1, command=command)


def test_results_beside_a_file_of_their_name_are_refused(batch):
    batch.photo("a.jpg")
    batch.out.mkdir()
    (batch.out / "batch").write_text("a file")
    with pytest.raises(OutputError, match="Cannot write"):
        batch.run()


def test_progress_grows_to_one_and_tells_failures(batch):
    heard = []
    batch.photo("a.jpg", "bad")
    batch.photo("b.jpg")
    batch.run(report=lambda *said: heard.append(said))
    fractions = [fraction for _, fraction, _ in heard]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert heard[-1][2] == "2 of 2, 1 failed"


def test_time_left_is_told_from_the_work_done(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("furrow.core.batch.run.time.monotonic", lambda: now[0])
    clock = Clock(total=30, wanted=20)
    clock.hear(0, {"event": "progress", "fraction": 0.1})
    assert clock.message() == "10 of 30"
    now[0] += 600
    clock.hear(0, {"event": "person"})
    clock.hear(1, {"event": "error"})
    assert clock.message() == "12 of 30, 1 failed, 3 h 00 min left"  # 18 people of ten minutes each
    assert clock.fraction == pytest.approx(12 / 30)


@pytest.mark.parametrize("seconds, words", [(0.2, "1 s"), (29, "29 s"), (90, "2 min"), (3600 * 2 + 300, "2 h 05 min")])
def test_times_are_in_words(seconds, words):
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    "free, cores, workers", [(800, 8, 1), (crew.WORKER_MIB * 3 + 1, 8, 3), (10**6, 4, 4), (None, 2, 2)]
)
def test_workers_are_as_many_as_cores_and_memory_allow(monkeypatch, free, cores, workers):
    monkeypatch.setattr(crew.os, "sched_getaffinity", lambda _pid: set(range(cores)), raising=False)
    monkeypatch.setattr(crew, "_free_mib", lambda: free)
    assert crew.usual_workers() == workers


def test_a_bug_leaves_its_details_in_the_record(batch):
    batch.photo("a.jpg")
    people = find_people([batch.folder / "photos"], batch.out).people
    said = json.dumps({"event": "error", "kind": "Bug", "message": "Unexpected error: x", "details": "Traceback y"})
    command = [sys.executable, "-c", f"import sys; sys.stdin.readline(); print({said!r}, flush=True); sys.stdin.read()"]
    run_batch(people, batch.out, workers=1, command=command)
    assert read_record(batch.out, people[0]).details == "Traceback y"
