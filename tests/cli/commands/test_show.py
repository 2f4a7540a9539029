"""`ls` and `show`: content, layout on terminals and in pipes, escaping."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from awstape.cli.main import main
from awstape.cli.terminal import rich_console, styled_text
from examples import ROOT
from support.failing import failure

CASSETTES = ROOT / "cassettes"
ROLES = CASSETTES / "roles.yaml"
POLICY = '{"Version":"2012-10-17","Statement":[{"Action":["s3:Get*"],"Action":1.50,"Resource":[]}]}'
NAUGHTY = r"x\e[31m[bold]y[/bold]\e]0;title\a\u202e:smile:\x9b2J"

#: All that is odd. The tracks are in cassette order.
ODD = rf"""version: 1
---
service: accessanalyzer
operation: GetAnalyzer
region: eu-west-1
identity: {{analyzerName: "{NAUGHTY}"}}
pages:
- output:
    analyzer: {{arn: "a\e[2J", name: "{NAUGHTY}", type: ACCOUNT, status: ACTIVE, createdAt: '2024-01-01T00:00:00Z'}}
---
service: accessanalyzer
operation: ListAnalyzers
region: us-east-1
identity: {{}}
faults: [throttle page=2 times=always]
pages:
- output: {{analyzers: [], nextToken: page-2.aaaa}}
---
service: iam
operation: DeleteRole
identity: {{RoleName: alias-Tsr76sms7l}}
pages:
- output: {{}}
---
service: iam
operation: GetRole
identity: {{RoleName: alias-S4t6r3rrlT}}
pages:
- error: {{status: 503}}
---
service: iam
operation: GetRole
identity: {{RoleName: alias-S4t6r3rrlT}}
pages:
- error: {{status: 404, code: NoSuchEntity}}
---
service: iam
operation: GetRolePolicy
identity: {{RoleName: alias-Tsr76sms7l, PolicyName: deploy}}
pages:
- output: {{RoleName: alias-Tsr76sms7l, PolicyName: deploy, PolicyDocument: '{POLICY}', Extra: "1"}}
  unmodelled: [Extra]
---
service: iam
operation: GetSSHPublicKey
identity: {{UserName: alias-t47lktr2ts, SSHPublicKeyId: APKA, Encoding: SSH}}
pages:
- output: {{}}
---
service: iam
operation: ListAccessKeys
identity: {{}}
pages:
- output:
    AccessKeyMetadata: [{{UserName: a, Status: Active}}, {{UserName: b}}, {{UserName: c}}]
    Marker: page-2.bbbb
- token: page-2.bbbb
  limit: 2
  output: {{AccessKeyMetadata: [{{UserName: d}}]}}
---
service: iam
operation: ListAccessKeys
identity: {{}}
pages:
- output: {{AccessKeyMetadata: [], Marker: take-2.page-2.bbbb}}
- token: take-2.page-2.bbbb
  output: {{AccessKeyMetadata: [{{UserName: e}}], Marker: take-2.page-3.bbbb}}
- token: take-2.page-3.bbbb
  error: {{status: 400, code: Throttling, message: "Rate\nexceeded"}}
