"""Several callers in one process: replay tells clients apart by their credentials, and neither uses nor renews them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials, RefreshableCredentials
from botocore.exceptions import ClientError

import awstape
from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.redaction.aliases import Aliases
from awstape.errors import MissError
from awstape.files.keys import find_key
from awstape.inprocess.botocore_hook import InProcess
from awstape.opening import open_for_recording
from support import in_process
from support.exchanges import cassette, recorder, request, respond
from support.in_process import ENVIRON
from support.standin import StandIn
from support.tips import Tip

KEY = find_key(ENVIRON)
assert KEY
REAL = [access_key_of_account(account) for account in ("111122223333", "444455556666")]
ALIASES = [Aliases(KEY).account(account) for account in ("111122223333", "444455556666")]


tried = in_process.tried


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A cassette in which the first caller has one role, and the second has two."""
    exchanges = [
        (request("ListRoles", caller=caller), respond("ListRoles", {"Roles": [{"RoleName": "x"}] * number}))
        for number, caller in enumerate(REAL, 1)
    ]
    return in_process.save(tmp_path / "a.yaml", recorder(*exchanges, key=KEY).finish().cassette)


def roles(client: Any) -> int:
    return len(client.list_roles()["Roles"])


def session(account: str) -> boto3.Session:
    return boto3.Session(**awstape.credentials(account))


def test_clients_get_what_was_recorded_for_their_account(path: Path) -> None:
    with awstape.replay(path, strict=True):
        assert [roles(session(alias).client("iam")) for alias in (*ALIASES, *ALIASES[::-1])] == [1, 2, 2, 1]
        assert roles(boto3.client("iam", **awstape.credentials(ALIASES[1]))) == 2
        assert roles(session(ALIASES[1]).resource("iam").meta.client) == 2


def test_others_get_the_data_of_the_first_caller(path: Path) -> None:
    first = awstape.replay(path).tape.callers[0]
    with awstape.replay(path):
        assert roles(boto3.client("iam")) == 1 + ALIASES.index(first)


def test_with_the_key_real_credentials_tell_the_caller(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])
    with awstape.replay(path):
        found = [roles(boto3.client("iam", aws_access_key_id=id_, aws_secret_access_key="fake")) for id_ in REAL]
    assert found == [1, 2]


def test_a_client_from_before_the_replay_is_known_at_its_first_request(path: Path) -> None:
    client = session(ALIASES[1]).client("iam", region_name="us-east-1")
    with awstape.replay(path):
        assert [roles(client), roles(client)] == [2, 2]


@pytest.mark.parametrize("kind", ["stranger", "unsigned"])
def test_a_caller_that_the_cassette_does_not_know_misses(kind: str, path: Path) -> None:
    config = Config(signature_version=UNSIGNED) if kind == "unsigned" else None
    options = {"aws_access_key_id": "AKIASTRANGER", "aws_secret_access_key": "fake"} if kind == "stranger" else {}
    told = r"the cassette doesn't know the caller; it knows 000\d{9}, 000\d{9}"
    missed = pytest.raises(MissError, match=told)
    with missed as error, awstape.replay(path), pytest.raises(ClientError, match="CassetteMiss"):
        boto3.client("iam", config=config, **options).list_roles()
    assert "STRANGER" not in str(error.value)
    known = Tip("for credentials of a caller: {}").take(str(error.value), "boto3.*")
    with awstape.replay(path):
        assert roles(eval(known).client("iam")) in (1, 2)  # the text of awstape itself


