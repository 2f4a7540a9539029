"""Known secrets are found in other forms; public words are no secrets elsewhere."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.redaction.leak_search import find_seen_values, replace_real_values, search_seen_values
from awstape.core.redaction.private_values.known_secrets import is_searched_secret
from awstape.core.redaction.redactor import Redactor
from support.exchanges import KEY

MODELS = load_models()


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def record(secret: str, description: str) -> str:
    """The description of a role, after a secret was seen in another service."""
    redactor = Redactor(KEY)
    redactor.redact_answer(
        MODELS.operation("secretsmanager", "GetSecretValue"), Answer(output={"SecretString": secret})
    )
    operation = MODELS.operation("iam", "GetRole")
    answer = redactor.redact_answer(operation, Answer(output={"Role": {"Description": description}}))
    takes = [Take(Track("iam", "GetRole", None, {}), (Page(None, None, answer),))]
    search = search_seen_values(redactor)
    cassette = Cassette.of(replace_real_values(MODELS, takes, redactor, search))
    assert find_seen_values(MODELS, cassette, redactor) == []
    output: Any = cassette.takes[0].pages[0].answer.output
    return str(output["Role"]["Description"])


SECRETS = ["vJC7AnyL", "Winter", "Gletscher7", "x9Ab3z", "Sommerregen", "sunny7", "Gletscher2023Zuerich"]
FORMS = {
    "plain": str,
    "in text": lambda s: f"x{s}y",
    "base64": encode,
    "double base64": lambda s: encode(encode(s)),
    "base64 of hexadecimal": lambda s: encode(s.encode().hex()),
    "basic": lambda s: "Basic " + encode(f"svc:{s}"),
    "base64 in text": lambda s: f"x {encode('pw=' + s)} y",
    "url-safe": lambda s: base64.urlsafe_b64encode(b"??>" + s.encode()).decode(),
    "hexadecimal": lambda s: s.encode().hex(),
    "HEXADECIMAL": lambda s: s.encode().hex().upper(),
    "with blanks": lambda s: s.encode().hex(" "),
    "upper": str.upper,
    "lower": str.lower,
    "backwards": lambda s: s[::-1],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_known_secret_is_replaced_in_every_form(secret: str, form: str) -> None:
    if not is_searched_secret(secret):
        pytest.skip("a plain word")
    encoded = FORMS[form](secret)
    redacted = record(secret, encoded)
    assert encoded not in redacted
    assert not any(piece in redacted for piece in (secret, encoded[:12], encoded[-14:-2]) if len(piece) > 5)


@pytest.mark.parametrize(
    "secret", ["lambda", "function", "secret", "Resource", "dynamodb", "statement", "role", "Allow"]
)
def test_a_secret_that_is_a_public_word_changes_no_structure(secret: str) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["lambda:InvokeFunction", "dynamodb:GetItem"],
                "Resource": "arn:aws:lambda:eu-central-1:*:function:*",
                "Condition": {"StringEquals": {"secretsmanager:ResourceTag/Key": "a role"}},
            }
        ],
    }
    assert record(secret, json.dumps(policy)) == json.dumps(policy)


def test_the_skeleton_of_an_arn_stays_whatever_a_secret_is() -> None:
    redacted = record("arn:aws", "see arn:aws:lambda:eu-central-1:*:function:x")
    assert redacted.startswith("see arn:aws:lambda:eu-central-1:")
    redacted = record("eu-central-9", "see arn:aws:lambda:eu-central-9:000123456789:function:x and eu-central-9x")
    assert redacted.startswith("see arn:aws:lambda:eu-central-9:")


@pytest.mark.parametrize(
    "word", ["us-east-1", "t3.micro", "AWS::S3::Bucket", "s3:GetObject", "lambda.amazonaws.com", "20230817", "password"]
)
def test_public_words_are_not_searched(word: str) -> None:
    assert not is_searched_secret(word)


@pytest.mark.parametrize("word", ["hunter22", "xKqZvb", "Ab3x", "Winter2023", "Sommerregen", "correct-horse"])
def test_invented_words_are_searched(word: str) -> None:
    assert is_searched_secret(word)