"""


@pytest.fixture(autouse=True)
def no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWSTAPE_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "odd.yaml"
    path.write_text(ODD)
    return path


def said(capfd: pytest.CaptureFixture[str], *arguments: str | Path, status: int = 0) -> str:
    """The output of a command."""
    assert main([str(argument) for argument in arguments]) == status
    return capfd.readouterr().out


def rows(text: str) -> list[list[str]]:
    """The cells of the lines of a table."""
    return [re.split(r" {2,}", line.strip()) for line in text.splitlines()]


# --- ls ---


def test_ls_shows_pages_items_and_errors(capfd: pytest.CaptureFixture[str]) -> None:
    assert rows(said(capfd, "ls", ROLES))[0] == [str(ROLES), "iam"]
    assert rows(said(capfd, "ls", ROLES))[3:] == [
        ["1", "GetRole", "RoleName=alias-S4t6r3rrlT", "1", "NoSuchEntity"],
        ["2", "ListAttachedRolePolicies", "RoleName=alias-Tsr76sms7l", "2", "2+1"],
        ["3", "ListRoles", "2", "3+2"],
        ["3 tracks, 5 pages, 8 items, 1 error"],
    ]


def test_ls_shows_notes(odd: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = {row[0]: row[1:] for row in rows(said(capfd, "ls", odd))}
    assert table["accessanalyzer"] == table["iam"] == []
    assert table["1"][1].startswith(r"eu-west-1 analyzerName=x\u001b[31m[bold]y")
    assert table["2"] == ["ListAnalyzers", "us-east-1", "1", "0", "unfinished, fault throttle"]
    assert table["4"] == ["GetRole", "RoleName=alias-S4t6r3rrlT", "2", "2 takes, 503, NoSuchEntity"]
    assert table["5"][-2:] == ["1", "unmodelled"]
    assert table["7"] == ["ListAccessKeys", "5", "3+1, 0+1", "2 takes, Throttling"]
    assert table["7 tracks, 12 pages, 5 items, 3 errors, 1 unfinished, 1 fault"] == []


def test_ls_in_json(odd: Path, capfd: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(said(capfd, "ls", odd, ROLES, "--json"))
    assert [each["number"] for each in facts] == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3]
    about = {"cassette": str(odd), "number": 2, "service": "accessanalyzer", "operation": "ListAnalyzers"}
    counts = {"takes": 1, "pages": 1, "items": 0, "errors": [], "holes": 0, "complete": False}
    faults = ["throttle page=2 times=always"]
    assert facts[1] == {**about, "region": "us-east-1", "account": None, "identity": {}, **counts, "faults": faults}
    counts = {"takes": 2, "pages": 5, "items": 5, "errors": ["Throttling"], "complete": True}
    assert counts.items() <= facts[6].items()
    assert facts[2]["items"] is None


def test_one_bad_file_hides_no_other(odd: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bad = odd.with_name("a-bad.yaml")
    bad.write_text('version: 1\n---\n"a\\e[31m": 1\n')
    for option, count in (("--json", 10), (None, 2)):
        assert main(["ls", str(odd.parent), str(ROLES), *filter(None, [option])]) == 2
        output, errors = capfd.readouterr()
        assert errors.splitlines()[0] == rf"ERROR {bad}:3: a\u001b[31m: unknown key"
        assert errors.count("\n") == 2
        assert len(json.loads(output)) == count if option else "2 cassettes, 10 tracks, 17 pages" in output


def test_a_cassette_without_tracks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.yaml"
    path.write_text("version: 1\n")
    assert said(capfd, "ls", path) == f"{path}\n no tracks\n"
    assert said(capfd, "show", path) == ""
    assert said(capfd, "ls", path, "--json") == said(capfd, "show", path, "--json") == "[]\n"
    assert said(capfd, "show", path, "--textconv") == "cassette\n"


def test_textconv_prints_no_devices(capfd: pytest.CaptureFixture[str]) -> None:
    """A device may have no end."""
    assert "the file is empty" in failure(capfd, "show", os.devnull, "--textconv")[0]


def test_many_equal_pages_are_shown_as_a_count(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = "output: {{Users: [{{}}, {{}}], Marker: '{}'}}\n"
    pages = "- " + page.format(2) + "".join(f"- token: '{i}'\n  {page.format(i + 1)}" for i in range(2, 8))
    path = tmp_path / "many.yaml"
    path.write_text(f"version: 1\n---\nservice: iam\noperation: ListUsers\nidentity: {{}}\npages:\n{pages}")
    assert rows(said(capfd, "ls", path))[3] == ["1", "ListUsers", "7", "7×2", "unfinished"]


# --- show ---


def test_show_is_short_without_a_track(capfd: pytest.CaptureFixture[str]) -> None:
    assert said(capfd, "show", ROLES).splitlines()[2:5] == [
        "2 iam ListAttachedRolePolicies RoleName=alias-Tsr76sms7l",
        "├── page 1  2 items  → page-2.tyod  ReadOnlyAccess, alias-srrm4262kR",
        "└── page 2  1 item  AWSLambdaBasicExecutionRole",
    ]


def test_show_a_track(capfd: pytest.CaptureFixture[str]) -> None:
    assert said(capfd, "show", ROLES, "list-roles", "1") == (
        "1 iam GetRole RoleName=alias-S4t6r3rrlT\n"
        "└── page 1  404 NoSuchEntity\n"
        "    ├── The role with name alias-S4t6r3rrlT cannot be found.\n"
        "    └── Type=Sender\n"
        "\n"
        "3 iam ListRoles\n"
        "├── page 1  3 items  → page-2.qljy\n"
        "│   ├── alias-Tsr76sms7l             AROATAPELM7647MT3KSM7  2016-08-23\n"
        "│   ├── alias-rl732m2klm-tm3rls33kr  AROATAPE4TKRT443M27M7  2023-02-11  "
        "role/alias-rl732m2klm/alias-rl732m2klm-tm3rls33kr\n"
        "│   └── alias-66rS7L22tT             AROATAPES33S36LL33MRS  2021-12-31\n"
        "└── page 2  2 items\n"
        "    ├── AWSServiceRoleForSupport     AROATAPES47L3TL2742R6  2018-04-05"
        "  role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport\n"
        "    └── alias-klmrtm774l-6l7kl7mk6k  AROATAPET3SKS76STK2R7  2020-02-29\n"
    )


def test_show_takes_faults_and_missing_pages(odd: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shown = said(capfd, "show", odd, "*")
    for lines in (
        "├── fault: throttle page=2 times=always\n└── page 1  0 items  → page-2.aaaa, not recorded\n",
        "└── page 1  503\n",
        "    └── unmodelled: Extra\n",
        "├── take 1\n│   ├── page 1  3 items  → page-2.bbbb\n│   │   ├── a  Active\n",
        "│   └── page 2  1 item  limit 2\n",
        "    └── page 3  400 Throttling\n        └── Rate\\nexceeded\n",
    ):
        assert lines in shown
    assert "take 1" not in said(capfd, "show", odd, "ListAccessKeys take=2")


def test_a_page_in_full_lays_out_policy_documents(odd: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Only white space may be lost, not duplicate members or the spelling of numbers."""
    document = """\
      PolicyDocument: |
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Action": [
                "s3:Get*"
              ],
              "Action": 1.50,
              "Resource": []
            }
          ]
        }
      Extra: "1"
    unmodelled:
      - Extra
"""
    assert document in said(capfd, "show", odd, "5", "--page", "1")


