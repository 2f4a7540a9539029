"""Policies in text that is no valid JSON: Python's `str(dict)`, YAML, HCL, cut and encoded documents."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.free_text import redact_text
from support.exchanges import ACCOUNT, KEY

PRIVATE = (
    "blue-whale-77",
    "jane.doe",
    "acme-corp",
    "payments",
    "idp.acme.example",
    "52.1.2.0",
    ACCOUNT,
    "AIDAEXAMPLEID1",
)
PUBLIC = (
    "mgn:GetChannelCommandsForMgn",
    "s3:Get*",
    "lambda.amazonaws.com",
    "repo:",
    ":ref:refs/heads/",
    "0.0.0.0/0",
    "/24",
)
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "AllowAll",
            "Effect": "Allow",
            "Principal": {"Federated": "idp.acme.example", "Service": ["lambda.amazonaws.com"], "AWS": ACCOUNT},
            "Action": ["mgn:GetChannelCommandsForMgn", "s3:Get*"],
            "Condition": {
                "StringEquals": {
                    "sts:ExternalId": "blue-whale-77",
                    "sts:RoleSessionName": ["jane.doe", "${aws:username}-jane.doe"],
                    "idp.acme.example:sub": "repo:acme-corp/payments:ref:refs/heads/payments",
                },
                "IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "52.1.2.0/24"]},
                "StringLike": {"aws:userid": "AIDAEXAMPLEID1234567:jane.doe"},
            },
        }
    ],
}
HCL = """
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["mgn:GetChannelCommandsForMgn", "s3:Get*"]
    principals {
      type        = "Federated"
      identifiers = ["idp.acme.example"]
    }
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "idp.acme.example:sub"
      values   = ["repo:acme-corp/payments:ref:refs/heads/payments", "*"]
    }
    condition {
      test     = "IpAddress"
      variable = "aws:SourceIp"
      values   = ["0.0.0.0/0", "52.1.2.0/24"]
    }
  }
}
"""
JSONENCODE = """policy = jsonencode({ Statement = [{ Action = ["mgn:GetChannelCommandsForMgn", "s3:Get*"],
  Principal = { Service = "lambda.amazonaws.com", Federated = "idp.acme.example" }
  Condition = { StringEquals = { "sts:ExternalId" = "blue-whale-77", "x:sub" = "repo:acme-corp/*:ref:refs/heads/*" },
  IpAddress = { "aws:SourceIp" = ["0.0.0.0/0", "52.1.2.0/24"] } } }] })"""

TEXT = json.dumps(POLICY)
FORMS: dict[str, str] = {
    "a Python dictionary": str(POLICY),
    "a comma too many": TEXT.replace("}]}", "},]}"),
    "comments": "// by hand\n" + json.dumps(POLICY, indent=2).replace('"Action"', '/* all */ "Action"'),
    "a byte order mark": "\ufeff" + TEXT,
    "cut off": TEXT[:-30],
    "cut off within a value": TEXT[: TEXT.index("jane.doe") + 6],
    "in a sentence": f"The policy {TEXT} is not valid",
    "an escaped string": f"invalid: {json.dumps(TEXT)}",
    "YAML": yaml.safe_dump(POLICY),
    "YAML in its flow style": yaml.safe_dump(POLICY, default_flow_style=True),
    "HCL": HCL,
    "jsonencode": JSONENCODE,
}
ENCODINGS: dict[str, Callable[[str], str]] = {
    "percent": quote,
    "percent, twice": lambda text: quote(quote(text)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "JSON in JSON": lambda text: json.dumps({"Document": json.dumps({"Document": text})}),
}


def redact(text: str) -> str:
    return redact_text(text, Aliases(KEY))


@pytest.mark.parametrize("form", FORMS)
def test_in_each_form_private_values_go_and_public_ones_stay(form: str) -> None:
    text = FORMS[form]
    redacted = redact(text)
    assert [value for value in PRIVATE if value in redacted] == []
    assert [value for value in PUBLIC if value in text and value not in redacted] == []
    assert redact(redacted) == redacted


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["a Python dictionary", "YAML", "HCL", "JSON"])
def test_so_they_do_in_each_encoding(form: str, encoding: str) -> None:
    encode = ENCODINGS[encoding]
    text = {**FORMS, "JSON": TEXT}[form]
    assert redact(encode(text)) == encode(redact(text))


@pytest.mark.parametrize(("form", "read"), [("a Python dictionary", eval), ("YAML", yaml.safe_load)])
def test_a_form_means_the_same_as_the_redacted_document(form: str, read: Callable[[str], Any]) -> None:
    assert read(redact(FORMS[form])) == json.loads(redact(TEXT))


def test_single_quotes_and_double_quotes_have_one_alias() -> None:
    single, double = redact("{'sts:ExternalId': 'blue-whale'}"), redact('{"sts:ExternalId": "blue-whale"}')
    assert single == double.replace('"', "'")
    assert is_alias(single.split("'")[3])


def test_ordinary_words_before_a_colon_are_no_keys() -> None:
    for text in ("Action: please call back", "Service: billing", "role: x, principal: y", "type = none; see: a, b"):
        assert redact(text) == text


@pytest.mark.parametrize(
    "unit", ["\\", '"', "'", "a: ", "a:", "[", "'a': [", "- a\n", "a=b,", "${", "x\n- ", "a.b:c: "]
)
def test_hostile_texts_take_linear_time(unit: str) -> None:
    """A search that takes quadratic time would not end within the time that the suite has."""
    redact(unit * (200_000 // len(unit)))


def test_keys_and_punctuation_survive() -> None:
    text = FORMS["a Python dictionary"]
    assert re.sub(r"'[^']*'", "''", redact(text)) == re.sub(r"'[^']*'", "''", text)
