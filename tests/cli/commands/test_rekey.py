"""`awstape alias`, `awstape rekey`, and cassettes that meet another key than the one they were made with."""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

from awstape import opening
from awstape.cli.main import main
from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.writer import SCHEMA_LINE
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases, Key, key_fingerprint
from awstape.core.redaction.marks import Marks
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files
from awstape.opening import RecordMode
from support.exchanges import ACCOUNT, MODELS, request, respond
from support.failing import failure

#: Of 64 digits: no time is spent on stretching them.
OLD, NEW, OTHER = (digits * 32 for digits in ("01", "b1", "f1"))
KEYS = {text: key_fingerprint(Key(bytes.fromhex(text))) for text in (OLD, NEW, OTHER)}
ALIASES = {text: Aliases(Key(bytes.fromhex(text))) for text in (OLD, NEW)}
ARN = f"arn:aws:iam::{ACCOUNT}:role/zreal-deployer"
ASK = """
import os, sys, urllib.error, urllib.parse, urllib.request
form = urllib.parse.urlencode({"Action": "GetRole", "Version": "2010-05-08", "RoleName": sys.argv[1]}).encode()
try:
    print(urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], form).status)
except urllib.error.HTTPError as error:
    print(error.read().decode())
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The current folder, without settings; the key at hand is the new one."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("AWSTAPE_OLD_KEY", raising=False)
    monkeypatch.setenv("AWSTAPE_KEY", NEW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(path: Path, under: str = OLD, *names: str, mode: RecordMode = "all") -> Path:
    """A cassette with roles in it, recorded under a key."""
    opened = opening.open_for_recording(path, mode, {"AWSTAPE_KEY": under}, opening.RecordOptions(is_shared=True))
    for name in names or ("zreal-deployer",):
        output: dict[str, Value] = {"Role": {"RoleName": name, "Arn": ARN.replace("zreal-deployer", name)}}
        opened.record(request("GetRole", {"RoleName": name}), respond("GetRole", output))
    opened.close()
    return path


def without_key(path: Path) -> Path:
    path.write_text(re.sub("^key: .*\n", "", path.read_text(), flags=re.MULTILINE))
    return path


def said(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Runs a command that is to end well; its output."""
    assert main([str(argument) for argument in arguments]) == 0
    output, errors = capfd.readouterr()
    assert errors == ""
    return output


def asked(capfd: pytest.CaptureFixture[str], role: str, *cassettes: Path) -> str:
    """What a program gets that asks for a role."""
    main(["replay", *map(str, cassettes), "--", sys.executable, "-c", ASK, role])
    return capfd.readouterr().out


# --- alias ------------------------------------------------------------------------------------------------------


