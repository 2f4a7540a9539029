"""The redaction key: where it is found, who can read it, and the errors for keys that can't be used."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from awstape.core.redaction.aliases import Key
from awstape.errors import UserError
from awstape.files.keys import find_key, find_old_key, find_or_create_key, key_file

KEY = "an example key of some length"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty config folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "awstape"


def write_key(text: bytes, mode: int = 0o600) -> None:
    key_file().parent.mkdir(parents=True)
    key_file().write_bytes(text)
    key_file().chmod(mode)


def test_the_key_file_is_in_the_config_folder(config: Path) -> None:
    assert key_file() == config / "key"


@pytest.mark.parametrize("environ", [{}, {"AWSTAPE_KEY": ""}], ids=["unset", "empty"])
def test_there_is_no_key_until_one_is_needed(environ: dict[str, str], config: Path) -> None:
    assert find_key(environ) is None
    assert not config.exists()


def test_the_variable_takes_precedence_over_the_file(config: Path) -> None:
    key = find_or_create_key({"AWSTAPE_KEY": KEY})
    assert not config.exists()
    made = find_or_create_key({})
    assert key == find_key({"AWSTAPE_KEY": f" {KEY}\n"}) != made


def test_the_key_is_created_once_and_only_its_user_can_read_it(config: Path) -> None:
    before = os.umask(0)
    try:
        key = find_or_create_key({})
    finally:
        os.umask(before)
    assert config.stat().st_mode & 0o777 == 0o700
    assert key_file().stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n", key_file().read_text())
    assert find_key({}) == find_or_create_key({}) == key
    assert list(config.iterdir()) == [key_file()]


def test_two_users_have_two_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = find_or_create_key({})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    assert find_or_create_key({}) != one


def test_the_file_may_hold_any_text(config: Path) -> None:
    write_key(KEY.encode() + b"\r\n")
    assert find_key({}) == find_key({"AWSTAPE_KEY": KEY})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_key_that_others_can_read_is_refused(mode: int) -> None:
    write_key(KEY.encode(), mode)
    for function in (find_key, find_or_create_key):
        with pytest.raises(UserError) as caught:
            function({})
        assert caught.value.problem == f"{key_file()}: other users can read the key"
        assert caught.value.tip == f"chmod 600 {key_file()}"


@pytest.mark.parametrize("text", ["short", "fifteen letters", " " * 40])
def test_a_short_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UserError, match=r"^AWSTAPE_KEY: a key has at least 16 characters$") as caught:
        find_key({"AWSTAPE_KEY": text})
    assert "secrets.token_hex" in caught.value.tip
    write_key(text.encode())
    with pytest.raises(UserError, match=r"/key: a key has at least 16 characters$"):
        find_key({})


@pytest.mark.parametrize("text", ["n" * 40, "abcde" * 8, "0" * 64, "٠" * 64])
def test_a_key_with_few_different_characters_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"^AWSTAPE_KEY: a key has at least 6 different characters$") as caught:
        find_key({"AWSTAPE_KEY": text})
    assert "secrets.token_hex" in caught.value.tip


@pytest.mark.parametrize("text", ["ein Schlüssel, länger als sechzehn", "undecodable \udcff\udcfe bytes in it"])
def test_the_variable_need_not_be_ascii(text: str) -> None:
    assert find_key({"AWSTAPE_KEY": text}) == find_key({"AWSTAPE_KEY": text}) != find_key({"AWSTAPE_KEY": KEY})


@pytest.mark.parametrize(
    "digits", ["0123456789abcdef" * 4, "0123456789ABCDEF" * 4, "01" * 32, "1234567890" * 6 + "1234"]
)
def test_64_hexadecimal_digits_are_the_key(digits: str) -> None:
    assert (
        find_key({"AWSTAPE_KEY": digits})
        == find_key({"AWSTAPE_KEY": f"{digits.lower()}\n"})
        == Key(bytes.fromhex(digits))
    )


def test_the_key_that_is_made_is_not_stretched() -> None:
    assert find_or_create_key({}) == Key(bytes.fromhex(key_file().read_text()))


@pytest.mark.parametrize(
    "phrase", [KEY, "ein Schlüssel, länger als sechzehn", "0123456" * 9, "0123456789abc" * 5, "٠١٢٣٤٥٦٧" * 8]
)
def test_a_phrase_is_stretched(phrase: str) -> None:
    """By scrypt, so that guessing is slow; a plain digest would make it quick."""
    key = find_key({"AWSTAPE_KEY": phrase})
    assert key == find_key({"AWSTAPE_KEY": f"\t{phrase} "}) == find_old_key({"AWSTAPE_OLD_KEY": phrase})
    assert key == Key(hashlib.scrypt(phrase.encode(), salt=b"awstape key 1", n=2**14, r=8, p=1, dklen=32))
    assert key != Key(hashlib.sha256(phrase.encode()).digest())
    assert key != find_key({"AWSTAPE_KEY": f"{phrase}."})


def test_a_phrase_is_stretched_once_in_a_process(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a tenth of a second, and every test of a run opens a tape."""
    stretched: list[bytes] = []
    scrypt = hashlib.scrypt

    def counted(phrase: bytes, **options: Any) -> bytes:
        stretched.append(phrase)
        return scrypt(phrase, **options)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    phrase = "a phrase that no other test has"
    write_key(f"{phrase}\n".encode())
    for environ in ({}, {"AWSTAPE_KEY": phrase}, {"AWSTAPE_KEY": f" {phrase} "}, {}):
        assert find_key(environ) == find_or_create_key(environ) == find_old_key({"AWSTAPE_OLD_KEY": phrase})
    assert stretched == [phrase.encode()]


