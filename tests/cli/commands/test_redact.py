"""`awstape redact`: a cassette that was written by hand becomes one that may be shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from awstape.catalog.service_models import load_models
from awstape.cli.main import cli, main
from awstape.core.check.findings import check_text
from awstape.core.redaction.aliases import key_fingerprint
from awstape.files import cassette_files
from awstape.files.keys import find_key
from examples import KEY
from support.tips import Tip, run_line

BY_HAND = """\
# Ours.
version: 1
---
service: iam
operation: ListAttachedRolePolicies
identity: {RoleName: DeployRole}  # the one that deploys
pages:
- output:
    IsTruncated: true
    AttachedPolicies:
    - {PolicyName: Deploy, PolicyArn: 'arn:aws:iam::111122223333:policy/Deploy'}  # ours
    Marker: next
- token: next
  output:
    IsTruncated: false
    AttachedPolicies:
    # AWS's
    - {PolicyName: ReadOnlyAccess, PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess'}
---
service: iam
operation: GetRole
identity: {RoleName: DeployRole}
pages:
- error: {status: 404, code: NoSuchEntity, message: The role with name DeployRole cannot be found.}
"""


@pytest.fixture
def by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AWSTAPE_KEY", KEY)
    path = tmp_path / "hand.yaml"
    path.write_text(BY_HAND)
    return path


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)
    assert result.exception is None, result.exception
    assert result.return_value == 0
    return result.output


def test_what_looks_real_goes_and_comments_stay(by_hand: Path) -> None:
    assert any(finding.level == "error" for finding in check_text(BY_HAND, load_models()))
    assert "hand.yaml would change" in run("redact", by_hand, "--dry-run")
    assert by_hand.read_text() == BY_HAND
    said = run("redact", by_hand)
    assert "redacted: 1 account id, 1 policy name, 1 role name" in said
    text = by_hand.read_text()
    assert check_text(text, load_models()) == []
    assert not [name for name in ("111122223333", "DeployRole", "policy/Deploy") if name in text]
    for comment in ("# Ours.\n", "# the one that deploys\n", "# ours\n", "# AWS's\n"):
        assert comment in text
    key = find_key({"AWSTAPE_KEY": KEY})
    assert key and cassette_files.parse(by_hand, text, load_models()).keys == {key_fingerprint(key)}


def test_twice_is_once(by_hand: Path) -> None:
    run("redact", by_hand)
    before = by_hand.read_text()
    assert run("redact", by_hand) == f"{by_hand} is unchanged\n"
    assert by_hand.read_text() == before


def test_a_folder_and_json(by_hand: Path) -> None:
    (by_hand.parent / "other.yaml").write_text("version: 1\n")
    facts = json.loads(run("redact", by_hand.parent, "--json"))
    assert [(Path(each["cassette"]).name, each["written"]) for each in facts] == [
        ("hand.yaml", True),
        ("other.yaml", False),
    ]
    assert facts[0]["redacted"] == {"account": 1, "policy": 1, "role": 1}


def test_an_edit_tells_what_redacts_the_rest(by_hand: Path, capfd: pytest.CaptureFixture[str]) -> None:
    setting = ["set", str(by_hand), "pages[0].output.AttachedPolicies[0].PolicyName", "111122223333"]
    assert main(setting) == 2
    assert run_line(Tip("awstape redact {}").take(capfd.readouterr().err)) == 0
    assert main(setting) == 0


def test_rekey_keeps_comments(by_hand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("redact", by_hand)
    before = by_hand.read_text()
    monkeypatch.setenv("AWSTAPE_KEY", "another key, of 16 characters")
    run("rekey", by_hand)
    after = by_hand.read_text()
    assert after != before
    assert [line.rpartition("#")[2] for line in after.splitlines() if "#" in line] == [
        line.rpartition("#")[2] for line in before.splitlines() if "#" in line
    ]


def test_what_is_like_something_of_aws_is_refused(by_hand: Path) -> None:
    run("redact", by_hand)
    before = by_hand.read_text()
    arguments = [
        "add-item",
        str(by_hand),
        "ListAttachedRolePolicies",
        "--like",
        "2",
        "--item",
        '{"PolicyName": "Acme"}',
    ]
    assert main(arguments) == 2
    assert by_hand.read_text() == before


def test_an_edit_tells_what_check_would_warn_of(by_hand: Path) -> None:
    run("redact", by_hand)
    item = '{"PolicyName": "Deploy", "PolicyArn": "arn:aws:iam::111122223333:policy/Deploy"}'
    said = run("add-item", by_hand, "ListAttachedRolePolicies", "--item", item)
    assert "pages[1].output.AttachedPolicies[1].PolicyArn: an item with this PolicyArn is in the listing" in said
    assert "warning" not in run("repage", by_hand, "1")
    identity = '{"RoleName": "Deploy", "RoleNam": "x"}'
    (warning,) = json.loads(run("set", by_hand, "identity", identity, "--track", "GetRole", "--json"))["warnings"]
    assert warning["kind"] == "unknown member"


IN_HIS_STYLE = """\
# Ours.
version: 1
key: FINGERPRINT
---
operation: "ListRoles"   # an order of his own
service: 'iam'
identity: { PathPrefix: "/finance/" }
pages:
- output:
    IsTruncated:   false
    Roles:
    - {RoleName: DeployRole, "Path": /finance/, Arn: 'arn:aws:iam::111122223333:role/finance/DeployRole'} # one
    - RoleName: 'Bob''s'
      Path: >-
        /
      Description: |
        mail bob.smith@zreal-corp.test

        a second line
      # between
      Tags: [{Key: "owner", Value: "nobody,
        really"}]
---
service: iam
operation: GetRole
identity: {RoleName: DeployRole}
pages: [{output: {Role: {RoleName: DeployRole, Path: /}}}]
"""


def test_only_values_change(by_hand: Path) -> None:
    """Not the order of tracks and members, nor quotes, line breaks and comments."""
    key = find_key({"AWSTAPE_KEY": KEY})
    assert key
    text = IN_HIS_STYLE.replace("FINGERPRINT", key_fingerprint(key))
    by_hand.write_text(text)
    run("redact", by_hand)
    redacted = by_hand.read_text()
    assert check_text(redacted, load_models()) == []
    old, new = text.splitlines(), redacted.splitlines()
    assert len(old) == len(new)
    replaced = {"/finance/", "DeployRole", "111122223333", "Bob''s", "bob.smith@zreal-corp.test"}
    for before, after in zip(old, new, strict=True):
        rest = before
        for name in replaced:
            rest = rest.replace(name, "\0")
        pieces = [piece for piece in rest.split("\0") if piece]
        assert all(piece in after for piece in pieces), (before, after)
        assert (before == after) is not any(name in before for name in replaced), (before, after)


ALLOWED = "Description: ticket 314159265358  # awstape: allow the number of a ticket"


def test_an_allowed_value_survives_redaction_and_edits(by_hand: Path) -> None:
    of_role = f"pages:\n- output:\n    Role:\n      RoleName: DeployRole\n      {ALLOWED}\n"
    by_hand.write_text(BY_HAND.partition("pages:\n- error")[0] + of_role)
    run("redact", by_hand)
    assert ALLOWED in by_hand.read_text()
    run("set", by_hand, "pages[].output.Role.MaxSessionDuration", "7200", "--track", "GetRole")
    text = by_hand.read_text()
    assert "MaxSessionDuration: 7200" in text
    assert ALLOWED.replace("  #", " #") in text
    assert "DeployRole" not in text
    assert [found for found in check_text(text, load_models()) if found.level == "error"] == []


def test_the_alias_of_an_account_with_its_kind(by_hand: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("alias", "--kind", "account", "111122223333") == run("alias", "111122223333")
    assert main(["alias", "--kind", "account", "1111"]) == 2
    assert capfd.readouterr().err == "ERROR '1111' is no account id\nTIP an account id has twelve digits\n"
