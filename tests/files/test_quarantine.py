"""The quarantine beside a cassette: private, encrypted, replaced as a whole, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstape.core.redaction.aliases import Key
from awstape.errors import UserError
from awstape.files import quarantine

KEY, OTHER_KEY = Key(b"a key for tests"), Key(b"another key for tests")
TEXTS = ["zreal one\n", "zreal two", "ünïcode"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "team.yaml"


def test_what_is_saved_is_loaded(path: Path) -> None:
    assert quarantine.load(path, KEY) == []
    quarantine.save(path, KEY, TEXTS)
    file = path.with_name("team.yaml.quarantine")
    assert quarantine.quarantine_of(path) == file
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"zreal" not in file.read_bytes()
    assert quarantine.load(path, KEY) == TEXTS
    quarantine.save(path, KEY, TEXTS[1:])
    assert quarantine.load(path, KEY) == TEXTS[1:]
    quarantine.save(path, KEY, [])
    assert list(path.parent.iterdir()) == []


def test_it_is_beside_the_file_that_a_link_leads_to(path: Path, tmp_path: Path) -> None:
    (link := tmp_path / "link.yaml").symlink_to(tmp_path / "there" / "team.yaml")
    assert quarantine.quarantine_of(link) == tmp_path / "there" / "team.yaml.quarantine"


def test_another_key_loads_nothing(path: Path) -> None:
    quarantine.save(path, KEY, TEXTS)
    with pytest.raises(UserError, match="a quarantine made with another key") as caught:
        quarantine.load(path, OTHER_KEY)
    assert caught.value.tip == "set AWSTAPE_KEY to its key, or remove the file"


@pytest.mark.parametrize("damage", ["changed", "moved", "cut"])
def test_a_damaged_file_is_refused_and_kept(path: Path, damage: str) -> None:
    quarantine.save(path, KEY, TEXTS)
    file = quarantine.quarantine_of(path)
    head, first, second, third, _ = file.read_bytes().split(b"\n")
    lines = {
        "changed": [first[:-8] + b"AAAAAAA=", second, third],
        "moved": [second, first, third],
        "cut": [first, second, third[:-20]],
    }[damage]
    file.write_bytes(written := b"\n".join([head, *lines, b""]))
    with pytest.raises(UserError, match=r"[12] of 3 takes that are set aside can't be decrypted"):
        quarantine.load(path, KEY)
    assert file.read_bytes() == written


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a quarantine of awstape"),
        ("my diary\ntoday\n", "not a quarantine of awstape"),
        ('{"awstape journal": 1, "key": "x"}\nx\n', "not a quarantine of awstape"),
        ('{"awstape quarantine": 9, "key": "x"}\nx\n', "the quarantine of another version of awstape"),
    ],
)
def test_another_file_in_its_place_is_refused(path: Path, text: str, problem: str) -> None:
    quarantine.quarantine_of(path).write_text(text)
    with pytest.raises(UserError, match=problem):
        quarantine.load(path, KEY)


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    quarantine.quarantine_of(path).mkdir()
    for use in (lambda: quarantine.load(path, KEY), lambda: quarantine.save(path, KEY, TEXTS)):
        with pytest.raises(UserError, match=r"team\.yaml\.quarantine: can't be"):
            use()
