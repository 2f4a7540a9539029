"""Independent judges find no secrets in cassettes, but many in the raw traffic.

detect-secrets with all its plugins judges a value by its form and by the name beside it: high entropy, the prefix of a
key, a line that contains `secret`. secretlint knows the forms of many services' credentials; npm installs it if
AWSTAPE_TEST_JS=1. They verify nothing over the network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from urllib.parse import parse_qsl

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import redact_path
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.text.hidden import Hidden
from canaries import canaries, secret
from e2e.conftest import Recorded
from examples import FOLDER
from support import exchanges, strategies
from support.exchanges import KEY, Exchange

_RANDOM = Random(1)  # generates realistic values; as literals, they would be found in this source file


def made_up(kind: str) -> str:
    return secret(kind, _RANDOM)[0]


ACCESS_KEY, SECRET_KEY = made_up("access key id"), made_up("secret key")
PRIVATE_KEY, JWT, TOKEN = made_up("pem"), made_up("jwt"), made_up("session token")
HEX, PASSWORD = f"{_RANDOM.getrandbits(160):040x}", made_up("secret key")[:24]
USER, DATE, ARN = "Ana", "2024-05-02T03:04:05Z", "arn:aws:iam::111122223333:user/Ana"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": ACCESS_KEY},
                "Action": "sts:AssumeRole",
                "Resource": "*",
                "Condition": {"StringEquals": {"sts:ExternalId": SECRET_KEY, "aws:RequestTag/password": PASSWORD}},
            }
        ],
    }
)
ACCESS_KEY_METADATA: dict[str, Value] = {
    "UserName": USER,
    "AccessKeyId": ACCESS_KEY,
    "Status": "Active",
    "CreateDate": DATE,
}
CREDENTIAL: dict[str, Value] = {
    "CreateDate": DATE,
    "ServiceName": "codecommit.amazonaws.com",
    "ServiceUserName": "Ana-at-111122223333",
    "ServicePassword": SECRET_KEY,
    "ServiceCredentialSecret": TOKEN,
    "ServiceCredentialAlias": "BedrockAPIKey-Ana",
    "ServiceSpecificCredentialId": "ACCAEXAMPLEID1234567",
    "UserName": USER,
    "Status": "Active",
}
#: (operation, input, output) of calls that contain secrets.
CALLS: tuple[tuple[str, dict[str, Value], dict[str, Value]], ...] = (
    (
        "CreateAccessKey",
        {"UserName": USER},
        {"AccessKey": {**ACCESS_KEY_METADATA, "SecretAccessKey": SECRET_KEY}},
    ),
    ("ListAccessKeys", {"UserName": USER}, {"AccessKeyMetadata": [ACCESS_KEY_METADATA], "IsTruncated": False}),
    (
        "CreateServiceSpecificCredential",
        {"UserName": USER, "ServiceName": "codecommit.amazonaws.com"},
        {"ServiceSpecificCredential": CREDENTIAL},
    ),
    (
        "ResetServiceSpecificCredential",
        {"ServiceSpecificCredentialId": "ACCAEXAMPLEID1234567"},
        {"ServiceSpecificCredential": CREDENTIAL},
    ),
    (
        "CreateSAMLProvider",
        {
            "SAMLMetadataDocument": f"<EntityDescriptor>{'x' * 1000}</EntityDescriptor>",
            "Name": "Corp",
            "AddPrivateKey": PRIVATE_KEY,
            "AssertionEncryptionMode": "Required",
        },
        {"SAMLProviderArn": "arn:aws:iam::111122223333:saml-provider/Corp"},
    ),
    (
        "UploadServerCertificate",
        {"ServerCertificateName": "web", "CertificateBody": PRIVATE_KEY, "PrivateKey": PRIVATE_KEY},
        {},
    ),
    ("CreateLoginProfile", {"UserName": USER, "Password": PASSWORD}, {}),
    ("ChangePassword", {"OldPassword": PASSWORD, "NewPassword": SECRET_KEY[:20]}, {}),
    ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"}, {
        "VirtualMFADevice": {"SerialNumber": ARN, "Base32StringSeed": TOKEN, "QRCodePNG": TOKEN},
    }),
    (
        "GetCredentialReport",
        {},
        {"Content": f"user,arn,user_creation_time\nAna,{ARN},{DATE}\n{ACCESS_KEY},{JWT},{SECRET_KEY}\n",
         "ReportFormat": "text/csv"},
    ),
    ("PutUserPolicy", {"UserName": USER, "PolicyName": "Inline", "PolicyDocument": POLICY}, {}),
    (
        "GetUserPolicy",
        {"UserName": USER, "PolicyName": "Inline"},
        {"UserName": USER, "PolicyName": "Inline", "PolicyDocument": POLICY},
    ),
    (
        "TagUser",
        {
            "UserName": USER,
            "Tags": [
                {"Key": "password", "Value": PASSWORD},
                {"Key": "api_key", "Value": HEX},
                {"Key": "secret", "Value": f"token={JWT}"},
                {"Key": "url", "Value": f"https://ana:{PASSWORD}@corp.example/"},
            ],
        },
        {},
    ),
)  # fmt: skip


#: Operation → the judge's plugins that find the secrets of its call in the raw traffic. The judge decodes no base64.
PLUGINS = {
    "CreateAccessKey": {"AWS Access Key"},
    "ListAccessKeys": {"AWS Access Key"},
    "CreateServiceSpecificCredential": {"AWS Access Key"},
    "ResetServiceSpecificCredential": {"AWS Access Key"},
    "CreateSAMLProvider": {"Private Key"},
    "UploadServerCertificate": {"Private Key"},
    "CreateLoginProfile": {"Secret Keyword"},
    "ChangePassword": {"Secret Keyword"},
    "PutUserPolicy": {"AWS Access Key", "Base64 High Entropy String", "Secret Keyword"},
    "GetUserPolicy": {"AWS Access Key"},
}


def exchange(operation: str, asked: dict[str, Value], answered: dict[str, Value]) -> Exchange:
    return exchanges.request(operation, asked), exchanges.respond(operation, answered)


def verdicts(path: Path) -> list[str]:
    """Returns the judge's findings in a file: `plugin: line N: text of the line`."""
    lines = path.read_text("utf-8").splitlines()
    secrets = SecretsCollection()
    with default_settings():
        secrets.scan_file(str(path))
    found = [secret for _, secret in secrets]
    return sorted(f"{each.type}: line {each.line_number}: {lines[each.line_number - 1][:300]}" for each in found)


