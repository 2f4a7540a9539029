"""Recovery of takes that were set aside: through the tape and the commands, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from awstape import opening
from awstape.cli.main import main
from awstape.core.aws.model import Value
from awstape.core.recording.summary import Recording
from awstape.core.replay.misses import Miss
from awstape.errors import UserError
from awstape.files import cassette_files
from awstape.report import recording_lines
from support.exchanges import MODELS, Exchange, request, respond
from support.failing import failure
from support.tips import Tip, output_of, run_line

pytestmark = pytest.mark.usefixtures("values_stand")
ENVIRON = {"AWSTAPE_KEY": "5a" * 32}
PASSWORD = "zreal-horse-battery"
LOGIN: Exchange = (
    request("CreateLoginProfile", {"UserName": "zrealbob", "Password": PASSWORD}),
    respond("CreateLoginProfile"),
)
RULE = 'mask-members = ["Role.Description"]'


def get_role(name: str, description: str) -> Exchange:
    role: dict[str, Value] = {"RoleName": name, "Description": description}
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": role})


TRAFFIC = (LOGIN, get_role("zrealone", "harmless"), get_role("zrealtwo", f"it is {PASSWORD}!"))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.awstape]\n")
    return tmp_path / "team.yaml"


def record(path: Path, *pairs: Exchange) -> Recording:
    opened = opening.open_for_recording(path, "all", ENVIRON, opening.RecordOptions(include_writes=True))
    for asked, response in pairs:
        opened.record(asked, response)
    recording = opened.close()
    assert recording
    return recording


def holes(path: Path) -> list[str | None]:
    return [take.hole for take in cassette_files.load(path, MODELS).takes if take.track.operation == "GetRole"]


def held(path: Path) -> str:
    """The track that has a hole, as a text."""
    (track,) = (take.track for take in cassette_files.load(path, MODELS).takes if take.hole is not None)
    return str(track)


def files(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir() if each.name != "pyproject.toml")


def test_one_take_is_set_aside_and_everything_else_written(path: Path) -> None:
    lines = list(recording_lines("team.yaml", record(path, *TRAFFIC)))
    assert Tip("  once a rule settles it: awstape recover {}").take("\n".join(lines)) == "awstape recover team.yaml"
    assert lines[:4] == [
        "recorded team.yaml: 3 tracks, 3 pages, 0 items",
        f"  set aside: {held(path)}, page 1, take 1: secret of 19 characters in Role.Description; "
        f"`{RULE}` in [tool.awstape] of pyproject.toml settles it",
        "  1 take set aside, encrypted, in team.yaml.quarantine",
        "  once a rule settles it: awstape recover team.yaml",
    ]
    assert files(path) == ["team.yaml", "team.yaml.quarantine"]
    assert sorted(map(str, holes(path))) == ["None", "set aside: password in Role.Description"]
    assert PASSWORD not in path.read_text()


def test_recover_takes_it_in_once_the_rule_is_there(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record(path, *TRAFFIC)
    before = path.read_text()
    assert main(["recover", "team.yaml"]) == 1
    waiting, how = capfd.readouterr().out.splitlines()
    assert waiting.startswith(f"team.yaml: still set aside: {held(path)}, page 1, take 1: secret of 19 characters in")
    assert path.read_text() == before
    assert how == "awstape recover team.yaml --as-is TRACK takes a track in with these values in it"
    player = opening.open_for_replay([path], ENVIRON).player
    assert player
    miss = player.answer(request("GetRole", {"RoleName": "zrealtwo"}))
    assert isinstance(miss, Miss)
    command = Tip("to take it in once a rule settles it: awstape recover {}").take(miss.text)
    finding = output_of(capfd, "check team.yaml", 0)
    assert Tip("awstape recover, once a rule settles it").take(finding, "awstape recover") in command
    rule = Tip("; `{}` in [tool.awstape] of pyproject.toml settles it").take(waiting, "`(.*)`")
    assert Tip('mask-members = ["{}"]').printed(rule) == RULE
    path.with_name("pyproject.toml").write_text(f"[tool.awstape]\n{rule}\n")
    assert run_line(command) == 0
    assert capfd.readouterr().out == f"{path}: iam GetRole: taken in\n"
    assert holes(path) == [None, None]
    assert PASSWORD not in path.read_text()
    assert files(path) == ["team.yaml"]


def test_recover_takes_a_track_in_as_it_is(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record(path, *TRAFFIC, get_role("zrealthree", f"and {PASSWORD}"))
    assert main(["recover", "team.yaml"]) == 1
    tip = Tip("awstape recover {} --as-is TRACK takes a track in with these values in it")
    command = tip.take(capfd.readouterr().out, "(awstape .*) takes")
    assert run_line(command.replace("TRACK", "'GetRole RoleName=zrealtwo'")) == 1
    taken, *waiting = capfd.readouterr().out.splitlines()
    assert taken == "team.yaml: iam GetRole: taken in as it is, with secret of 19 characters in Role.Description"
    assert len(waiting) == 2
    assert f"Description: it is {PASSWORD}!" in path.read_text()
    assert f"and {PASSWORD}" not in path.read_text()
    assert main(["recover", "team.yaml", "--as-is", "GetRole"]) == 0
    assert PASSWORD not in capfd.readouterr().out
    assert files(path) == ["team.yaml"]
    recording = record(path, LOGIN)
    assert recording.set_aside == (), "what was taken in stays"
    assert path.read_text().count(PASSWORD) == 2


def test_recover_prints_json(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record(path, *TRAFFIC)
    assert main(["recover", "team.yaml", "--json"]) == 1
    printed = capfd.readouterr().out
    (fact,) = json.loads(printed)["team.yaml"]["set_aside"]
    assert (fact["operation"], fact["member"], fact["kind"], fact["length"]) == (
        "GetRole",
        "Role.Description",
        "password",
        19,
    )
    assert fact["rule"] == RULE
    assert PASSWORD not in printed


def test_a_track_that_is_not_there_is_an_error(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record(path, *TRAFFIC)
    problem, _ = failure(capfd, "recover", "team.yaml", "--as-is", "ListUsers")
    assert problem == "no track matches 'ListUsers': the cassette has no such operation"


def test_a_track_that_was_recorded_anew_replaces_what_was_set_aside(path: Path) -> None:
    record(path, *TRAFFIC)
    record(path, get_role("zrealtwo", "harmless"))
    assert files(path) == ["team.yaml"]
    assert holes(path) == [None, None]


def test_a_value_in_a_request_that_the_cassette_answers_is_known(path: Path) -> None:
    """The request for the password is not recorded again; the answer that holds it is, and must not be written."""
    record(path, LOGIN)
    opened = opening.open_for_recording(path, "new_episodes", ENVIRON, opening.RecordOptions(include_writes=True))
    assert opened.answer(LOGIN[0])
    asked, response = TRAFFIC[2]
    assert opened.answer(asked) is None
    opened.record(asked, response)
    recording = opened.close()
    assert recording
    assert [leak.member for aside in recording.set_aside for leak in aside.leaks] == ["Role.Description"]
    assert PASSWORD not in path.read_text()
    assert files(path) == ["team.yaml", "team.yaml.quarantine"]


def test_a_take_that_follows_those_of_the_cassette_is_set_aside_alone(path: Path) -> None:
    """The write makes the cassette stale; what is read then, behind its take, comes back into its place."""
    record(path, get_role("zrealtwo", "harmless"))
    opened = opening.open_for_recording(path, "new_episodes", ENVIRON, opening.RecordOptions(include_writes=True))
    for asked, response in (LOGIN, TRAFFIC[2]):
        assert opened.answer(asked) is None
        opened.record(asked, response)
    recording = opened.close()
    assert recording and len(recording.set_aside) == 1
    assert PASSWORD not in path.read_text()
    assert [hole is None for hole in holes(path)] == [True, False]
    assert main(["recover", "team.yaml", "--as-is", "GetRole"]) == 0
    assert f"Description: it is {PASSWORD}!" in path.read_text()
    assert holes(path) == [None, None]


def test_a_value_that_is_set_aside_is_known_to_the_next_recording(path: Path) -> None:
    """The next recording never sees the request that told what the value is."""
    record(path, *TRAFFIC)
    (aside,) = record(path, get_role("zrealtwo", f"once more {PASSWORD}")).set_aside
    assert [leak.value for leak in aside.leaks] == [PASSWORD]
    assert PASSWORD not in path.read_text()
    assert main(["recover", "team.yaml", "--as-is", "GetRole"]) == 0
    assert f"once more {PASSWORD}" in path.read_text(), "the newer take replaced the older one"
    assert files(path) == ["team.yaml"]


def test_a_track_that_was_removed_comes_back(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The cassette was deleted, and what was set aside is all that is left of the recording."""
    record(path, *TRAFFIC)
    path.unlink()
    assert main(["recover", "team.yaml", "--as-is", "GetRole"]) == 0
    assert "taken in as it is" in capfd.readouterr().out
    assert holes(path) == [None]


