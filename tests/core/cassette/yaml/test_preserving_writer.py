"""Rewriting a cassette's text: comments and formatting of people stay, or the comment is returned as lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.cassette.page_tokens import name_tokens
from awstape.core.cassette.yaml.preserving_writer import RewrittenText, rewrite_cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, write_cassette
from awstape.core.replay.paging_modes import Listing, PagingMode
from support.exchanges import MODELS, operation

TEXT = """\
# The roles of the examples.
version: 1   # the first format
# Nobody's roles:
---
# a listing
service: iam
operation: ListRoles  # all of them
identity: {}
pages:
# the first page
- output:
    IsTruncated: true
    Roles:   # two
    - {Path: /, RoleName: alias-Tsr76sms7l}
    # the second
    - RoleName: alias-S4t6r3rrlT  # its name
      Description: |  # a block
        several

        lines # none
      Path: /
    Marker: here
- token: here
  output:
    IsTruncated: false
    Roles:
    # the third
    - {Path: /, RoleName: alias-rl732m2klm-tm3rls33kr}
  # the end of the roles
---
service: "iam"  # in quotes
operation: GetRole
identity: {RoleName: alias-Tsr76sms7l}
pages: [{output: {Role: {Path: /, RoleName: alias-Tsr76sms7l}}}]  # in a flow
"""
ROLES, ROLE = 1, 0


def cassette() -> Cassette:
    return read_cassette(TEXT, MODELS)


def rewrite_texts(texts: list[str], cassette: Cassette) -> RewrittenText:
    sources = [CassetteText.read([text], MODELS) for text in texts]
    assert [source.text for source in sources] == texts
    return rewrite_cassette(MODELS, sources, cassette)


def rewritten(*takes: Take) -> RewrittenText:
    result = rewrite_texts([TEXT], Cassette.of(takes))
    assert read_cassette(result.text, MODELS) == Cassette.of(takes)
    return result


def edited(take: Take, page: int, **members: Any) -> Take:
    pages = list(take.pages)
    output = {**(pages[page].answer.output or {}), **members}
    pages[page] = replace(pages[page], answer=replace(pages[page].answer, output=output))
    return replace(take, pages=tuple(pages))


def roles(take: Take) -> list[list[Any]]:
    return [page.answer.output["Roles"] for page in take.pages]  # type: ignore[index, misc]


def test_unchanged_takes_stay_to_the_letter() -> None:
    role, listing = cassette().takes
    both = rewritten(role, listing)
    header, body, other = TEXT.split("---\n")
    comment = "# Nobody's roles:\n"
    # In the order of cassettes, with what stands before a document.
    assert both.text == f"{header.removesuffix(comment)}---\n{other}{comment}---\n{body}"
    assert not both.lost_comments and not both.removed_comments
    again = rewrite_texts([both.text], Cassette.of([role, listing]))
    assert again.text == both.text


def test_removed_takes_return_their_comments() -> None:
    role, listing = cassette().takes
    assert [c.text for c in rewritten(role).removed_comments][:3] == [
        "# Nobody's roles:",
        "# a listing",
        "# all of them",
    ]
    assert [(c.line, c.text) for c in rewritten(listing).removed_comments] == [(31, "# in quotes"), (34, "# in a flow")]


def test_comments_stay_when_a_take_changes() -> None:
    role, listing = cassette().takes
    changed = edited(listing, 1, Roles=[*roles(listing)[1], {"Path": "/", "RoleName": "role-4444444444444"}])
    result = rewritten(role, changed)
    assert result.lost_comments == result.removed_comments == ()
    assert (
        result.text.partition("# Nobody")[2]
        == """\
's roles:
---
# a listing
service: iam
operation: ListRoles # all of them
identity: {}
pages:
# the first page
- output:
    IsTruncated: true
    Roles: # two
    - Path: /
      RoleName: alias-Tsr76sms7l
    # the second
    - RoleName: alias-S4t6r3rrlT # its name
      Description: | # a block
        several

        lines # none
      Path: /
    Marker: here
- token: here
  output:
    IsTruncated: false
    Roles:
    # the third
    - Path: /
      RoleName: alias-rl732m2klm-tm3rls33kr
    - Path: /
      RoleName: role-4444444444444
 # the end of the roles