@pytest.fixture(scope="module")
def writes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cassette of calls that contain secrets, including write operations."""
    path = tmp_path_factory.mktemp("judge") / "writes.yaml"
    recording = exchanges.record(*(exchange(*call) for call in CALLS), include_writes=True)
    assert len(recording.cassette.takes) == len(CALLS)
    path.write_text(write_cassette(recording.cassette), "utf-8")
    return path


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_cassettes_contain_no_secrets(path: Path) -> None:
    assert verdicts(path) == []


def test_a_recording_of_listings_contains_no_secrets(recorded: Recorded) -> None:
    assert verdicts(recorded.cassette) == []


def test_a_recording_of_calls_with_secrets_contains_none(writes: Path) -> None:
    assert verdicts(writes) == []


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Recordings full of plants, and the plants.

    Those that are encoded are left out: aliases in base64 or in hexadecimal digits are as random as secrets.
    """
    folder = tmp_path_factory.mktemp("plants")
    path, raw = folder / "plants.yaml", folder / "raw.txt"
    planted = [c for c in canaries(600, 7) if c.encoding == "plain"]
    recordings = [exchanges.record(*canary.exchanges, include_writes=True) for canary in planted]
    path.write_text("".join(write_cassette(recording.cassette) for recording in recordings), "utf-8")
    raw.write_text("\n".join(canary.text for canary in planted), "utf-8")
    return path, raw


def test_recordings_full_of_plants_contain_no_secrets(plants: tuple[Path, Path]) -> None:
    path, raw = plants
    # A sentence in the place of a time has a password for the judge, since the member is named after one.
    assert [verdict for verdict in verdicts(path) if "PasswordLastUsed: The request of " not in verdict] == []
    assert len(verdicts(raw)) > 3


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
def test_a_recording_of_one_call_contains_no_secrets(
    call: tuple[str, dict[str, Value], dict[str, Value]], tmp_path: Path
) -> None:
    path = tmp_path / "one.yaml"
    recording = exchanges.record(exchange(*call), include_writes=True)
    path.write_text(write_cassette(recording.cassette), "utf-8")
    assert verdicts(path) == []


def raw_text(operation: str, asked: dict[str, Value], answered: dict[str, Value]) -> str:
    """Returns an exchange as a recorder without redaction would write it: the form's fields and the response body."""
    request, response = exchange(operation, asked, answered)
    fields = "\n".join(f"    {name}: {value}" for name, value in parse_qsl(request.body.decode()))
    body = response.body.decode().replace("><", ">\n    <")
    return f"- request:\n{fields}\n  response: |\n    {body}\n"


