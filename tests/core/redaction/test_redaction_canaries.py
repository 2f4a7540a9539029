"""No canary reaches a cassette, and the search for canaries can find one."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from awstape.catalog.service_models import load_models
from canaries import CONTEXTS, ENCODINGS, KINDS, Canary, canaries, found, run, secret
from support import exchanges, strategies
from support.exchanges import MODELS
from support.positions import positions

pytestmark = pytest.mark.slow
SEED = 1
OTHER_SERVICES = ("lambda", "sns", "sqs")
TRIED = 1500 if strategies.SHARE == 1 else 300


def test_no_canary_comes_through() -> None:
    result = run(TRIED, SEED)
    assert not result.leaks, f"{len(result.leaks)} leaks:\n" + "\n".join(result.leaks[:10])
    assert result.total("recorded") == result.total("tried") == TRIED


@pytest.fixture
def other_services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Canaries of services that are redacted by default-deny."""
    monkeypatch.setattr(exchanges, "MODELS", load_models(OTHER_SERVICES))
    positions.cache_clear()
    yield
    positions.cache_clear()


@pytest.mark.usefixtures("other_services")
def test_no_canary_comes_through_by_default_deny() -> None:
    result = run(TRIED // 3, SEED)
    assert not result.leaks, f"{len(result.leaks)} leaks:\n" + "\n".join(result.leaks[:10])
    assert result.total("recorded") == result.total("tried") == TRIED // 3


def test_every_operation_has_positions_on_every_side() -> None:
    operations = {op for service in MODELS.recognised for op in service.operations.values()}
    assert {p.operation for p in positions()} == operations
    for side in ("output", "error", "request header", "request extra", "answer envelope", "answer body"):
        assert {p.operation for p in positions() if p.side == side} == operations
    assert {p.operation for p in positions() if p.side == "token"} == {op for op in operations if op.paging}


def test_canaries_take_turns() -> None:
    some = list(canaries(400, SEED))
    assert len({(c.kind, c.encoding, c.context) for c in some}) == 400
    assert [c.text for c in some] == [c.text for c in canaries(400, SEED)]
    assert [c.text for c in some[1::2]] == [c.text for c in canaries(400, SEED, every=2, first=1)]
    assert [c.text for c in some] != [c.text for c in canaries(400, SEED + 1)]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_search_sees_through_every_encoding(kind: str, encoding: str) -> None:
    for seed, (context, wrap) in enumerate(CONTEXTS.items()):
        value, parts = secret(kind, Random(seed))
        other, _ = secret(kind, Random(seed + 1000))
        encoded = ENCODINGS[encoding]
        for text in (wrap(encoded(value)), encoded(wrap(value))):
            assert found([text], parts), context
        assert not found([wrap(encoded(other)), encoded(wrap(other))], parts), context


def test_unredacted_traffic_is_found_to_leak() -> None:
    """Each canary is where it was planted."""
    for canary in canaries(1000, SEED):
        assert found(_traffic(canary), canary.parts), f"{canary.position}: {canary.text}"


def _traffic(canary: Canary) -> list[str]:
    texts = []
    for request, response in canary.exchanges:
        texts += [request.path, request.query, request.body.decode(), response.body.decode()]
        texts.append(request.query.replace("+", " "))
        texts += [value for _, value in (*request.headers, *response.headers)]
    return texts
