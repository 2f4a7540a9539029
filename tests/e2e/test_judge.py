"""An independent judge: detect-secrets with all its plugins finds no secrets in cassettes, but many in the raw traffic.

It does not depend on awstape. It judges a value by its form and by the name beside it: high entropy, the prefix of a
key, a line that contains `secret`. It verifies nothing over the network.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from urllib.parse import parse_qsl

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.alias_grammar import is_alias
from canaries import canaries, secret
from e2e.conftest import Recorded
from examples import FOLDER
from support import exchanges
from support.exchanges import Exchange

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
    """Returns the judge's findings in a file: `plugin: line N: text of the line`.

    It takes the alias of a name of four or five parts for a secret, if it stands in quotes: such a finding is left out.
    """
    lines = path.read_text("utf-8").splitlines()
    secrets = SecretsCollection()
    with default_settings():
        secrets.scan_file(str(path))
    found = [secret for _, secret in secrets if not is_alias(secret.secret_value or "")]
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


def test_recordings_full_of_plants_contain_no_secrets(tmp_path: Path) -> None:
    """Aliases in base64 or in hexadecimal digits are as random as secrets, and so are canonical ids."""
    plants = [c for c in canaries(600, 7) if c.encoding == "plain" and c.kind != "canonical id"]
    path, raw = tmp_path / "plants.yaml", tmp_path / "raw.txt"
    recordings = [exchanges.record(*canary.exchanges, include_writes=True) for canary in plants]
    path.write_text("".join(write_cassette(recording.cassette) for recording in recordings), "utf-8")
    raw.write_text("\n".join(canary.text for canary in plants), "utf-8")
    assert verdicts(path) == []
    assert len(verdicts(raw)) > 5


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