def test_an_edited_track_makes_it_obsolete(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record(path, *TRAFFIC)
    path.write_text(path.read_text().replace("hole: 'set aside: password in Role.Description'", "output: {}"))
    path.with_name("pyproject.toml").write_text(f"[tool.awstape]\n{RULE}\n")
    assert main(["recover", "team.yaml"]) == 0
    assert "removed from the quarantine: the track was recorded anew or edited since" in capfd.readouterr().out
    assert files(path) == ["team.yaml"]


def test_a_hole_whose_reason_was_edited_is_still_one(path: Path) -> None:
    record(path, *TRAFFIC)
    path.write_text(path.read_text().replace("'set aside: password in Role.Description'", "to be asked for"))
    assert main(["recover", "team.yaml", "--as-is", "GetRole"]) == 0
    assert holes(path) == [None, None]
    assert PASSWORD in path.read_text()


def test_a_quarantine_that_can_not_be_read_stops_a_recording_before_it_begins(path: Path) -> None:
    path.with_name("team.yaml.quarantine").write_text("my diary\n")
    with pytest.raises(UserError, match="not a quarantine of awstape"):
        opening.open_for_recording(path, "all", ENVIRON)
    assert path.with_name("team.yaml.quarantine").read_text() == "my diary\n"


def test_a_cassette_with_takes_set_aside_gets_no_other_key(
    path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record(path, *TRAFFIC)
    monkeypatch.setenv("AWSTAPE_OLD_KEY", ENVIRON["AWSTAPE_KEY"])
    monkeypatch.setenv("AWSTAPE_KEY", "6b" * 32)
    problem, tip = failure(capfd, "rekey", "team.yaml")
    assert problem == "team.yaml: takes of it are set aside under its present key"
    assert tip == "awstape recover team.yaml"
