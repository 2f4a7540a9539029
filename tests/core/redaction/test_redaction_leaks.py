"""Account ids in every possible place: none reaches a cassette or a message of awstape."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from awstape.core.aws.paging import split_input
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.redaction.text.identifier_search import find_account
from awstape.core.replay.misses import Miss
from support import exchanges
from support.exchanges import ACCOUNT, KEY, MODELS

DASHED = "1111-2222-3333"
ESCAPED = "".join(f"\\u{ord(c):04x}" for c in ACCOUNT)
REFERENCES = "".join(f"&#{ord(c)};" for c in ACCOUNT)
B64 = base64.b64encode(f"account {ACCOUNT} of ours".encode()).decode()

TEXTS = [
    f"arn:aws:iam::aws:policy/ReadOnlyAccess,arn:aws:iam::{ACCOUNT}:policy/Secret",
    "arn:aws:iam::444455556666:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport,"
    f"arn:aws:iam::{ACCOUNT}:role/Secret",
    f"arn:aws:iam:{ACCOUNT}::role/x",
    f"arn:aws:{ACCOUNT}:::x",
    f"arn:aws:iam::{DASHED}:role/x",
    f"arn:aws:iam::{ACCOUNT}*:role/x",
    f"arn:aws:iam::a{ACCOUNT}:role/x",
    f"arn:aws:iam::${{{ACCOUNT}}}:role/x",
    f"arn:aws:s3:::b/${{aws:PrincipalTag/t, '{ACCOUNT}'}}",
    f"arn:aws:iam::aws:policy/{ACCOUNT}",
    f"arn:aws:iam::cloudfront:user/{ACCOUNT}",
    f"arn:aws:iam::444455556666:user/AWSServiceRoleFor{ACCOUNT}",
    f"arn:aws:ecr:us-east-1:444455556666:repository/{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com",
    f"logs-{DASHED}",
    f"{DASHED}-prod",
    f"acct_{DASHED}",
    f"00000000-0000-0000-0000-{ACCOUNT}",
    f"user,arn, see arn:aws:iam::{ACCOUNT}:role/x",
    f"user,arn,user_creation_time\n<{ACCOUNT},x,y\n",
    f'{{"a":{ACCOUNT}.0}}',
    f'{{"a":-{ACCOUNT}}}',
    f'{{"a":{ACCOUNT}e0}}',
    f"{ACCOUNT}.amazonaws.com",
    f"acct{ACCOUNT}-vpcflowlog",
    f"https://{ACCOUNT}.signin.aws.amazon.com/console",
]
ENCODED = [
    f"https://x.example/p/{B64}",
    f"token-{B64}",
    base64.encodebytes(f"{'x' * 50} account {ACCOUNT}".encode()).decode(),
    ESCAPED,
    f'x {{"a":"{ESCAPED}"}}',
    REFERENCES,
    f"<html>{REFERENCES}</html>",
]


def hides(text: str) -> bool:
    """Whether the account id is in the text, with dashes or without."""
    return ACCOUNT in text or DASHED in text


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_keeps_an_account_id(text: str) -> None:
    redacted = redact_text(text, Aliases(KEY))
    assert not hides(redacted)
    assert not find_account(redacted)
    assert redact_text(redacted, Aliases(Key(b"another key"))) == redacted


@pytest.mark.parametrize("text", ENCODED)
def test_no_encoding_hides_an_account_id(text: str) -> None:
    redacted = redact_text(text, Aliases(KEY))
    assert redacted != text
    assert redact_text(redacted, Aliases(Key(b"another key"))) == redacted


@pytest.mark.parametrize("depth", [1, 2, 3, 40])
def test_percent_encoding_hides_no_account_id_at_any_depth(depth: int) -> None:
    text = (
        "arn" + "%" + "25" * (depth - 1) + "3A" + "".join("%" + "25" * (depth - 1) + f"{ord(c):02X}" for c in ACCOUNT)
    )
    redacted = redact_text(text, Aliases(KEY))
    assert redacted != text
    assert redact_text(redacted, Aliases(KEY)) == redacted


def test_deep_percent_encoding_is_redacted_in_bounded_time() -> None:
    text = "%" + "25" * 30_000 + "31"
    assert redact_text(text, Aliases(KEY)) == text


def wire(body: object, status: int = 200, **headers: str) -> Response:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, fields, body.encode() if isinstance(body, str) else json.dumps(body).encode())


ANALYZERS = exchanges.request("ListAnalyzers")
DENIED = {"x_amzn_errortype": "AccessDeniedException"}
ANSWERS = [
    wire({"analyzers": [], ACCOUNT: "x"}),
    wire({"analyzers": [], "More": {ACCOUNT: {"deep": int(ACCOUNT)}}}),
    wire({"analyzers": [], "account": float(ACCOUNT)}),
    wire({"analyzers": [], "share": 0.111122223333}),
    wire({"analyzers": [{"createdAt": int(ACCOUNT)}]}),
    wire({"analyzers": [{"createdAt": f"1111-22-22T{ACCOUNT}Z"}], "Stamp": f"1111-22-22T{ACCOUNT}Z"}),
    wire({"message": "x", "accountId": int(ACCOUNT)}, 403, **DENIED),
    wire({"message": int(ACCOUNT)}, 403, **DENIED),
    wire({"message": f"no, {DASHED}", ACCOUNT: "y"}, 403, **DENIED),
    wire({"message": "x"}, 403, x_amzn_errortype=f"AccessDenied:http://x/{ACCOUNT}"),
    wire(f"<html>{ACCOUNT}</html>", 403),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.body.decode()[:60])
def test_no_answer_brings_an_account_id_into_a_cassette(answer: Response) -> None:
    recording = exchanges.record((ANALYZERS, answer))
    text = write_cassette(recording.cassette)
    assert len(recording.cassette.takes) == 1
    assert not hides(text)
    assert not find_account(text)
    assert not hides(" ".join([*recording.notes, *recording.skipped]))


REQUESTS = [
    replace(ANALYZERS, query=f"{ACCOUNT}=x"),
    replace(ANALYZERS, query=f"maxResults={ACCOUNT}"),
    replace(ANALYZERS, host=f"access-analyzer.us-east-{ACCOUNT}.amazonaws.com"),
    replace(
        ANALYZERS,
        host="localhost",
        headers=(("authorization", f"AWS4-HMAC-SHA256 Credential=A/20240101/{ACCOUNT}/access-analyzer/aws4_request"),),
    ),
    Request("GET", "iam.amazonaws.com", "/", f"Action=ListUsers&Version=2010-05-08&{ACCOUNT}=x"),
    Request("GET", "iam.amazonaws.com", "/", f"Action=ListUsers&Version=2010-05-08&{ACCOUNT}=x&{ACCOUNT}.a=y"),
    Request("GET", "iam.amazonaws.com", "/", f"Action=ListUsers&Version=2010-05-08&MaxItems={ACCOUNT}"),
    Request("GET", "iam.amazonaws.com", "/", f"Action={ACCOUNT}&Version=2010-05-08"),
    Request("GET", "iam.amazonaws.com", "/", f"Action=GetRole&Version=2010-05-08&RoleName={ACCOUNT}.amazonaws.com"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: f"{request.host}?{request.query}"[:90])
def test_no_request_brings_an_account_id_into_a_cassette_or_a_miss(request_: Request) -> None:
    name = "ListAnalyzers" if "analyzer" in request_.host + str(request_.headers) else "ListUsers"
    recording = exchanges.record((request_, exchanges.respond(name)))
    assert not hides(write_cassette(recording.cassette) + str(recording))
    for key in (KEY, None):
        miss = exchanges.player(Cassette(), key=key).answer(request_)
        assert isinstance(miss, Miss)
        assert not hides(miss.text + miss.response.body.decode())


def test_a_page_token_in_an_error_is_not_kept() -> None:
    token = "AAEXAMPLEtoken+of/the=service"
    first, second = exchanges.listing("ListRoles", {}, [{"Roles": []}, {"Roles": []}], token=token)
    real = ask_token(second[0])
    recording = exchanges.record(first, (second[0], exchanges.fail("ListRoles", 400, "ValidationError", f"Bad {real}")))
    text = write_cassette(recording.cassette)
    assert real not in text
    assert "Bad page-token" in text


def ask_token(request: Request) -> str:
    """The page token of a request."""
    from awstape.core.aws.routing import recognise_call

    call = recognise_call(MODELS, request)
    assert call
    token = split_input(call).token
    assert token
    return token


def test_the_final_search_finds_what_every_rule_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("awstape.core.redaction.string_redaction.redact_accounts", lambda text, aliases: text)
    monkeypatch.setattr("awstape.core.redaction.string_redaction.redact_text", lambda text, aliases: text)
    monkeypatch.setattr("awstape.core.redaction.string_redaction.redact_member_value", lambda key, text, aliases: text)
    answer = exchanges.respond("GetUser", {"User": {"Tags": [{"Key": "k", "Value": f"of {ACCOUNT}"}]}})
    exchange = (exchanges.request("GetUser"), answer)
    recording = exchanges.record(exchange)
    assert recording.set_aside == () and not hides(write_cassette(recording.cassette))
    monkeypatch.setattr("awstape.core.redaction.leak_search.redact_accounts", lambda text, aliases: text)
    (aside,) = exchanges.record(exchange).set_aside
    assert [str(leak) for leak in aside.leaks] == ["account in some member of take 1 of iam GetUser"]
    assert aside.hole and aside.hole.hole == "set aside: account in some member"


def test_an_invalid_region_is_refused() -> None:
    with pytest.raises(WireError, match="region"):
        ask_token(replace(ANALYZERS, host=f"access-analyzer.us-east-{ACCOUNT}.amazonaws.com"))
