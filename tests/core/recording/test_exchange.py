"""Exchanges in a journal: a recording is restored from them, and no credential is in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Operation, Value
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.exchange import Exchange, drop_credentials, read_exchange, write_exchange
from awstape.core.text.hidden import Hidden
from support import exchanges, strategies
from support.exchanges import MODELS, fail, journalled, listing, operation, record, request, respond, restored

OPERATIONS = [op for service in MODELS.recognised for op in service.operations.values()]
AKID = "AKIAIOSFODNN7EXAMPLE"
SCOPE = f"{AKID}/20260102/us-east-1/iam/aws4_request"
#: Obviously fake.
SECRETS = ("zsignature0000", "zsessiontoken0000", "zcookie0000", "zwebidentity0000")
SIGNATURE, TOKEN, COOKIE, WEB_IDENTITY = SECRETS


def text_of(contents: Iterable[bytes]) -> str:
    """The cassette that is made of a journal, without traffic."""
    return write_cassette(restored(contents).finish().merged)


@strategies.few(60)
@given(st.data())
def test_a_journal_restores_the_same_recording(data: st.DataObject) -> None:
    pairs: list[exchanges.Exchange] = []
    for op in data.draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=3)):
        outputs = data.draw(st.lists(strategies.outputs(op), min_size=1, max_size=3 if op.paging else 1))
        input_ = data.draw(strategies.inputs(op))
        pairs += _traversal(op, input_, outputs)
    data.draw(st.randoms()).shuffle(pairs)
    contents = journalled(*pairs, include_writes=True)
    assert text_of(contents) == write_cassette(record(*pairs, include_writes=True).merged)
    assert [write_exchange(read_exchange(content)) for content in contents] == contents


def _traversal(op: Operation, input_: dict[str, Value], outputs: list[dict[str, Value]]) -> list[exchanges.Exchange]:
    if op.paging:
        return listing(op.name, input_, outputs, token=f"token-of-{op.name}-")
    return [(request(op.name, input_), respond(op.name, outputs[0]))]


def test_a_retry_replaces_the_error() -> None:
    throttled = fail("ListGroups", 400, "Throttling", "Rate exceeded")
    asked = [request("ListGroups", invocation=name) for name in ("one", "two")]
    answered = respond("ListGroups", {"Groups": []})
    pairs = [(asked[0], throttled), (asked[1], throttled), (asked[1], answered), (asked[0], answered)]
    assert text_of(journalled(*pairs)) == write_cassette(record(*pairs).merged)
    assert "Throttling" not in text_of(journalled(*pairs))


def test_a_name_found_later_is_replaced_in_earlier_captures() -> None:
    policy: dict[str, Value] = {"PolicyName": "one", "Description": "for the team of zDeployTeam"}
    pairs = [
        (
            request("GetPolicy", {"PolicyArn": "arn:aws:iam::111122223333:policy/one"}),
            respond("GetPolicy", {"Policy": policy}),
        ),
        (request("ListGroups"), respond("ListGroups", {"Groups": [_group("zDeployTeam")]})),
    ]
    assert "zDeployTeam" not in text_of(journalled(*pairs))
    assert text_of(journalled(*pairs)) == write_cassette(record(*pairs).merged)


# --- credentials --------------------------------------------------------------------------------------------------


def kept(asked: Request, name: str) -> str:
    """What a journal has of a request, as text."""
    return write_exchange(Exchange(drop_credentials(asked, operation(name)))).decode("latin-1")


def test_of_a_signature_the_credential_stays() -> None:
    signature = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature={SIGNATURE}"
    headers = (("Authorization", signature), ("X-Amz-Security-Token", TOKEN), ("Cookie", COOKIE))
    plain = request("ListRoles")
    asked = replace(plain, headers=(*plain.headers, *headers))
    text = kept(asked, "ListRoles")
    assert not [secret for secret in SECRETS if secret in text]
    again = read_exchange(text.encode("latin-1")).request
    one, other = (recognise_call(MODELS, each) for each in (asked, again))
    assert one and other
    assert (one.caller, one.region, one.operation) == (other.caller, other.region, other.operation)
    assert one.caller == Hidden(AKID)


def test_of_a_presigned_request_the_credential_stays() -> None:
    query = f"X-Amz-Credential={SCOPE.replace('/', '%2F')}&X-Amz-Signature={SIGNATURE}&X-Amz-Security-Token={TOKEN}"
    asked = replace(request("ListRoles"), query=query)
    text = kept(asked, "ListRoles")
    assert not [secret for secret in SECRETS if secret in text]
    call = recognise_call(MODELS, read_exchange(text.encode("latin-1")).request)
    assert call and call.caller == Hidden(AKID)


def test_signatures_and_proofs_in_a_form_are_dropped_and_all_else_stays_to_the_letter() -> None:
    form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3aaws:iam::111122223333:role%2Fx"
    proofs = f"&WebIdentityToken={WEB_IDENTITY}&Signature={SIGNATURE}&Security%54oken={TOKEN}"
    asked = replace(request("AssumeRoleWithWebIdentity"), body=f"{form}{proofs}&AWSAccessKeyId={AKID}".encode())
    body = drop_credentials(asked, operation("AssumeRoleWithWebIdentity")).body
    assert body.decode() == f"{form}&AWSAccessKeyId={AKID}"


def test_only_headers_that_tell_what_a_request_means_are_kept() -> None:
    plain = request("ListRoles", invocation="one")
    asked = replace(
        plain, headers=(*plain.headers, ("X-Team-Secret", COOKIE), ("User-Agent", "x"), ("X-Amz-Date", "x"))
    )
    names = {name.lower() for name, _ in drop_credentials(asked, operation("ListRoles")).headers}
    assert names == {"content-type", "amz-sdk-invocation-id"}


def test_members_in_headers_are_kept() -> None:
    put = MODELS.services["s3"].operations["PutObject"]
    headers = (("X-Amz-Meta-Team", "a"), ("Cache-Control", "b"), ("X-Amz-Security-Token", TOKEN), ("Cookie", COOKIE))
    asked = Request("PUT", "bucket.s3.amazonaws.com", "/key", "", headers, b"")
    assert drop_credentials(asked, put).headers == headers[:2]


def test_a_caller_that_does_not_sign_is_kept() -> None:
    asked = request("ListRoles", caller=AKID)
    assert read_exchange(write_exchange(Exchange(asked))).request == asked


# --- bytes --------------------------------------------------------------------------------------------------------

texts = st.text(max_size=9)
headers = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
bodies = st.binary(max_size=50)


@given(
    st.builds(
        Exchange,
        st.builds(Request, texts, texts, texts, texts, headers, bodies, st.none() | texts.map(Hidden)),
        st.none() | st.builds(Response, st.integers(0, 999), headers, bodies, texts),
        recorded_meanwhile=st.integers(-1, 99),
        is_later=st.booleans(),
        is_recorded=st.booleans(),
    ),
    texts,
)
def test_exchanges_are_read_as_they_were_written(exchange: Exchange, why: str) -> None:
    exchange = exchange if exchange.response else replace(exchange, no_response=why)
    assert read_exchange(write_exchange(exchange)) == exchange


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\0",
        b"\xff\n",
        b"[" * 100_000,
        b'[["POST", "h", "/", "", [], null, "0"], "", 0, false, true]\n',
        b'[["POST", "h", "/", "", [["a"]], null, 0], "", 0, false, true]\n',
        b'[["POST", "h", "/", "", [[1, "b"]], null, 0], "", 0, false, true]\n',
        b'[["POST", 1, "/", "", [], null, 0], "", 0, false, true]\n',
        b'[["POST", "h", "/", "", [], null, -1], "", 0, false, true]\n',
        b'[["POST", "h", "/", "", [], null, 0], ["200", [], ""], 0, false, true]\n',
        b'[["POST", "h", "/", "", [], null, 0], "", 0.5, false, true]\n',
        b'[["POST", "h", "/", "", [], null, 0], "", 0, 0, true]\n',
        json.dumps([{"invocation": "x"}, {"service": "iam"}]).encode(),
    ],
)
def test_other_bytes_are_no_exchange(content: bytes) -> None:
    with pytest.raises(ValueError, match="not an exchange"):
        read_exchange(content)


def _group(name: str) -> dict[str, Value]:
    return {"GroupName": name, "Arn": f"arn:aws:iam::111122223333:group/{name}"}
