"""Secrets behind the words that name them, in sentences, pairs and tags, each with a twin that stays."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import awstape
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.policies.condition_values import redact_condition_value
from awstape.core.redaction.private_values.secret_labels import PASSWORD_WORDS, PIN_WORDS, SECRET_WORDS
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.text import free_text
from awstape.core.redaction.text.free_text import redact_text
from support.exchanges import KEY, MODELS, OTHER_KEY

A = Aliases(KEY)
WORDS = [word for words in (*PASSWORD_WORDS.values(), SECRET_WORDS, PIN_WORDS) for word in words.split()]
PASSWORDS = " ".join(PASSWORD_WORDS.values()).split()
#: The forms of sentences in which a word for a password tells one.
FORMS = [
    "{}: Hunter22",
    "{} : Hunter22",
    "{}=Hunter22",
    "{} Hunter22",
    "old {} is Hunter22.",
    "{} ist jetzt Hunter22",
    "{} für prod lautet Hunter22",
    "{} for the ledger of prod is now Hunter22, ask them",
    "{} de la base est 'Hunter22'",
    "{} reset to Hunter22",
    "db_{}=Hunter22",
]

#: Text → the secret in it.
SECRETS = {
    "db-password: hunter22": "hunter22",
    "Password=Tr0ub4dor-9x": "Tr0ub4dor-9x",
    "run PGPASSWORD=swordfish psql": "swordfish",
    "deploy --password hunter2 --force": "hunter2",
    "password: swordfish": "swordfish",
    "https://acme.example/?token=abc123def&x=1": "abc123def",
    "'api_key': 'k3x9p2m7q1'": "k3x9p2m7q1",
    "clientSecret=a1b2c3d4e5f6": "a1b2c3d4e5f6",
    "password: <hunter22>": "hunter22",
    "Password=(hunter22)": "hunter22",
    "password=%hunter22": "%hunter22",
    "password: *hunter2": "*hunter2",
    "secret=$hunter2": "$hunter2",
    "token: 123456": "123456",
}
NO_SECRETS = [
    "SecretsRotation: true, Secret: true, PasswordMinLength=14",
    "secretsmanager:GetSecretValue and sts:GetSessionToken",
    "Invalid token: expired. The password must have eight characters.",
    "Password: required; token: none; secret=${SECRET}",
    "Secret rotation for the Password policy",
    "commit 3f8a1c9d2b7e4f6a0c5d8e1b9a7f3c2d4e6b8a10 on 202301021530",
    "id 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "password: <your password>, token: [REDACTED], secret: $(cat x), PASSWORD=$DB_PASSWORD, --password %(password)s",
    "secret=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
]
HEX = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.mark.parametrize(
    "text", ["sha256:{}", "app@sha256:{}", "SHA-256 {}", '"digest": "{}"', '{"sha256": "{}"}', "checksum = {}"]
)
def test_a_digest_stays_behind_a_word_that_says_so(text: str) -> None:
    assert redact_text(text.replace("{}", HEX), A) == text.replace("{}", HEX)
    twin = re.sub("sha-?256|digest|checksum", "owner", text, flags=re.IGNORECASE).replace("{}", HEX)
    assert redact_text(twin, A) == twin.replace(HEX, A.canonical_id(HEX))


def test_a_digest_stays_as_the_value_of_a_tag_that_says_so() -> None:
    assert free_text.redact_member_value("CodeSha256", HEX, A) == HEX
    assert free_text.redact_member_value("Owner", HEX, A) == A.canonical_id(HEX)
    assert free_text.redact_member_value("passwordHash", HEX, A) == A.canonical_id(HEX)


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_behind_its_key_becomes_an_alias(text: str) -> None:
    redacted = redact_text(text, A)
    assert redacted == text.replace(SECRETS[text], A.password(SECRETS[text]))
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_is_no_secret_stays_behind_the_key_of_one(text: str) -> None:
    assert redact_text(text, A) == text


@pytest.mark.parametrize("key", ["db-password", "API_TOKEN", "clientSecret", "aws:RequestTag/Credential", "api-key"])
def test_the_value_of_a_secret_s_tag_is_a_secret(key: str) -> None:
    assert redact_condition_value(key, "3f8a1c9d2b7e", A) == A.password("3f8a1c9d2b7e")
    assert redact_condition_value(key, "s3:3f8a1c9d2b7e", A) == A.password("s3:3f8a1c9d2b7e")
    assert redact_condition_value(key, "true", A) is None
    assert redact_condition_value(key, "86400", A) is None


# --- sentences --------------------------------------------------------------------------------------------------


def assert_redacted(text: str, *secrets: str) -> None:
    redacted = redact_text(text, A)
    expected = text
    for secret in secrets:
        expected = expected.replace(secret, A.password(secret))
    assert redacted == expected
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("word", PASSWORDS)
def test_a_word_for_a_password_tells_one_in_every_language_and_form(word: str, form: str) -> None:
    for spelled in (word, word.capitalize(), word.upper()):
        assert_redacted(form.format(spelled), "Hunter22")


@pytest.mark.parametrize(
    ("text", "secret"),
    {
        "secret Hunter27": "Hunter27",
        "The secret of the shop is Hunter27!": "Hunter27",
        "token abc123def": "abc123def",
        "the key: Hunter28": "Hunter28",
        "Der Schlüssel ist Hunter28": "Hunter28",
        "mot de passe : Hunter29": "Hunter29",
        "password Sommer!2024": "Sommer!2024",
        "password P@ssw0rd": "P@ssw0rd",
        "the password is 88417723": "88417723",
        "PIN 884177": "884177",
        "pin: 4417": "4417",
        "PIN-Code ist 4417.": "4417",
        "PUK = 88417723": "88417723",
        "credentials reset to Hunter33": "Hunter33",
    }.items(),
)
def test_a_label_tells_a_secret(text: str, secret: str) -> None:
    assert_redacted(text, secret)


def test_letters_may_be_escaped() -> None:
    assert_redacted(r'["Passwort f\u00fcr prod: Hunter22", ', "Hunter22")
    assert_redacted(r'"contrase\\u00f1a es Hunter22', "Hunter22")


def test_a_login_is_a_user_and_a_password() -> None:
    user, secret = A.name("user", "svc_ledger"), A.password("Hunter31")
    for joint in "/:|":
        redacted = redact_text(f"login svc_ledger{joint}Hunter31 of it", A)
        assert redacted == f"login {user}{joint}{secret} of it"
        assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


def test_identifiers_between_a_label_and_its_secret_are_redacted() -> None:
    text = "Password for ana@corp.example.co is Hunter26"
    assert redact_text(text, A) == f"Password for {A.email('ana@corp.example.co')} is {A.password('Hunter26')}"
    # The value is none of the label: it is redacted as what it is.
    assert redact_text("the key is AKIAEXAMPLEID12345678", A) == f"the key is {A.unique_id('AKIAEXAMPLEID12345678')}"


@pytest.mark.parametrize(
    "text",
    """
    the password is required
    Password for the user
    secret rotation
    key: value
    kms key alias/aws/s3
    The key is SYMMETRIC_DEFAULT; the key is RSA4096 or aes256gcm.
    key: EC2Instance
    The password is 128 characters long, of 30days
    Passwords must not be empty. A password for v1beta1 is optional.
    a secret in us-east-1 for t3.micro, token valid 3600 seconds
    secret prod/db1-a1b2c3
    key 1234abcd-12ab-34cd-56ef-1234567890ab
    the pin is 12, opinion 884177, PINE 884177, pinned 884177
    bypass: lane2024, passenger: seat2024, spw: lane2024
    the keyboard is layout2024
    token page-2.tyod
    the password is ${password2024}
    """.strip().split("\n"),
)
def test_words_that_name_a_secret_without_telling_it_change_nothing(text: str) -> None:
    assert redact_text(text.strip(), A) == text.strip()


@given(st.sampled_from(WORDS), st.sampled_from(FORMS), st.from_regex(r"[A-Za-z0-9!#$+_/.:-]{1,20}", fullmatch=True))
def test_a_redacted_sentence_is_not_redacted_again(word: str, form: str, value: str) -> None:
    redacted = redact_text(form.format(word).replace("Hunter22", value), A)
    assert redact_text(redacted, A) == redact_text(redacted, Aliases(OTHER_KEY)) == redacted


def test_the_guide_lists_all_words() -> None:
    guide = (Path(awstape.__file__).parent / "guide" / "redaction.md").read_text("utf-8")
    line = next(line for line in guide.splitlines() if line.startswith("The words for a secret"))
    assert set(WORDS) <= set(line.partition("`")[2].rstrip("`.").split())


# --- tags -------------------------------------------------------------------------------------------------------

TAG_KEYS = ["pw", "dbPw", "db-pw", "Passwort", "KENNWORT", "motdepasse", "mot de passe", "contraseña", "pin", "pinCode"]


@pytest.mark.parametrize("key", [*WORDS, *TAG_KEYS, "passphrase", "DB_PASS"])
def test_the_value_of_a_tag_is_a_secret_if_its_key_says_so(key: str) -> None:
    for operation, tags in (
        (MODELS.operation("iam", "TagRole"), {"Tags": [{"Key": key, "Value": "Hunter29"}]}),
        (MODELS.operation("sqs", "TagQueue"), {"Tags": {key: "Hunter29"}}),
    ):
        redacted = Redactor(KEY).redact_identity(operation, tags)
        assert redacted == json.loads(json.dumps(tags).replace("Hunter29", A.password("Hunter29")))
        assert Redactor(OTHER_KEY).redact_identity(operation, redacted) == redacted


def test_a_number_is_a_secret_in_a_tag_for_a_pin_only() -> None:
    for service, operation, tags in (
        ("iam", "TagRole", lambda key: {"Tags": [{"Key": key, "Value": "4417"}]}),
        ("sqs", "TagQueue", lambda key: {"Tags": {key: "4417"}}),
    ):
        tag = MODELS.operation(service, operation)
        assert A.password("4417") in repr(Redactor(KEY).redact_identity(tag, tags("pin")))
        for key in ("opinion", "spinning", "TokenTtl"):
            assert Redactor(KEY).redact_identity(tag, tags(key)) == tags(key)


@pytest.mark.parametrize("key", ["passenger", "opinion", "PINE", "compwr", "bypass", "pinned"])
def test_a_short_word_within_another_says_nothing(key: str) -> None:
    assert redact_condition_value(f"aws:RequestTag/{key}", "Hunter29", A) is None