def test_the_old_key_is_only_the_variable(config: Path) -> None:
    find_or_create_key({})
    assert find_old_key({}) is find_old_key({"AWSTAPE_OLD_KEY": "", "AWSTAPE_KEY": KEY}) is None
    with pytest.raises(UserError, match=r"^AWSTAPE_OLD_KEY: a key has at least 16 characters$"):
        find_old_key({"AWSTAPE_OLD_KEY": "short"})


def a_folder() -> None:
    key_file().mkdir(parents=True)


def a_file_in_the_way() -> None:
    key_file().parent.parent.mkdir()
    key_file().parent.touch()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (a_folder, "Is a directory"),
        (a_file_in_the_way, "Not a directory"),
        (lambda: write_key("ein Schlüssel, länger als sechzehn".encode()), "it is not ASCII"),
    ],
)
def test_a_key_that_cannot_be_read_is_refused_and_not_shown(make: Callable[[], None], reason: str) -> None:
    make()
    with pytest.raises(UserError) as caught:
        find_or_create_key({})
    assert caught.value.problem == f"{key_file()}: the key can't be read: {reason}"
    assert "AWSTAPE_KEY" in caught.value.tip


def test_a_folder_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/nowhere")
    with pytest.raises(UserError, match=r"^/proc/nowhere/awstape/key: a key can't be written there: ") as caught:
        find_or_create_key({})
    assert caught.value.tip == "set AWSTAPE_KEY"


def test_processes_that_start_together_agree_on_a_key(config: Path) -> None:
    """No process may read a key that is written in part."""
    code = "import os; from awstape.files.keys import find_or_create_key as f; input(); print(f({}).reveal().hex())"
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for process in running:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    keys = {process.communicate()[0] for process in running}
    assert len(keys) == 1
    assert keys == {find_or_create_key({}).reveal().hex() + "\n"}
    assert list(config.iterdir()) == [key_file()]


def test_a_key_made_by_another_process_meanwhile_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def after_the_other(source: str, target: Path) -> None:
        target.write_text(KEY)
        target.chmod(0o600)
        link(source, target)

    monkeypatch.setattr(os, "link", after_the_other)
    assert find_or_create_key({}) == find_key({"AWSTAPE_KEY": KEY})