def test_an_alias_is_the_one_of_a_recording(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    text = record(folder / "x.yaml", NEW).read_text()
    assert f"Arn: {said(capfd, 'alias', ARN)}" in text
    assert f"RoleName: {said(capfd, 'alias', '--kind', 'role', 'zreal-deployer')}" in text


def test_recognisable_values_need_no_kind(capfd: pytest.CaptureFixture[str]) -> None:
    values = [ACCOUNT, "AROAEXAMPLEID12345678", "zreal@corp.example", "o-zrealorg123", ARN]
    lines = said(capfd, "alias", *values).splitlines()
    assert [is_alias(line) for line in lines] == [True] * 4 + [False]
    assert re.fullmatch(rf"arn:aws:iam::{lines[0]}:role/alias-[a-z2-7]{{10}}-[a-z2-7]{{10}}", lines[4])


@pytest.mark.parametrize("kind", ["role", "policy", "user", "group", "external-id", "bucket", "analyzer", "session"])
def test_a_name_has_the_alias_of_its_kind(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert said(capfd, "alias", "--kind", kind, "zreal") == ALIASES[NEW].name(kind, "zreal") + "\n"


def test_paths_and_providers(capfd: pytest.CaptureFixture[str]) -> None:
    assert re.fullmatch(
        r"/alias-[a-z2-7]{10}/service-role/\n", said(capfd, "alias", "--kind", "path", "/z/service-role/")
    )
    with_scheme, without = said(capfd, "alias", "--kind", "oidc-provider", "https://idp.zreal/x", "idp.zreal/x").split()
    assert with_scheme == f"https://{without}"


def test_what_is_an_alias_or_belongs_to_aws_stays(capfd: pytest.CaptureFixture[str]) -> None:
    aliases = said(capfd, "alias", ACCOUNT, ARN, "zreal@corp.example").split()
    assert said(capfd, "alias", *aliases).split() == aliases
    public = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "AWSServiceRoleForSupport", "ec2.amazonaws.com"]
    assert said(capfd, "alias", *public).split() == public
    (name,) = said(capfd, "alias", "--kind", "role", "zreal").split()
    assert said(capfd, "alias", name).split() == said(capfd, "alias", "--kind", "role", name).split() == [name]


def test_a_cassette_tells_the_aliases_of_values_that_it_marks(
    capfd: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, key = record(folder / "x.yaml", NEW), Key(bytes.fromhex(NEW))
    (plain,) = said(capfd, "alias", ACCOUNT).split()
    mark = Marks(key.digest).make("account", ACCOUNT, 0, plain)
    path.write_text(path.read_text().replace("\n---\n", f"\napart:\n- {mark}\n---\n", 1))
    for given in (path, folder):
        (marked,) = said(capfd, "alias", "--cassette", given, ACCOUNT).split()
        assert marked == Aliases(key, apart={mark}).account(ACCOUNT) != plain
    (folder / "pyproject.toml").write_text(f'[tool.awstape]\nkeep = ["{ACCOUNT}"]\n')
    monkeypatch.chdir("/")
    assert said(capfd, "alias", "--cassette", path, ACCOUNT).split() == [ACCOUNT]
    assert said(capfd, "alias", ACCOUNT).split() == [plain]


def test_the_aliases_of_another_key_s_cassette_are_refused(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    path = record(folder / "x.yaml", OLD)
    assert main(["alias", "--cassette", str(path), ACCOUNT]) == 2
    error = capfd.readouterr().err
    assert "made with another key" in error and KEYS[OLD] in error and KEYS[NEW] in error and "AWSTAPE_KEY" in error


def test_aliases_in_json(capfd: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capfd, "alias", "--json", ARN, ACCOUNT))
    assert list(found) == [ARN, ACCOUNT]
    assert list(found.values()) == said(capfd, "alias", ARN, ACCOUNT).split()


def test_there_is_a_line_for_each_value(capfd: pytest.CaptureFixture[str]) -> None:
    assert len(said(capfd, "alias", "--kind", "role", "zreal", "zreal", "zother").splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "problem", "tip"),
    [
        (["zreal-deployer"], "'zreal-deployer': can't tell what it names", "--kind role"),
        ([ACCOUNT, "zreal"], "'zreal': can't tell what it names", "--kind role"),
        (["--kind", "rloe", "x"], "unknown kind of name 'rloe'; did you mean role?", "kinds: account"),
        (["--kind", "colour", "x"], "unknown kind of name 'colour'", "oidc-provider, path"),
        ([], "Missing argument 'VALUE...'", "awstape alias --help"),
    ],
)
def test_a_name_of_no_kind(arguments: list[str], problem: str, tip: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = failure(capfd, "alias", *arguments)
    assert problem in found[0]
    assert tip in found[1]


@pytest.mark.parametrize("value", [ACCOUNT, "zkept@corp.example", ARN.replace("zreal", "zkept")])
def test_what_the_project_keeps_is_its_own_alias(value: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.awstape]\nkeep = ['zkept*', '{ACCOUNT}']\n")
    assert said(capfd, "alias", value) == f"{value}\n"


# --- rekey ------------------------------------------------------------------------------------------------------


def test_without_the_old_key_only_aliases_match(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = record(folder / "x.yaml")
    old = ALIASES[OLD].name("role", "zreal-deployer")
    assert said(capfd, "rekey", path).startswith(f"renewed 2 aliases in {path}\n")
    assert old not in path.read_text()
    assert cassette_files.load(path, MODELS).keys == {KEYS[NEW]}
    (new,) = set(re.findall(r"(?<=RoleName: )alias-\S+", path.read_text()))
    assert asked(capfd, new, path) == "200\n"
    assert "CassetteMiss" in asked(capfd, "zreal-deployer", path)


@pytest.mark.parametrize("source", ["names.txt", "-"])
def test_values_that_are_named_match_under_the_new_key(
    source: str, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, names = record(folder / "x.yaml", OLD, "zreal-a", "zreal-b"), f"\n{ACCOUNT}\n  zreal-a  \n\n"
    (folder / "names.txt").write_text(names)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(names.encode())))
    monkeypatch.setenv("AWSTAPE_OLD_KEY", OLD)
    assert main(["rekey", str(path), "--values", source]) == 0
    matching = "2 real values match from now on, 1 does not: a request with the alias still matches"
    renewed, told = capfd.readouterr()
    assert renewed.startswith(f"renewed 3 aliases in {path}\n{matching} (")
    assert told == "2 of 2 values were found\n"
    assert asked(capfd, "zreal-a", path) == "200\n"
    assert "CassetteMiss" in asked(capfd, "zreal-b", path)
    assert ALIASES[NEW].account(ACCOUNT) in path.read_text()


def test_values_that_are_not_found_are_told_by_their_line(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = record(folder / "x.yaml", OLD, "zreal-a")
    (folder / "names.txt").write_text("zreal-a\n\nzreal-c\nzreal-d\n")
    monkeypatch.setenv("AWSTAPE_OLD_KEY", OLD)
    assert main(["rekey", str(path), "--values", "names.txt"]) == 0
    assert capfd.readouterr().err == "1 of 3 values were found; not found: lines 3, 4\n"


def test_without_values_no_real_one_matches(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = record(folder / "x.yaml", OLD, "zreal-a", "zreal-b")
    assert "\n0 real values match from now on, 3 do not: " in said(capfd, "rekey", path)


def test_values_need_the_old_key(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = record(folder / "x.yaml")
    before = path.read_bytes()
    (folder / "names.txt").write_text("zreal-deployer\n")
    problem, tip = failure(capfd, "rekey", path, "--values", "names.txt")
    assert problem == "finding real values needs the old key"
    assert tip == "set AWSTAPE_OLD_KEY to it"
    assert path.read_bytes() == before


def test_values_that_are_not_utf_8_are_refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "names.txt").write_bytes("Schlüssel\n".encode("latin-1"))
    assert "UTF-8" in failure(capfd, "rekey", record(folder / "x.yaml"), "--values", "names.txt")[0]


@pytest.mark.parametrize("bad", ["wrong key", "broken", "unwritable", "short key"])
def test_nothing_is_written_if_one_cassette_can_not_be(
    bad: str, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWSTAPE_OLD_KEY", "short" if bad == "short key" else OLD)
    good, other = record(folder / "a.yaml"), record(folder / "b.yaml", OTHER if bad == "wrong key" else OLD)
    if bad == "broken":
        other.write_text(other.read_text() + "colour: red\n")
    if bad == "unwritable":
        monkeypatch.setattr("os.access", lambda path, mode: Path(path) != other)  # root may write anywhere
    before = {path: path.read_bytes() for path in (good, other)}
    problem, _ = failure(capfd, "rekey", folder)
    expected = {
        "wrong key": f"{other}: made with another key ({KEYS[OTHER]}) than AWSTAPE_OLD_KEY ({KEYS[OLD]})",
        "broken": f"{other}:14: colour: unknown key",
        "unwritable": f"{other}: can't be written: permission denied",
        "short key": "AWSTAPE_OLD_KEY: a key has at least 16 characters",
    }
    assert problem == expected[bad]
    assert {path: path.read_bytes() for path in (good, other)} == before
    assert sorted(folder.iterdir()) == [good, other]


@pytest.mark.parametrize("command", ["rekey", "redact"])
def test_no_recording_is_written_between_reading_and_writing(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under = OLD if command == "rekey" else NEW
    one, other = record(folder / "a.yaml", under), record(folder / "b" / "b.yaml", under)
    for path in (one, other):
        path.write_text(re.sub(r"iam::\d{12}", f"iam::{ACCOUNT}", path.read_text()))
    written: list[Path] = []

    def check(path: Path, data: bytes) -> None:
        written.append(path)
        for each in (one.parent, other.parent):
            lock = os.open(each, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(lock)

    monkeypatch.setattr(atomic_writes, "write_file", check)
    assert main([command, str(folder)]) == 0
    assert written == [one, other]


def test_what_is_being_recorded_is_not_renewed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = record(folder / "x.yaml")
    before, opened = path.read_bytes(), opening.open_for_recording(path, "all", {"AWSTAPE_KEY": OLD})
    assert main(["rekey", str(path)]) == 2
    assert f"TIP with that key: awstape recover {path}\n" in capfd.readouterr().err
    assert path.read_bytes() == before
    opened.close()


def test_what_has_the_new_key_is_left_alone(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "below").mkdir()
    old, new = record(folder / "below" / "old.yaml"), record(folder / "new.yaml", NEW)
    new.write_text("# a comment stays\n" + new.read_text())
    before = new.read_bytes()
    assert said(capfd, "rekey", folder, old).startswith(f"renewed 2 aliases in {old}\n")
    assert new.read_bytes() == before
    assert said(capfd, "rekey", folder) == "all have this key already\n"


def test_the_mapping_in_json_is_for_all_cassettes(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, other = record(folder / "a.yaml"), without_key(record(folder / "b.yaml", OLD, "zreal-deployer", "zreal-b"))
    before = one.read_text(), other.read_text()
    mapping = json.loads(said(capfd, "rekey", "--json", folder))
    for text, path in zip(before, (one, other), strict=True):
        renewed = re.sub("|".join(sorted(mapping)), lambda match: mapping[match[0]], text)
        takes = path.read_text().split("---\n")
        assert sorted(takes[1:]) == sorted(renewed.split("---\n")[1:])
        assert takes[0] == f"{SCHEMA_LINE}version: 1\nkey: {KEYS[NEW]}\n"


# --- the key of a cassette --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["all", "new_episodes"])
def test_two_keys_do_not_go_into_one_cassette(mode: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = record(folder / "x.yaml")
    before = path.read_bytes()
    problem, tip = failure(capfd, "record", path, "--mode", mode, "--", "true")
    assert problem == f"{path}: made with another key (fingerprint {KEYS[OLD]}) than the present one ({KEYS[NEW]})"
    anew = f"awstape record {path} --mode rewrite -- true"
    dropping = f"to drop everything that is recorded, and record it with a key of your own: {anew}"
    assert tip == f"set AWSTAPE_KEY to your team's key; {dropping}"
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["record", "record --mode new_episodes", "record --mode once", "redact"])
def test_no_key_is_made_for_a_cassette_that_has_one(
    command: str, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = record(folder / "x.yaml")
    monkeypatch.delenv("AWSTAPE_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    name, *options = command.split()
    program = ["--", "true"] if name == "record" else []
    before = path.read_bytes()
    status = main([name, str(path), *options, *program])
    told = capfd.readouterr().err
    assert not (folder / "config").exists()
    assert path.read_bytes() == before
    if name == "record" and "once" not in options:
        assert status == 2
        assert f"{path}: made with a key (fingerprint {KEYS[OLD]}) that is not here" in told
        assert told.index("set AWSTAPE_KEY to your team's key") < told.index("to drop everything that is recorded")
    assert "made a key" not in told


def test_rewriting_takes_the_new_key(folder: Path) -> None:
    path = record(record(folder / "x.yaml"), NEW, "zreal-b", mode="rewrite")
    assert cassette_files.load(path, MODELS).keys == {KEYS[NEW]}
    assert len(cassette_files.load(path, MODELS).takes) == 1


def test_a_cassette_that_got_another_key_meanwhile_is_not_written(folder: Path) -> None:
    path = folder / "x.yaml"
    opened = opening.open_for_recording(path, "all", {"AWSTAPE_KEY": OLD}, opening.RecordOptions(is_shared=True))
    opened.record(request("ListUsers"), respond("ListUsers"))
    before = record(path, NEW).read_bytes()
    with pytest.raises(UserError, match="made again with another key in the meantime"):
        opened.close()
    assert path.read_bytes() == before


def test_without_a_fingerprint_it_is_recorded_and_replayed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = record(without_key(record(folder / "x.yaml", NEW)), NEW, "zreal-b")
    assert len(cassette_files.load(path, MODELS).takes) == 2
    assert asked(capfd, "zreal-deployer", without_key(path)) == asked(capfd, "zreal-b", path) == "200\n"
    assert "redacted with your key; with another key only aliases match" in asked(capfd, "zreal-c", path)


def test_a_miss_tells_of_another_key(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = record(folder / "x.yaml")
    told = f"made with another key ({KEYS[OLD]}; yours is {KEYS[NEW]}) match only as aliases"
    assert told in asked(capfd, "zreal-deployer", path)
    assert asked(capfd, ALIASES[OLD].name("role", "zreal-deployer"), path) == "200\n"
    monkeypatch.setenv("AWSTAPE_KEY", OLD)
    assert "another key" not in asked(capfd, "zreal-b", path)
    monkeypatch.delenv("AWSTAPE_KEY")
    text = asked(capfd, "zreal-deployer", path)
    assert "get your team's key, and set AWSTAPE_KEY" in text
    assert "another key" not in text


def test_cassettes_of_two_keys_are_replayed_together(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, other = record(folder / "a.yaml", NEW, "zreal-a"), record(folder / "b.yaml", OLD, "zreal-b")
    assert asked(capfd, "zreal-a", one, other) == "200\n"
    assert asked(capfd, ALIASES[OLD].name("role", "zreal-b"), folder) == "200\n"
    text = asked(capfd, "zreal-b", folder)
    assert "CassetteMiss" in text
    assert KEYS[OLD] in text, "the miss tells which key one of them was made with"
