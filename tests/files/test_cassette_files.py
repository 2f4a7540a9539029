"""Cassette files are found, and read strictly."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.documents import Document, DocumentText
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, write_cassette
from awstape.errors import UserError
from awstape.files import cassette_files, limited_reading

MODELS = load_models()
HEADER = "version: 1\n"


def take(operation: str = "ListUsers", identity: str = "{}", users: str = "Users: []") -> str:
    pages = f"pages:\n- output:\n    {users}\n"
    return f"---\nservice: iam\noperation: {operation}\nidentity: {identity}\n{pages}"


USERS = HEADER + take()
ADMINS = HEADER + take(identity="{PathPrefix: /admins/}")


def cassette(text: str = USERS) -> Cassette:
    return read_cassette(text, MODELS)


def problem_of(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        cassette_files.load_all([path], MODELS)
    assert caught.value.tip
    return caught.value.problem


# --- save ---


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "users.yaml"
    cassette_files.save(path, cassette())
    assert path.read_bytes() == write_cassette(cassette()).encode()
    assert write_cassette(cassette_files.load(path, MODELS)) == write_cassette(cassette())
    assert list(path.parent.iterdir()) == [path]


# --- find ---


def test_a_folder_is_searched_in_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/z.yml", "a/b.yaml", "a.yaml", "B.yaml", "a/notes.txt", "a/yaml", ".a.yaml.x7k2"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.yaml").mkdir()
    found = [str(path.relative_to(tmp_path)) for path in cassette_files.find(tmp_path)]
    assert found == ["B.yaml", "a/b.yaml", "a/z.yml", "a.yaml", "b.yaml"]


def test_a_file_is_found_whatever_its_name(tmp_path: Path) -> None:
    assert cassette_files.find(tmp_path / "cassette.txt") == [tmp_path / "cassette.txt"]


@pytest.mark.parametrize("below", ["node_modules", "a/node_modules/b", "site-packages", ".cache", "env"])
def test_installed_packages_are_not_searched(below: str, tmp_path: Path) -> None:
    """Their YAML is none of the project's. A folder that is named is searched."""
    (tmp_path / "a.yaml").write_text("version: 1\n")
    folder = tmp_path / below
    folder.mkdir(parents=True)
    (folder / "b.yaml").write_text("version: 1\n")
    (folder / "docs.yml").write_text("a: b\n")
    if below == "env":
        (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert cassette_files.find_in_folder(tmp_path) == [tmp_path / "a.yaml"]
    assert cassette_files.find_others_in_folder(tmp_path) == []
    assert cassette_files.find_in_folder(folder) == [folder / "b.yaml"]


def test_a_folder_without_cassettes_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    assert problem_of(tmp_path) == f"{tmp_path}: no cassettes in this folder"


# --- load ---


def test_several_files_make_one_cassette(tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_text(USERS)
    (tmp_path / "admins.yaml").write_text(ADMINS)
    loaded = cassette_files.load_all([tmp_path / "users.yaml", tmp_path / "admins.yaml"], MODELS)
    assert (
        write_cassette(loaded)
        == write_cassette(cassette_files.load_all([tmp_path], MODELS))
        == write_cassette(cassette(ADMINS + take()))
    )


def test_a_track_that_stands_in_several_files_says_the_same_in_all(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(USERS)
    (tmp_path / "b.yaml").write_text(ADMINS + take(users="Users: [{UserName: user-example}]"))
    there = tmp_path / "a.yaml"
    assert problem_of(tmp_path) == f"{tmp_path / 'b.yaml'}: iam ListUsers {{}} is also in {there}, with other takes"
    (tmp_path / "b.yaml").write_text(ADMINS + take())
    assert len(cassette_files.load_all([tmp_path], MODELS).takes) == 2, "one that says the same counts once"


def test_several_takes_of_a_track_may_stand_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(USERS + take(users="Users: [{UserName: user-example}]"))
    assert len(cassette_files.load_all([tmp_path], MODELS).takes) == 2


def test_a_file_that_is_named_twice_is_loaded_once(tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_text(USERS)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.yaml").symlink_to("users.yaml")
    paths = [tmp_path, tmp_path / "users.yaml", tmp_path / "folder" / ".." / "users.yaml"]
    assert len(cassette_files.load_all(paths, MODELS).takes) == 1


def test_a_cassette_of_any_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(USERS + take("GetUser", users="User: {UserName: user-example}"))
    monkeypatch.setattr(limited_reading, "MAX_BYTES", 10)
    assert len(cassette_files.load(path, MODELS).takes) == 2
    assert limited_reading.read_text(path) == path.read_text()


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
def test_a_file_is_the_same_in_blocks_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(
        USERS.replace("\n---", "\n# é€🙂 Müller\n---") + take("GetUser", users="User: {UserName: é}"), "utf-8"
    )
    whole = cassette_files.load(path, MODELS)
    monkeypatch.setattr(limited_reading, "_BLOCK", block)
    assert cassette_files.load(path, MODELS) == whole
    assert limited_reading.read_text(path) == path.read_text()
    (windows := tmp_path / "windows.yaml").write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r")
    assert limited_reading.read_text(windows) == f"{path.read_text()}\r"
    (latin := tmp_path / "latin.yaml").write_bytes(USERS.encode() + "é".encode() + "é".encode("latin-1"))
    assert problem_of(latin) == f"{latin}: not UTF-8 at byte {len(USERS) + 2}"
    latin.write_bytes(USERS.encode() + "€".encode()[:2])
    assert problem_of(latin) == f"{latin}: not UTF-8 at byte {len(USERS)}"


def test_of_a_large_cassette_one_document_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    with path.open("w") as file:
        file.write(USERS)
        file.writelines("---\n" + "# a comment\n" * 10_000 for _ in range(100))
    tracemalloc.start()
    try:
        with pytest.raises(UserError):
            cassette_files.load(path, MODELS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < path.stat().st_size / 2


def test_an_endless_file_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited_reading, "MAX_BYTES", 2**20)
    assert problem_of(Path("/dev/zero")) == "/dev/zero:1: not YAML: a control character"
    with pytest.raises(UserError, match="/dev/zero: larger than 1 MiB"):
        limited_reading.read_text(Path("/dev/zero"))


def test_a_file_of_nothing_is_no_cassette_whatever_its_size(tmp_path: Path) -> None:
    with (path := tmp_path / "hole.yaml").open("wb") as file:
        file.truncate(2**40)
    assert problem_of(path) == f"{path}:1: not YAML: a control character"
    with pytest.raises(UserError, match="larger than 64 MiB"):
        limited_reading.read_text(path)


def test_a_byte_order_mark_and_windows_line_ends_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_bytes(b"\xef\xbb\xbf" + USERS.replace("\n", "\r\n").encode())
    assert write_cassette(cassette_files.load(tmp_path / "users.yaml", MODELS)) == SCHEMA_LINE + USERS


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    missing, latin = tmp_path / "missing.yaml", tmp_path / "latin.yaml"
    latin.write_bytes(USERS.encode() + "# Müller".encode("latin-1"))
    assert problem_of(missing) == f"{missing}: can't be read: No such file or directory"
    assert problem_of(latin) == f"{latin}: not UTF-8 at byte {len(USERS) + 3}"
    with pytest.raises(UserError, match="can't be read: Is a directory"):
        cassette_files.load(tmp_path, MODELS)


def test_an_error_in_a_cassette_says_file_line_and_path(tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(USERS.replace("Users:", "Usres:"))
    with pytest.raises(UserError) as caught:
        cassette_files.load(path, MODELS)
    assert caught.value.problem.startswith(f"{path}:8: pages[0].output.Usres: ")
    assert "Users" in caught.value.problem
    assert caught.value.tip


# --- large files ---


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as large."""
    monkeypatch.setattr(cassette_files, "LAZY_FROM", 1)
    path = tmp_path / "users.yaml"
    path.write_text(USERS + take(identity="{PathPrefix: /b/}", users="Users: [1]"), "utf-8")
    return path  # the cassette has the second document first


def test_an_error_in_a_large_file_says_file_line_and_path_when_it_is_met(large: Path) -> None:
    loaded = cassette_files.load_all([large], MODELS, lazily=True)
    assert [take.track.identity for take in loaded.takes] == [{"PathPrefix": "/b/"}, {}]
    assert loaded.takes[1].pages[0].answer.output == {"Users": []}
    with pytest.raises(UserError) as met:
        _ = loaded.takes[0].pages
    with pytest.raises(UserError) as read:
        cassette_files.load_all([large], MODELS)
    assert met.value.problem == read.value.problem
    assert met.value.problem.startswith(f"{large}:15: pages[0].output.Users[0]")


def test_a_large_file_that_changes_while_it_is_replayed_is_noticed(large: Path) -> None:
    loaded = cassette_files.load_all([large], MODELS, lazily=True)
    large.write_text(ADMINS, "utf-8")
    with pytest.raises(UserError, match="changed while it is read"):
        _ = loaded.takes[0].pages


def test_a_large_file_that_is_replaced_stays_the_one_that_was_opened(large: Path, tmp_path: Path) -> None:
    loaded = cassette_files.load_all([large], MODELS, lazily=True)
    (tmp_path / "other").write_text(ADMINS, "utf-8")
    (tmp_path / "other").replace(large)
    assert loaded.takes[1].pages == cassette(USERS).takes[0].pages


def test_large_files_make_one_cassette(large: Path, tmp_path: Path) -> None:
    other = tmp_path / "admins.yaml"
    other.write_text(ADMINS, "utf-8")
    loaded = cassette_files.load_all([large, other], MODELS, lazily=True)
    assert loaded.find_takes
    assert [take.track.identity for take in loaded.find_takes("/admins/")] == [{"PathPrefix": "/admins/"}] * 2
    assert len(loaded.takes) == 3


def test_of_a_large_file_little_is_read(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    large.write_text(HEADER + "".join(take(identity=f"{{PathPrefix: /{n}/}}") for n in range(50)), "utf-8")

    def parse(document: DocumentText) -> Iterator[Document]:
        parsed.append(document.text)
        return parse_documents(document.text)

    monkeypatch.setattr("awstape.core.cassette.lazy_reader.parse", parse)
    loaded = cassette_files.load_all([large], MODELS, lazily=True)
    assert len(parsed) == 51
    assert not any("output" in text for text in parsed)
    _ = loaded.takes[7].pages, loaded.takes[7].pages
    assert len(parsed) == 52
