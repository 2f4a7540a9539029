"""Known replies: bounded, and served only where that counts."""

from __future__ import annotations

from awstape.core.replay.known_replies import KnownReplies


def test_the_responses_that_are_kept_are_bounded() -> None:
    known = KnownReplies[bytes](1000)
    for n in range(100):
        known.add(b"%d" % n, b"x", 90, lambda: True)
        known.add(b"%d" % n, b"y", 300, lambda: True)
    assert [n for n in range(100) if known.serve_again(b"%d" % n)] == [97, 98, 99]
    known.add(b"large", b"x", 1001, lambda: True)
    assert known.serve_again(b"large") is None


def test_a_reply_that_may_not_be_served_is_none() -> None:
    known = KnownReplies[str](1000)
    may_serve = iter([True, False])
    known.add("key", "answer", 6, lambda: next(may_serve))
    assert [known.serve_again("key"), known.serve_again("key"), known.serve_again("other")] == ["answer", None, None]
