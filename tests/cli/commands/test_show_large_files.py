"""`ls`, `show` and `diff` of large cassettes, of which they read a part: they print what they print of small ones."""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from awstape.cli.main import main
from awstape.core.view import track_statistics
from awstape.files import cassette_files
from support.paths import ROOT
from support.tips import Tip

EXAMPLES = sorted((ROOT / "cassettes").glob("*.yaml"))
ROLES = ROOT / "cassettes" / "roles.yaml"
NOTE = "note: a large cassette, "


@pytest.fixture
def as_large(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(cassette_files, "LAZY_FROM", 1)
    return monkeypatch


class Result(NamedTuple):
    status: int
    stdout: str
    stderr: str


def run(*arguments: str | Path) -> Result:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([*map(str, arguments)])
    return Result(status, out.getvalue(), err.getvalue())


def both(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> Result:
    """What a command prints of large files, which is what it prints of small ones but for a note."""
    found = run(*arguments)
    with monkeypatch.context() as patch:
        patch.setattr(cassette_files, "LAZY_FROM", 10**9)
        whole = run(*arguments)
    assert (found.stdout, found.status) == (whole.stdout, whole.status)
    assert "".join(line for line in found.stderr.splitlines(True) if not line.startswith(NOTE)) == whole.stderr
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_output_is_that_of_reading_all(path: Path, as_large: pytest.MonkeyPatch) -> None:
    assert "whose items are counted and not read" in both(as_large, "ls", path).stderr
    both(as_large, "ls", path, "--json")
    both(as_large, "show", path)
    both(as_large, "show", path, "--json")
    assert "of which only these tracks are read" in both(as_large, "show", path, "1").stderr
    both(as_large, "show", path, "1", "--page", "1")
    tip = Tip("note: a large cassette, {}; to read all of it: awstape check {}")
    assert run(*shlex.split(tip.take(run("show", path, "1").stderr, "awstape check .*"))[1:]).status == 0


@pytest.mark.parametrize("old", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("new", EXAMPLES, ids=lambda path: path.stem)
def test_differences_are_those_of_reading_all(old: Path, new: Path, as_large: pytest.MonkeyPatch) -> None:
    both(as_large, "diff", old, new)
    both(as_large, "diff", old, new, "--json")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("IsTruncated: true", "IsTruncated: false"),
        ("service: iam\noperation: ListRoles\n", "service: iam\noperation: ListRoles\naccount: '000000000018'\n"),
        ("identity: {}\n", "identity: {}\nfaults:\n- throttle\n"),
        ("version: 1\n", "version: 1\naccount: '000000000018'\n"),
        ("pages:\n- output:\n    IsTruncated", "pages:\n- limit: 3\n  output:\n    IsTruncated"),
    ],
)
def test_what_an_edit_changes_is_found(before: str, after: str, tmp_path: Path, as_large: pytest.MonkeyPatch) -> None:
    edited = tmp_path / "edited.yaml"
    edited.write_text(ROLES.read_text("utf-8").replace(before, after, 1), "utf-8")
    assert edited.read_bytes() != ROLES.read_bytes()
    for pair in ((ROLES, edited), (edited, ROLES)):
        both(as_large, "diff", *pair)


def test_pages_of_equal_text_are_not_parsed(as_large: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_bytes(ROLES.read_bytes().replace(b"IsTruncated: true", b"IsTruncated: 1"))
    (tmp_path / "same.yaml").write_bytes(copy.read_bytes())
    found = run("diff", copy, tmp_path / "same.yaml")
    assert (found.status, found.stdout) == (0, "")  # its text is the same, and its error is not met
    assert "whose pages are read where their texts differ" in found.stderr


@pytest.mark.usefixtures("as_large")
@pytest.mark.parametrize("arguments", [("ls",), ("show",), ("show", "2"), ("diff", ROLES)])
def test_an_error_in_a_page_is_reported_with_its_line(arguments: tuple[str | Path, ...], tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    text = ROLES.read_text("utf-8").replace("IsTruncated: true", "IsTruncated: 1")
    path.write_text(text, "utf-8")
    command, *rest = arguments
    found = run(command, path, *rest)
    line = text.splitlines().index("    IsTruncated: 1") + 1
    assert f"{path}:{line}: pages[0].output.IsTruncated: expected a boolean, got a number" in found.stderr
    assert found.status == 2


@pytest.mark.usefixtures("as_large")
def test_a_listing_that_shows_one_track_does_not_meet_the_error_of_another(tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text(ROLES.read_text("utf-8").replace("IsTruncated: true", "IsTruncated: 1"), "utf-8")
    assert run("show", path, "GetRole").status == 0


def test_items_are_counted_without_being_parsed(as_large: pytest.MonkeyPatch) -> None:
    answers = []

    def note(operation: object, answer: object) -> int | None:
        answers.append(answer)
        return count(operation, answer)  # type: ignore[arg-type]

    count = track_statistics.count_answer_items
    as_large.setattr(track_statistics, "count_answer_items", note)
    run("ls", ROLES)
    outputs = [answer.output for answer in answers if answer.output]  # type: ignore[attr-defined]
    assert [len(output["Roles"]) for output in outputs if "Roles" in output] == [3, 2]
    assert all(role == {} for output in outputs for role in output.get("Roles", ()))


@pytest.mark.usefixtures("as_large")
def test_a_listing_whose_last_item_is_the_token_is_read(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    keys = "".join(f"    - Key: {name}\n      Size: 1\n" for name in ("a", "b"))
    pages = f"- output:\n    IsTruncated: true\n    Contents:\n{keys}- token: b\n  output:\n    IsTruncated: false\n"
    path.write_text(
        f"version: 1\n---\nservice: s3\noperation: ListObjects\nidentity:\n  Bucket: alias-1\npages:\n{pages}"
    )
    assert "2+0" in run("ls", path).stdout
