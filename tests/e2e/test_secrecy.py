"""No real value is left on the disk or printed to the terminal, however a recording ends."""

import base64
import binascii
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from e2e.conftest import Recorded
from e2e.harness import AWSTAPE, TIMEOUT, Machine, calls, to_upstream
from e2e.watch import Watch
from support.standin import StandIn

REAL = re.compile(
    r"""
    111122223333 | 123456789012 | 444455556666          # account ids
    | [A-Z0-9]{14}(?<!ANPAADMINISTRA)EXAMPLE | exampleorgid  # unique ids; that of a policy of AWS stays
    | DeployRole | AuditRole | ci-runner | NoSuchRole   # names
    | DeployPolicy | AuditPolicy | BoundaryPolicy | inline-artifacts
    | Admins | Developers | Auditors | account-external | account-unused
    | \balice\b | \bbot@ | readers@ | example-external-id
    | team-a | team-b | /ci/ | /bots/                   # paths
    | example-artifacts | example-org | example-repo
    """,
    re.VERBOSE,
)
MARKER = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{88}(?![A-Za-z0-9+/=])")
ESCAPE = re.compile(r"\\x([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})")
BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
LISTS_AND_WAITS = calls(
    "list(iam.get_paginator('get_account_authorization_details').paginate())",
    "iam.get_credential_report()",
    "print('ready', flush=True)",
    "import time; time.sleep(60)",
)


def readings(text: str) -> Iterator[str]:
    """Yields a text, and the texts that result from decoding it."""
    yield text
    yield unquote(unquote(text))
    yield ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
    for run in BASE64.findall(text):
        try:
            yield base64.b64decode(run, validate=True).decode("latin-1")
        except binascii.Error:
            continue


def is_clean(text: str) -> bool:
    """Whether a text contains no real value, encoded or not."""
    return not MARKER.search(text) and not any(REAL.search(reading) for reading in readings(text))


def dirty_files(*folders: Path) -> list[Path]:
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert files
    return [file for file in files if not is_clean(file.read_text("utf-8", errors="replace"))]


@pytest.fixture
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    return Watch(tmp_path_factory.mktemp("watch"))


@pytest.mark.parametrize(
    "text",
    [
        "in 111122223333:role",
        "%2Frole%2FDeployRole",
        "arn%253Aaws%253Aiam%253A%253A111122223333",
        base64.b64encode(b"user,arn\nalice,arn:aws:iam::111122223333:user/alice\n").decode(),
        "nextToken=" + "aB3+" * 22,
        "\\u0031\\u0031112222\\x33333",
    ],
)
def test_the_search_finds_encoded_values(text: str) -> None:
    assert not is_clean(f"some {text} text")


def test_a_recording_leaves_no_real_value(recorded: Recorded, machine: Machine, watch: Watch, aws: StandIn) -> None:
    assert not is_clean(recorded.run.out), "the program got no real values"
    assert is_clean(recorded.run.err)
    machine.environ |= watch.environ
    run = machine.record(machine.home / "tape.yaml", aws.url)
    assert is_clean(run.err)
    assert dirty_files(machine.home, machine.data_home, recorded.cassette.parent) == []
    assert list((machine.home / "tmp").iterdir()) == []
    written = "|".join(
        (
            "/dev/null",
            r".*/__pycache__/.*\.pyc(\.\d+)?",
            rf"{machine.data_home}/.*",  # the CA
            rf"{machine.home}/tmp/awstape-\w+/(signer|trusted|with-awstape)\.pem",
            rf"{machine.home}/tmp(/\w{{8}})?",  # tempfile tests whether it may write there; a file without a name
            rf"{machine.home}(/\.tape\.yaml\.\w+)?",  # already redacted
            rf"{machine.home}/tape\.yaml\.journal",  # redacted and encrypted
        )
    )
    assert [name for name in watch.events("awstape", "open") if not re.fullmatch(written, name)] == []


def test_a_recording_that_crashes_leaves_no_real_value(machine: Machine, aws: StandIn, cassette: Path) -> None:
    command = ("record", str(cassette), *to_upstream(aws.url), "--", *LISTS_AND_WAITS)
    with machine.process(*AWSTAPE, *command, PYTHONFAULTHANDLER="1") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGABRT)
        process.wait(TIMEOUT)
    assert dirty_files(machine.home, machine.data_home) == []
    assert not cassette.exists()


def test_a_miss_reports_no_real_value(recorded: Recorded, stranger: Machine, owner: Machine) -> None:
    names = "PolicyArn='arn:aws:iam::111122223333:policy/team-b/Developers', MaxItems=5"
    command = calls(
        "try: iam.get_role(RoleName='AuditRole')",
        "except ClientError as error: print(error)",
        f"try: iam.list_policy_versions({names})",
        "except ClientError as error: print(error)",
        "iam.list_roles(Marker='DeployRole')",
    )
    for machine, way in (stranger, ()), (owner, ("--proxy",)):
        run = machine.awstape("replay", recorded.cassette, *way, "--", *command)
        assert run.status == 1
        assert run.out.count("CassetteMiss") == 2
        assert is_clean(run.err)
        assert is_clean(run.out)