def test_a_real_caller_is_known_with_the_key(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape = awstape.replay(path)
    options = {"aws_access_key_id": REAL[1], "aws_secret_access_key": "fake"}
    with suppress(MissError, ClientError), tape:
        boto3.client("iam", **options).list_roles()
    tip = Tip("without the cassette's key only such credentials tell the caller; or set AWSTAPE_KEY")
    monkeypatch.setenv(tip.take(tape.misses[0].text, "AWSTAPE_KEY"), ENVIRON["AWSTAPE_KEY"])
    with awstape.replay(path):
        assert roles(boto3.client("iam", **options)) == 2


def refuse() -> Any:
    raise AssertionError("credentials were refreshed")


def with_credentials(credentials: Any) -> Any:
    """A client with credentials that can be refreshed."""
    of_botocore = botocore.session.Session()
    of_botocore._credentials = credentials
    return boto3.Session(botocore_session=of_botocore, region_name="us-east-1").client("iam")


def test_credentials_that_have_expired_are_not_refreshed(path: Path) -> None:
    expired = datetime(2020, 1, 1, tzinfo=UTC)
    known = RefreshableCredentials(access_key_of_account(ALIASES[1]), "x", "x", expired, refuse, "x")
    with awstape.replay(path):
        assert roles(with_credentials(known)) == 2


def test_credentials_that_were_not_fetched_yet_are_unknown(path: Path) -> None:
    client = with_credentials(DeferredRefreshableCredentials(refuse, "assume-role"))
    with pytest.raises(MissError), awstape.replay(path), pytest.raises(ClientError, match="it has no credentials"):
        client.list_roles()


def test_a_cassette_of_one_caller_answers_clients_with_any_credentials(tmp_path: Path) -> None:
    one = in_process.save(tmp_path / "one.yaml", cassette((request("ListRoles", caller=REAL[0]), respond("ListRoles"))))
    with awstape.replay(one):
        for options in ({}, {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}):
            assert boto3.client("iam", **options).list_roles()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_recording_tells_callers_apart(aws: StandIn, tmp_path: Path) -> None:
    target = tmp_path / "new.yaml"
    with InProcess(open_for_recording(target, "all", ENVIRON)):
        for id_ in (*REAL, "testing"):
            client = boto3.client(
                "iam", "us-east-1", endpoint_url=aws.url, aws_access_key_id=id_, aws_secret_access_key="x"
            )
            client.get_account_summary()
    text = target.read_text()
    assert text.count("operation: GetAccountSummary") == 3
    assert text.count("account: ") == 3, "the header names one, and two tracks theirs"
    assert all(alias in text for alias in ALIASES)
    assert not any(real in text for real in REAL)


OF_A_ROLE = f"""version: 1
account: '{ALIASES[0]}'
---
service: iam
operation: ListRoles
account: '{ALIASES[1]}'
identity: {{}}
pages:
- output: {{IsTruncated: false, Roles: []}}
---
service: sts
operation: AssumeRole
identity: {{RoleArn: 'arn:aws:iam::{ALIASES[1]}:role/alias-lSt23RLSS3'}}
pages:
- output:
    Credentials:
      AccessKeyId: {access_key_of_account(ALIASES[1])}
      SecretAccessKey: <alias-lktlsk3t7r>
      SessionToken: <alias-k23r7s2sml>
      Expiration: '2099-12-31T23:59:59Z'
"""


@pytest.mark.parametrize(("role", "is_known"), [("alias-lSt23RLSS3", True), ("alias-another", False)])
def test_a_profile_with_a_role_is_that_role(
    role: str, is_known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "roles.yaml").write_text(OF_A_ROLE)
    profile = f"[profile prod]\nrole_arn = arn:aws:iam::{ALIASES[1]}:role/{role}\nsource_profile = base\n"
    base = f"[profile base]\naws_access_key_id = {access_key_of_account(ALIASES[0])}\naws_secret_access_key = awstape\n"
    (tmp_path / "config").write_text(profile + base)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with awstape.replay(tmp_path / "roles.yaml", strict=is_known) as tape:
        client = boto3.Session(profile_name="prod", region_name="us-east-1").client("iam")
        if is_known:
            assert [roles(client), roles(client)] == [0, 0]
            return
        with pytest.raises(ClientError, match="an unknown caller"):
            client.list_roles()
        assert [miss.operation for miss in tape.misses] == ["sts AssumeRole", "iam ListRoles"]
        tape.misses.clear()