"""
    )


def test_a_comment_goes_with_its_item_and_is_lost_with_it() -> None:
    _, listing = cassette().takes
    first, second = roles(listing)
    without = rewritten(edited(listing, 0, Roles=first[:1]))
    assert [(c.line, c.text) for c in without.lost_comments] == [
        (15, "# the second"),
        (16, "# its name"),
        (17, "# a block"),
    ]
    assert "# the third\n    - Path: /\n      RoleName: alias-rl732m2klm-tm3rls33kr" in without.text
    moved = rewritten(edited(edited(listing, 0, Roles=[]), 1, Roles=[*first, *second]))
    assert moved.lost_comments == ()
    assert "    # the second\n    - RoleName: alias-S4t6r3rrlT # its name\n" in moved.text
    assert "    # the third\n    - Path: /\n      RoleName: alias-rl732m2klm-tm3rls33kr\n" in moved.text


def test_comments_when_all_of_the_items_change() -> None:
    _, listing = cassette().takes
    pages = tuple(roles(listing))
    renamed = edited(listing, 0, Roles=[{**role, "Path": "/alias-2rk7tll6t4-lrlk23k6t7/"} for role in pages[0]])
    result = rewritten(renamed)
    assert result.lost_comments == ()
    assert "    # the second\n    - RoleName: alias-S4t6r3rrlT # its name\n" in result.text


@pytest.mark.parametrize("paging", ["1", "2", "100", "torture"])
def test_comments_of_items_survive_other_pages(paging: str) -> None:
    _, listing = cassette().takes
    op = operation("ListRoles")
    cut = Listing(op, listing, 1, PagingMode.parse(paging))
    pages, position = [], Listing.first
    while True:
        answer = cut.page(position, None).answer
        pages.append(replace(listing.pages[0], token=None, answer=answer))
        token = (answer.output or {}).get("Marker")
        if token is None:
            break
        found = cut.position(str(token))
        assert found
        position = found
    take = replace(listing, pages=name_tokens(op, listing.track, 1, pages))
    result = rewritten(take)
    assert "    # the second\n    - RoleName: alias-S4t6r3rrlT # its name\n" in result.text
    assert "    # the third\n    - Path: /\n      RoleName: alias-rl732m2klm-tm3rls33kr\n" in result.text
    assert {c.text for c in result.lost_comments} == set()


def test_a_renamed_track_keeps_its_comments() -> None:
    role, listing = cassette().takes
    track = replace(listing.track, identity={"PathPrefix": "/alias-2rk7tll6t4-lrlk23k6t7/"})
    result = rewritten(role, replace(listing, track=track))
    assert (result.lost_comments, result.removed_comments) == ((), ())
    assert "operation: ListRoles # all of them\n" in result.text


def test_the_texts_of_several_cassettes() -> None:
    other = TEXT.replace("identity: {}", "identity: {PathPrefix: /}").replace("JlRWf2vcoyKT", "ZmgVoIfY2s3G")
    both = [read_cassette(text, MODELS) for text in (TEXT, other)]
    together = Cassette.of(take for each in both for take in each.takes)
    result = rewrite_texts([TEXT, other], together)
    assert read_cassette(result.text, MODELS) == together
    assert result.text.count("# the second\n") == 2
    assert (result.lost_comments, result.removed_comments) == ((), ())


def test_a_changed_header_is_written_anew() -> None:
    recorded = replace(cassette(), keys=frozenset({"t366skr2trrs"}))
    result = rewrite_texts([TEXT], recorded)
    header = f"{SCHEMA_LINE}version: 1\nkey: t366skr2trrs\n---\n"
    assert result.text.startswith(f"# The roles of the examples.\n# the first format\n{header}")
    assert read_cassette(result.text, MODELS) == recorded


def other_text() -> str:
    """The same roles with other comments."""
    listing = TEXT.split("---\n")[1].replace("# two", "# few").replace("# the third", "# the last")
    return f"# Theirs.\nversion: 1\n---\n{listing}"


@pytest.mark.parametrize("is_changed", [False, True])
def test_comments_of_several_texts_are_joined(is_changed: bool) -> None:
    role, listing = cassette().takes
    take = edited(listing, 0, Roles=roles(listing)[0][:1]) if is_changed else listing
    result = rewrite_texts([TEXT, other_text()], Cassette.of([role, take]))
    assert read_cassette(result.text, MODELS).takes == (role, take)
    assert result.text.startswith("# Theirs.\n# The roles of the examples.\n")
    assert "    Roles: # two # few\n" in result.text
    assert "    # the third\n    # the last\n    - Path: /\n" in result.text
    assert result.text.count("# a listing\n") == result.text.count("operation: ListRoles # all of them\n") == 1
    assert result.removed_comments == ()
    assert [c.text for c in result.lost_comments] == ["# the second", "# its name", "# a block"] * 2 * is_changed


def test_the_comments_of_the_take_that_stays() -> None:
    _, listing = cassette().takes
    other = edited(listing, 0, Roles=roles(listing)[0][:1])
    takes = [replace(take, pages=name_tokens(operation("ListRoles"), take.track, n, take.pages))
             for n, take in enumerate((listing, other), 1)]  # fmt: skip
    text = write_cassette(Cassette.of(takes))
    for i, part in enumerate(text.split("---\n")[1:], 1):
        text = text.replace(part, part.replace("identity: {}", f"identity: {{}} # take {i}"))
    left = replace(other, pages=name_tokens(operation("ListRoles"), other.track, 1, other.pages))
    result = rewrite_texts([text], Cassette.of([left]))
    assert "identity: {} # take 2\n" in result.text
    assert [c.text for c in result.removed_comments] == ["# take 1"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    - {Path: /, RoleName: alias-Tsr76sms7l}\n    # the second\n    - RoleName",
         "    - {Path: /, RoleName: alias-Tsr76sms7l}\n    - # the second\n      RoleName",
         "    # the second\n    - RoleName: alias-S4t6r3rrlT"),
        ("      Path: /\n    Marker", "      Path:\n        # the path\n        /\n    Marker",
         "      Path: / # the path\n"),
        ("{Path: /, RoleName: alias-rl732m2klm-tm3rls33kr}",
         "{Path: /, # the path\n       RoleName: alias-rl732m2klm-tm3rls33kr}",
         "    - Path: / # the path\n"),
        ("Path: /\n    Marker",
         "Path: /\n      Tags: [ # the tags\n       {Key: a, Value: b},\n       # end\n      ]\n    Marker",
         "      Tags: # the tags\n      - Key: a\n        Value: b\n    # end\n    Marker: here"),
    ],
)  # fmt: skip
def test_comments_in_odd_places(old: str, new: str, expected: str) -> None:
    text = TEXT.replace(old, new)
    assert text != TEXT
    before = read_cassette(text, MODELS)
    changed = edited(before.takes[1], 0, Marker="there")
    pages = (changed.pages[0], replace(changed.pages[1], token="there"))
    result = rewrite_texts([text], Cassette.of([replace(changed, pages=pages)]))
    assert expected.replace("here", "there") in result.text


def test_a_comment_at_the_end_does_not_go_to_the_next() -> None:
    role = TEXT.rpartition("---\n")[2]
    text = TEXT.replace(role, role + "# the end of the role\n")
    result = rewrite_texts([text], cassette())  # in the order of cassettes: the role is first
    assert " # the end of the role\n# Nobody's roles:\n---\n# a listing\n" in result.text
    without = rewrite_texts([result.text], Cassette.of(cassette().takes[1:]))
    assert "# the end of the role" in [c.text for c in without.removed_comments]


@pytest.mark.parametrize(
    ("end", "between"),
    [("", ""), ("\n...\n", "%YAML 1.1\n"), ("\n...\n# of the next\n", "%YAML 1.1\n"), ("\n", ""), ("\r\n", "")],
)
def test_documents_change_places(end: str, between: str) -> None:
    """Whatever ends and begins them, their values and their text stay the same."""
    header, listing, role = TEXT.replace("# Nobody's roles:\n", "").split("---\n")
    block = role.partition("pages:")[0] + "pages: \n- error: \n    status: 404\n    message: |\n      said"
    text = f"{header}---\n{listing}{'...' if between else ''}\n{between}---\n{block}{end}"
    before = read_cassette(text, MODELS)
    result = rewrite_texts([text], before)
    assert read_cassette(result.text, MODELS) == before
    assert result.lost_comments == result.removed_comments == ()
    assert "operation: ListRoles  # all of them\n" in result.text
    assert '"iam"  # in quotes' in result.text or not end
