"""Following the tip of a miss that is no command: the request then finds what was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstape.core.aws.wire import Request
from awstape.core.replay.misses import Miss
from awstape.files import cassette_files
from awstape.opening import open_for_recording, open_for_replay
from support.exchanges import MODELS, request, respond
from support.tips import Tip

KEY = {"AWSTAPE_KEY": "a fake key of sixteen"}
OTHER = {"AWSTAPE_KEY": "another fake key of sixteen"}
GET_ROLE = request("GetRole", {"RoleName": "zreal-deploy"})


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a cassette of a user without a key file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "tape.yaml"


def record(path: Path, *asked: Request) -> None:
    opened = open_for_recording(path, "rewrite", KEY)
    for each in asked:
        opened.record(each, respond("GetRolePolicy" if b"GetRolePolicy" in each.body else "GetRole"))
    opened.close()


def answer(path: Path, asked: Request, environ: dict[str, str]) -> str:
    """The text of the miss for a request; empty if it is answered."""
    player = open_for_replay([path], environ).player
    assert player
    reply = player.answer(asked)
    return reply.text if isinstance(reply, Miss) else ""


def test_a_key_that_is_missing_or_another_one(path: Path) -> None:
    record(path, GET_ROLE)
    tips = {
        "none": Tip("without the cassette's key only aliases match: get your team's key, and set AWSTAPE_KEY"),
        "another": Tip("to match real values: set AWSTAPE_KEY to that key"),
    }
    for name, environ in ("none", {}), ("another", OTHER):
        variable = tips[name].take(answer(path, GET_ROLE, environ), "[A-Z]+_[A-Z]+")
        assert not answer(path, GET_ROLE, {variable: KEY["AWSTAPE_KEY"]})


def test_what_is_missing_is_recorded_with_the_key(path: Path) -> None:
    """The command is that of each miss; with the key it is printed alone."""
    record(path, GET_ROLE)
    text = answer(path, request("ListRoles"), {})
    tip = Tip("{}, set AWSTAPE_KEY to your team's key ({}), and: {}")
    variable, command = tip.take(text, "[A-Z]+_[A-Z]+"), tip.take(text, "and: (.*)")
    assert f"to record it: {command}" in answer(path, request("ListRoles"), {variable: KEY["AWSTAPE_KEY"]})


@pytest.mark.parametrize("setting", [r"keep = .*?\]", "keep-names = true"])
def test_a_name_that_a_program_makes_of_a_name(setting: str, path: Path) -> None:
    def ask(name: str) -> Request:
        return request("GetRolePolicy", {"RoleName": name, "PolicyName": f"{name}-inline"})

    record(path, ask("zreal-deploy"))
    (track,) = {take.track for take in cassette_files.load(path, MODELS).takes}
    text = answer(path, ask(str(track.identity["RoleName"])), {})
    tip = Tip('so that programs can make names of names: keep = ["NAME*"] or keep-names = true in [tool.awstape]')
    line = tip.take(text, setting).replace("NAME", "zreal-deploy")
    (path.parent / "pyproject.toml").write_text(f"[tool.awstape]\n{line}\n")
    assert Tip("and record anew: {}").take(text) == f"awstape record {path} --mode rewrite -- COMMAND"
    record(path, ask("zreal-deploy"))
    assert not answer(path, ask("zreal-deploy"), {})


def test_too_many_sessions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`serving/test_control_api.py` sends these requests."""
    monkeypatch.setattr("awstape.core.replay.sessions.MAX_SESSIONS", 1)
    record(path, GET_ROLE)
    player = open_for_replay([path], KEY).player
    assert player and not isinstance(player.answer(GET_ROLE, "one"), Miss)
    miss = player.answer(GET_ROLE, "two")
    tip = Tip("reset sessions that have ended with POST /~NAME/~/reset, or all sessions with POST /~/reset")
    assert isinstance(miss, Miss) and "/~NAME/~/reset" in tip.printed(miss.text)
    player.reset("one")
    assert not isinstance(player.answer(GET_ROLE, "two"), Miss)
