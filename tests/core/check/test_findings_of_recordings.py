"""What a recording writes, `check` accepts: it finds nothing in it, and a second redaction changes nothing."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.redaction.leak_search import replace_real_values, search_seen_values
from awstape.core.redaction.redactor import Redactor
from support import strategies
from support.exchanges import KEY, OTHER_KEY

MODELS = load_models()

HOOK = "https://hooks.slack.com/services/T0ABC1234/B0DEF5678/abcDEF123ghiJKL456mnoPQR"
#: Texts that people write; each of them is left over by one rule and found by another.
PIECES = [
    HOOK,
    "postgres://claims_rw:Gletscher77@db-claims-01.acme.internal:5432/claims",
    "mongodb://a:Gletscher77@h1.acme.internal:27017,h2.acme.internal:27018/db?ssl=true",
    "rediss://:Gletscher80@cache.acme.corp:6380/0",
    "vpc-0a1b2c3d4e5f67890 in vpc",
    "Authorization: Basic " + base64.b64encode(b"bob:Hunter22x").decode(),
    "079 412 88 04 regula.zbinden@acme.example.co",
    "arn:aws:iam::482917365018:role/ClaimsAdjuster",
    "a-31uGQ/dFCGAtmNtc0mRau8URBfT5MISizhBHs4+f/",
    "/opt/alias-x31uGQ7dFCGAtmNtc0mRau8URBfT5MISizhBHs4f-db.acme.internal/31uGQ7dFCGAtmNtc0mRau8URBfT5MISizhBHs4f",
    "password: Gletscher94",
    "4829-1736-5018",
    "CH93 0076 2011 6238 5295 7",
    '{"user": "regula.zbinden", "vpc": "vpc-0a1b2c3d4e5f67890", "tel": 794128804, "at": 1690884000}',
    "10.44.17.203:8080/x",
    "x-",
    "-",
    "/",
    "regula.zbinden",
]
_TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3)


def record(texts: list[str]) -> Cassette:
    """A recording of the texts as a description, a log, a secret and an environment."""
    redactor = Redactor(KEY)
    outputs: list[tuple[str, str, dict[str, Value]]] = [
        ("iam", "GetUser", {"User": {"UserName": "regula.zbinden"}}),
        ("iam", "ListRoles", {"Roles": [{"Description": text} for text in texts]}),
        ("logs", "FilterLogEvents", {"events": [{"message": text} for text in texts]}),
        ("secretsmanager", "GetSecretValue", {"SecretString": json.dumps(dict(zip("ab", texts, strict=False)))}),
        ("codebuild", "BatchGetProjects", {"projects": [{"description": text} for text in texts]}),
    ]
    takes = []
    for service, name, output in outputs:
        operation = MODELS.operation(service, name)
        answer = redactor.redact_answer(operation, Answer(output=output))
        takes.append(
            Take(Track(service, name, None if service == "iam" else "eu-central-1", {}), (Page(None, None, answer),))
        )
    named = redactor.replace_known_names(MODELS, Cassette.of(takes))
    search = search_seen_values(redactor)
    return Cassette.of(replace_real_values(MODELS, named.takes, redactor, search), named.keys)


@given(st.lists(st.tuples(_TEXTS, st.sampled_from(["", " ", "/", ", ", "-", "\n"])), min_size=1, max_size=3))
@strategies.few(60)
def test_a_recording_is_clean_whatever_it_was_made_of(drawn: list[tuple[list[str], str]]) -> None:
    cassette = record([joint.join(pieces) for pieces, joint in drawn])
    written = write_cassette(cassette)
    assert [found for found in check_text(written, MODELS) if found.level == "error"] == []
    again = Redactor(OTHER_KEY).redact_cassette(MODELS, cassette)
    assert write_cassette(again) == written


@pytest.mark.parametrize("text", PIECES)
def test_each_text_is_clean(text: str) -> None:
    test = test_a_recording_is_clean_whatever_it_was_made_of.hypothesis.inner_test  # type: ignore[attr-defined]
    test([([text], "")])


def test_the_slashes_of_a_web_hook_stay() -> None:
    output = next(take for take in record([HOOK]).takes if take.track.operation == "ListRoles").pages[0].answer.output
    assert output is not None
    assert str(output).count("/") == 3 and "//alias-" in str(output)
