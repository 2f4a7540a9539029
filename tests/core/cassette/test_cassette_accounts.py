"""The account in a cassette's header: which one it is, and that a text with it reads as the cassette."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.call import Answer
from awstape.core.cassette.cassette import After, Cassette, Page, Take, Track
from awstape.core.cassette.takes import merge_recorded
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.editing.edits import merge_cassettes
from awstape.core.redaction.aliases import Aliases
from support import strategies
from support.exchanges import KEY, MODELS

A, B = sorted(Aliases(KEY).account(number) for number in ("111122223333", "444455556666"))
TAG = "caller-abcdefghij23"
WRITE = Track("iam", "DeleteRole", None, {"RoleName": "alias-Tsr76sms7l"}, A)


def take(account: str | None, operation: str = "ListRoles", path: str = "", after: After | None = None) -> Take:
    track = Track("iam", operation, None, {"PathPrefix": path} if path else {}, account)
    output = {"Roles": [{"Path": path or "/", "RoleName": "alias-Tsr76sms7l"}]} if operation == "ListRoles" else {}
    return Take(track, (Page(None, None, Answer(dict(output))),), after=after)


@pytest.mark.parametrize(
    ("accounts", "preferred", "expected"),
    [
        ([], None, None),
        ([], A, A),
        ([A], None, A),
        ([A], B, A),
        ([B, B, A], None, B),
        ([B, B, A], A, A),
        ([B, A], None, A),
        ([None], A, None),
        ([None, A], A, None),
        ([TAG, A], None, A),
    ],
)
def test_the_header_names_the_given_account_or_that_of_most_tracks(
    accounts: list[str | None], preferred: str | None, expected: str | None
) -> None:
    takes = [take(account, path=f"/{i}/") for i, account in enumerate(accounts)]
    assert Cassette.of(takes, account=preferred).account == expected


def test_tracks_count_and_not_their_takes() -> None:
    many = [replace(take(B), pages=(Page(None, None, Answer({"Roles": [], "IsTruncated": n})),)) for n in (True, False)]
    assert Cassette.of([*many, take(A), take(A, path="/a/")]).account == A


accounts = st.sampled_from([A, B, TAG, None])
takes = st.lists(
    st.builds(
        take,
        accounts,
        st.sampled_from(["ListRoles", "GetUser"]),
        after=st.none() | st.builds(lambda account: After(replace(WRITE, account=account), 1), accounts),
    ),
    max_size=5,
    unique_by=lambda each: each.track,
).map(tuple)


@strategies.few(80)
@given(takes, accounts)
def test_a_text_reads_as_the_cassette(takes: tuple[Take, ...], account: str | None) -> None:
    cassette = Cassette.of(takes, account=account)
    text = write_cassette(cassette)
    assert read_cassette(text, MODELS) == cassette
    assert CassetteText.write(cassette).text == text
    assert text.count("account:") == len(
        [
            track
            for take in takes
            for track in (take.track, *([take.after.track] if take.after else []))
            if track.account not in (None, cassette.account)
        ]
    ) + bool(cassette.account)


@strategies.few(80)
@given(takes, takes, st.sampled_from([A, B, None]), st.sampled_from([A, B, None]))
def test_two_cassettes_join_without_either_overwriting_the_other(
    one: tuple[Take, ...], two: tuple[Take, ...], first: str | None, second: str | None
) -> None:
    """As texts, too, whatever their headers say."""
    cassettes = [Cassette.of(one, account=first), Cassette.of(two, account=second)]
    merged = merge_cassettes(MODELS, cassettes, "first")
    assert dict(merged.tracks()).keys() == {take.track for take in (*one, *two)}
    texts = [CassetteText.write(cassette) for cassette in cassettes]
    rewritten = rewrite_cassette(MODELS, texts, merged)
    assert rewritten.written.cassette == merged
    assert rewritten.text == write_cassette(merged)


def test_comments_survive_where_another_header_is_written() -> None:
    text = write_cassette(Cassette.of([take(B)])).replace("identity: {}", "identity: {}  # of B")
    both = [CassetteText.read([each], MODELS) for each in (write_cassette(Cassette.of([take(A)])), text)]
    merged = merge_cassettes(MODELS, [each.cassette for each in both], None)
    rewritten = rewrite_cassette(MODELS, both, merged)
    assert rewritten.lost_comments == rewritten.removed_comments == ()
    assert rewritten.text.count("identity: {}") == 2
    assert f"account: {B}\nidentity: {{}} # of B\n" in rewritten.text.replace("'", "")


# --- recording into a cassette --------------------------------------------------------------------------------------


def test_a_recording_of_another_account_leaves_the_old_tracks() -> None:
    merged = merge_recorded(MODELS, Cassette.of([take(B)]), Cassette.of([take(A), take(A, "GetUser")]))
    assert [each.track.account for each in merged.takes] == [A, A, B]
    assert merged.account == B, "the header stays, so that the text of old tracks does"


def test_a_track_of_an_unknown_caller_is_replaced_by_that_of_the_first_known_one() -> None:
    old = Cassette.of([take(None), take(None, "GetUser"), take(None, path="/a/", after=After(WRITE, 1))])
    merged = merge_recorded(MODELS, old, Cassette.of([take(A), take(B)]))
    assert [(each.track.operation, each.track.account) for each in merged.takes] == [
        ("GetUser", None),
        ("ListRoles", None),  # that of another path
        ("ListRoles", A),
        ("ListRoles", B),
    ]
    assert merged.account is None
    whole = merge_recorded(MODELS, Cassette.of([take(None)]), Cassette.of([take(A)]))
    assert (whole.account, len(whole.takes)) == (A, 1)


def test_what_comes_after_a_write_of_an_unknown_caller_follows_it() -> None:
    unknown = replace(WRITE, account=None)
    deleted = Take(unknown, (Page(None, None, Answer({})),))
    old = Cassette.of([take(None, after=After(unknown, 1)), deleted])
    merged = merge_recorded(MODELS, old, Cassette.of([replace(deleted, track=WRITE)]))
    (read,) = (each for each in merged.takes if each.after)
    assert read.after == After(WRITE, 1)
    # The recording has no answer to the write, so the old one stays: the new read comes after that.
    lost = Take(WRITE, (Page.make_hole("unreadable"),))
    merged = merge_recorded(MODELS, Cassette.of([deleted]), Cassette.of([take(A, after=After(WRITE, 1)), lost]))
    (read,) = (each for each in merged.takes if each.after)
    assert read.after == After(unknown, 1)


# --- mistakes -------------------------------------------------------------------------------------------------------

TEXT = (
    "version: 1\naccount: '000059865828'\n---\nservice: iam\noperation: ListRoles\nidentity: {}\npages: [output: {}]\n"
)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("account: '000059865828'", "acount: '000059865828'", "line 2: acount: unknown key; did you mean account?"),
        ("'000059865828'", "12345", "line 2: account: expected text, got a number"),
        ("'000059865828'", "team-a", "line 2: account: not the account of a caller"),
        ("'000059865828'", "caller-ABCDEFGHIJ23", "line 2: account: not the account of a caller"),
        ("identity", "account: 12\nidentity", "line 6: account: expected text"),
        ("identity", "account: x\nidentity", "line 6: account: not the account of a caller"),
        (
            "pages",
            "after: {service: iam, operation: DeleteRole, account: x, identity: {RoleName: x}, take: 1}\npages",
            "line 7: after.account: not the account of a caller",
        ),
    ],
)
def test_a_wrong_account_is_a_problem_with_its_place(old: str, new: str, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_cassette(TEXT.replace(old, new, 1), MODELS)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("'000059865828'", "'314159265358'", 2),
        ("identity", "account: '314159265358'\nidentity", 6),
        (
            "pages",
            "after: {service: iam, operation: DeleteRole, account: '314159265358', identity: {}, take: 1}\npages",
            7,
        ),
    ],
)
def test_a_real_account_is_a_finding(old: str, new: str, line: int) -> None:
    assert check_text(TEXT, MODELS) == []
    found = [(each.line, each.kind) for each in check_text(TEXT.replace(old, new, 1), MODELS) if each.level == "error"]
    assert (line, "account") in found


def test_the_header_names_the_account_that_assumes_roles() -> None:
    assumes = replace(take(B), track=Track("sts", "AssumeRole", None, {"RoleArn": "arn:aws:iam::1:role/a"}, B))
    takes = [take(A), take(A, path="/a/"), assumes]
    assert Cassette.of(takes).account == B
    assert Cassette.of(takes, account=A).account == A