@pytest.mark.parametrize("operation", PLUGINS)
def test_the_judge_finds_secrets_in_the_raw_traffic(operation: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.yaml"
    path.write_text(raw_text(*next(call for call in CALLS if call[0] == operation)), "utf-8")
    assert {verdict.partition(":")[0] for verdict in verdicts(path)} == PLUGINS[operation]


#: Kind of alias → how one is made of a real value.
ALIASES: dict[str, Callable[[Aliases, str], str]] = {
    "name": lambda aliases, value: aliases.name("role", value),
    "name in capitals": lambda aliases, value: aliases.name("role", f"Web{value}Role"),
    "five parts": lambda aliases, value: aliases.name("role", f"Prod-{value}_App/{value}Role+Eu={value}"),
    "path of names": lambda aliases, value: redact_path(f"/{value}-App/{value}Eu-{value}X/x{value}Us/", aliases),
    "joined names": lambda aliases, value: "-".join(aliases.name("role", f"{i}Ab-{value}-{value}Cd") for i in range(3)),
    "account": Aliases.account,
    "caller": lambda aliases, value: aliases.caller(Hidden(value)),
    "unique id": lambda aliases, value: aliases.unique_id(f"AIDA{value}EXAMPLEIDX"),
    "access key id": lambda aliases, value: aliases.unique_id(f"AKIA{value}EXAMPLEID"),
    "e-mail": lambda aliases, value: aliases.email(f"{value}@corp.example"),
    "organization": lambda aliases, value: aliases.organization_id(f"o-{value}"),
    "unit": lambda aliases, value: aliases.organization_id(f"ou-{value}-{value}"),
    "canonical id": lambda aliases, value: aliases.canonical_id(f"{value:0>64}"),
    "resource id": lambda aliases, value: aliases.resource_id(f"subnet-{value}"),
    "UUID": lambda aliases, value: aliases.name("key", f"{value:0>8}-1111-4222-8333-444455556666"),
    "secret": lambda aliases, value: aliases.secret("secret", value),
    "password": lambda aliases, value: aliases.password(value),
    "fingerprint": Aliases.fingerprint,
    "code": lambda aliases, value: aliases.code(value[-6:]),
    "url": lambda aliases, value: aliases.url(f"https://{value}.example/"),
    "user info": lambda aliases, value: redact_text(f"https://user{value}:pw{value}@host{value}.corp/x", aliases),
    "arn": lambda aliases, value: redact_text(f"arn:aws:iam::11{value}11:role/App-{value}/Web{value}Eu-Role", aliases),
}


def aliases_of(kind: str, number: int) -> str:
    """Lines with aliases in quotes, where detect-secrets looks for high entropy, and as values of harmless keys."""
    aliases = Aliases(KEY)
    made = [ALIASES[kind](aliases, f"{i:08}") for i in range(number)]
    return "".join(f"- '{alias}'\n- \"{alias}\"\n- Value: {alias}\n" for alias in made)


@pytest.mark.parametrize("kind", ALIASES)
def test_aliases_are_no_secrets(kind: str, tmp_path: Path) -> None:
    """With `AWSTAPE_EXAMPLES=10`, 2,000 of each kind."""
    path = tmp_path / "aliases.yaml"
    path.write_text(aliases_of(kind, 200 * strategies.EXAMPLES), "utf-8")
    assert verdicts(path) == []


# --- secretlint -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.environ.get("AWSTAPE_TEST_JS") != "1", reason="AWSTAPE_TEST_JS is not 1")
@pytest.mark.skipif(not shutil.which("npm"), reason="needs npm")
def test_secretlint_finds_no_secrets(plants: tuple[Path, Path], writes: Path, tmp_path: Path) -> None:
    preset = "@secretlint/secretlint-rule-preset-recommend"
    install = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "secretlint", preset)
    subprocess.run(install, cwd=tmp_path, check=True, timeout=300, capture_output=True)
    (tmp_path / ".secretlintrc.json").write_text(json.dumps({"rules": [{"id": preset}]}))
    (tmp_path / "aliases.yaml").write_text("".join(aliases_of(kind, 2_000) for kind in ALIASES))
    raw = [raw_text(*call) for call in CALLS]
    (tmp_path / "traffic.yaml").write_text("".join(raw) + plants[1].read_text("utf-8"), "utf-8")

    def findings(*paths: Path) -> list[str]:
        command = [tmp_path / "node_modules" / ".bin" / "secretlint", "--format", "unix", *paths]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        assert run.returncode in (0, 1), run.stderr
        return run.stdout.splitlines()

    assert findings(*FOLDER.glob("*.yaml"), plants[0], writes, tmp_path / "aliases.yaml") == []
    assert "GITHUB_TOKEN" in "".join(findings(tmp_path / "traffic.yaml"))