def test_json_has_everything(odd: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (shown,) = json.loads(said(capfd, "show", odd, "7", "--json"))
    first, second = shown["recorded"]
    assert (shown["pages"], second["take"], [page["page"] for page in second["pages"]]) == (5, 2, [1, 2, 3])
    output = {"AccessKeyMetadata": [{"UserName": "d"}]}
    assert first["pages"][1] == {"page": 2, "token": "page-2.bbbb", "limit": 2, "output": output}
    assert second["pages"][2]["error"]["message"] == "Rate\nexceeded"
    (shown,) = json.loads(said(capfd, "show", odd, "7", "--json", "--page", "3"))
    assert [len(take["pages"]) for take in shown["recorded"]] == [0, 1]


def test_blobs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "blob.yaml"
    output = "output: {Content: !!binary '/wA=', ReportFormat: text/csv}"
    path.write_text(
        f"version: 1\n---\nservice: iam\noperation: GetCredentialReport\nidentity: {{}}\npages: [{{{output}}}]"
    )
    (shown,) = json.loads(said(capfd, "show", path, "--json"))
    assert shown["recorded"][0]["pages"][0]["output"]["Content"] == {"!!binary": "/wA="}
    assert "page 1  Content=2 bytes ReportFormat=text/csv\n" in said(capfd, "show", path)
    assert "Content: !!binary /wA=\n" in said(capfd, "show", path, "--textconv")


@pytest.mark.parametrize(
    ("arguments", "problem", "tip"),
    [
        ("9", "there is no track 9", "the cassette has 3; awstape ls numbers them"),
        ("ListRole", "no track matches 'ListRole'", "did you mean ListRoles?"),
        ("--page 0", "Invalid value for '--page'", "awstape show --help"),
        ("1 --page 2", "no selected track has a page 2", "shows the number of pages"),
        ("--textconv 1", "--textconv prints the whole cassette", "leave out"),
        ("--textconv --json", "--textconv prints the whole cassette", "leave out"),
    ],
)
def test_errors_of_show(arguments: str, problem: str, tip: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = failure(capfd, "show", ROLES, *arguments.split())
    assert problem in found[0]
    assert tip in found[1]


@pytest.mark.parametrize("command", ["ls", "show", "show *", "show * --page 1", "show --textconv"])
def test_nothing_raw_and_nothing_cut_in_a_pipe(
    command: str, odd: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    name, *rest = command.split()
    shown = said(capfd, name, odd, *rest)
    assert shown.replace("\n", "").isprintable()
    assert r"x\u001b[31m[bold]y[/bold]\u001b]0;title\u0007\u202e:smile:\u009b2J" in shown
    assert not re.search(r" $", shown, re.MULTILINE)
    assert "…" not in shown


# --- git ---


def test_git_diff_shows_members_and_documents(tmp_path: Path, odd: Path) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        ).stdout

    none = os.devnull
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": none, "GIT_CONFIG_SYSTEM": none, "GIT_PAGER": "cat", "LC_ALL": "C"}
    git("init", "-q")
    git("config", "diff.awstape.textconv", f"{sys.executable} -m awstape show --textconv")
    (tmp_path / ".gitattributes").write_text("*.yaml diff=awstape\n")
    git("add", ".")
    odd.write_text(ODD.replace('["s3:Get*"]', '["s3:Get*","s3:List*"]'))
    (tmp_path / "none.yaml").write_text("no cassette\n")
    git("add", "--intent-to-add", "none.yaml")
    changed = git("diff")
    assert "\n+no cassette\n" in changed
    assert '@@ iam GetRolePolicy {"RoleName": "alias-Tsr76sms7l", "PolicyName": "deploy"}\n' in changed
    assert '\n-                "s3:Get*"\n+                "s3:Get*",\n+                "s3:List*"\n' in changed
    assert len(re.findall(r"^[+-] ", changed, re.MULTILINE)) == 3


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"version: 2\r\n", b"a: \x1b[31m"])
def test_other_files_are_given_to_git_unchanged(
    data: bytes, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(data)
    assert main(["show", "--textconv", str(path)]) == 0
    assert capfdbinary.readouterr() == (data, b"")


# --- on a terminal ---


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("term", "no_color", "coloured"), [("xterm", "", 1), ("xterm", "1", 0), ("dumb", "", 0)])
def test_colours(term: str, no_color: str, coloured: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.delenv("COLORTERM", raising=False)
    for stream, expected in ((Terminal(), coloured), (io.StringIO(), 0)):
        monkeypatch.setattr(sys, "stdout", stream)
        assert (rich_console.console().color_system is not None) == bool(expected)
        assert styled_text.Terminal.of_output().has_colour == bool(expected)


PROGRAM = """
import sys
from awstape.cli.main import main
for command in sys.argv[2:]:
    name, *rest = command.split()
    main([name, sys.argv[1], *rest])
"""


def on_terminal(path: Path, columns: int, rows: int, *commands: str, **environ: str) -> str:
    """The output of commands on a terminal of a given size."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    around = {name: os.environ[name] for name in os.environ if name not in ("COLUMNS", "LINES", "NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, path, *commands],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**around, "TERM": "xterm-256color", "PYTHONUTF8": "1", **environ},
    )
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 65536):
            said += data
    except OSError:  # Linux reports so that the other side is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return said.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("columns", "rows", "environ"),
    [(80, 24, {}), (120, 40, {"NO_COLOR": "1"})],
    ids=["80 columns", "120 without colour"],
)
def test_output_fits_the_width_of_the_terminal(columns: int, rows: int, environ: dict[str, str], odd: Path) -> None:
    shown = on_terminal(odd, columns, rows, "ls", "show", "show *", "show * --page 1", **environ)
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert plain.replace("\n", "").isprintable()
    assert max(map(cell_len, plain.splitlines())) <= columns
    assert "[bold]" in plain
    assert ("\x1b[" in shown) == (not environ)
    for whole in ("alias-Tsr76sms7l", "alias-S4t6r3rrlT", "GetSSHPublicKey", "2 takes, Throttling", "unfinished"):
        assert whole in plain


# --- for a review ---


@pytest.fixture
def reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two cassettes, as the current folder's `tapes`."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tapes"
    (folder / "deep").mkdir(parents=True)
    text = ROLES.read_text("utf-8")
    (folder / "roles.yaml").write_text(text, "utf-8")
    (folder / "deep" / "odd.yaml").write_text(text.replace("000611752023", "314159265358", 1), "utf-8")
    return Path("tapes")


def test_each_text_is_listed_once_with_its_places(reviewed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--texts", str(reviewed)]) == 0
    lines = capfd.readouterr().out.splitlines()
    (deploys,) = [line for line in lines if "Deploys" in line]
    where = r"tapes/deep/odd\.yaml:\d+: iam ListRoles Roles\[\]\.Description"
    assert re.fullmatch(rf"2× Deploys <everything> .*  \({where}\)", deploys)
    assert re.fullmatch(r"\d+ free texts in 2 cassettes", lines[-1])
    assert main(["show", "--texts", "tapes/roles.yaml", "tapes/deep/odd.yaml"]) == 0
    assert set(capfd.readouterr().out.splitlines()) == set(lines) or lines[-1].endswith("2 cassettes")


def test_texts_as_json(reviewed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--texts", str(reviewed), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    (deploys,) = [each for each in found if each["text"].startswith("Deploys")]
    assert (deploys["kept"], deploys["kind"]) == ("", "")
    for place in deploys["places"]:
        assert place["member"] == "iam ListRoles Roles[].Description"
        assert "Deploys" in Path(place["cassette"]).read_text("utf-8").splitlines()[place["line"] - 1]
    assert [place["cassette"] for place in deploys["places"]] == ["tapes/deep/odd.yaml", "tapes/roles.yaml"]


def test_the_check_counts_the_same_texts(reviewed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--texts", str(reviewed)]) == 0
    number = capfd.readouterr().out.splitlines()[-1].split()[0]
    assert main(["check", "tapes/roles.yaml"]) == 0, "they are no findings"
    capfd.readouterr()
    assert main(["check", str(reviewed)]) == 1
    last = capfd.readouterr().out.splitlines()[-1]
    assert last == f"{number} free texts are left as they are: awstape show --texts tapes"


def test_a_folder_makes_one_page(reviewed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(reviewed), "--html", "page.html"]) == 0
    assert capfd.readouterr().out == "wrote page.html\n"
    assert main(["show", str(reviewed), "--html", "-"]) == 0
    page = capfd.readouterr().out
    assert page == Path("page.html").read_text("utf-8")
    data = json.loads(re.findall(r'<script type="application/json" id="cassette">(.*?)</script>', page)[0])
    assert {track["file"] for track in data["tracks"]} == {"deep/odd.yaml", "roles.yaml"}
    assert {place.partition(":")[0] for place, _, _ in data["findings"]} == {"deep/odd.yaml"}
    assert any(level == "error" and message.endswith("account id") for _, level, message in data["findings"])
    assert any(where.endswith(": iam ListRoles Roles[].Description") for _, _, where in data["texts"])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["tapes"], "tapes: is a folder"),
        (["tapes", "--texts", "--page", "1"], "--texts lists whole cassettes"),
        (["tapes", "--html", "x.html", "--json"], "--html writes whole tracks"),
        (["--texts", "tapes/roles.yaml", "ListRoles"], "ListRoles: no such file or folder"),
        (["tapes", "--html", "tapes/roles.yaml"], "tapes/roles.yaml: is the cassette itself"),
    ],
)
def test_what_a_review_can_not_show(
    arguments: list[str], problem: str, reviewed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", *arguments]) == 2
    assert capfd.readouterr().err.startswith(f"ERROR {problem}\nTIP ")
