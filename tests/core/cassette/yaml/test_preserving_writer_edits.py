"""Comments anywhere, edits of any kind: each comment stays beside its line, or is returned as lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import Fault
from awstape.core.cassette.yaml.comments import find_comments
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, _Dumper, write_cassette
from awstape.core.editing import edits, list_items
from awstape.core.editing.edits import EditError
from awstape.core.editing.rename import rename
from awstape.core.redaction.aliases import Aliases
from awstape.core.replay.paging_modes import PagingMode
from awstape.core.view.selectors import SelectedTrack, select
from support import strategies
from support.exchanges import KEY, MODELS, cassette, listing, request, respond

ROLES: list[Any] = [
    {
        "Path": "/",
        "RoleName": name,
        "Arn": f"arn:aws:iam::111122223333:role/{name}",
        "MaxSessionDuration": 3600 + i,
        "Description": f"a block {i}\n\n# no comment\n" if i % 2 else f"odd\u2028breaks {i}",
        "Tags": [{"Key": "k", "Value": str(i)}],
    }
    for i, name in enumerate(("Deploy", "Audit", "Build", "Backup", "Restore"))
]
LATER = [{**role, "MaxSessionDuration": role["MaxSessionDuration"] + 10} for role in ROLES]
RECORDED = cassette(
    *listing("ListRoles", {}, [{"Roles": ROLES[:3]}, {"Roles": ROLES[3:]}]),
    *listing("ListRoles", {}, [{"Roles": LATER[2:4]}, {"Roles": LATER[:1]}], token="U"),
    (request("GetRole", {"RoleName": "Deploy"}), respond("GetRole", {"Role": ROLES[0]})),
    (request("GetRole", {"RoleName": "Audit"}), respond("GetRole", {"Role": ROLES[1]})),
    *listing("ListAccountAliases", {}, [{"AccountAliases": ["corp-prod"]}]),
)
BLOCK = write_cassette(RECORDED)
FLOW = "---\n".join(
    yaml.dump(each.value, Dumper=_Dumper, allow_unicode=True, width=60, default_flow_style=None)
    for each in parse_documents(BLOCK)
)
MARK = re.compile(r"# c(\d+)\.")
Change = Callable[[Cassette, tuple[SelectedTrack, ...], int], Cassette]


def inside(text: str) -> set[int]:
    """The lines, counted from 0, that begin inside a text of the document: no comment can precede them."""
    found: set[int] = set()
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.ScalarToken):
            is_block = token.style in ("|", ">")
            found |= set(range(token.start_mark.line + 1, token.end_mark.line + (not is_block)))
    return found


CLOSED = {text: inside(text) for text in (BLOCK, FLOW)}


def commented(text: str, places: list[tuple[int, bool]]) -> str:
    """The text with comments behind some of its lines, or above them."""
    lines = text.splitlines()
    closed, said, out = CLOSED[text], set(places), []
    for i, line in enumerate(lines):
        if (i, True) in said and i not in closed:
            out.append(re.match(" *", line)[0] + f"# c{2 * i}.")  # type: ignore[index]
        is_open = i + 1 not in closed or line.endswith(("|", "|-"))
        out.append(line + f" # c{2 * i + 1}." * ((i, False) in said and is_open and i not in closed))
    return "\n".join(out) + "\n"


def about(text: str) -> dict[int, str]:
    """Comment number → the line that it is beside or above, without the dashes of list items."""
    found, waiting = {}, []
    for line in text.splitlines():
        here = [int(n) for n in MARK.findall(line)]
        said = MARK.sub("", line).partition(SCHEMA_LINE.strip())[0].strip(" -")
        waiting += here
        if said and not said.startswith("#"):
            found |= dict.fromkeys(waiting, said)
            waiting = []
    return found | dict.fromkeys(waiting, "")


def setting(path: str, text: str | None) -> Change:
    return lambda c, chosen, n: edits.set_value(MODELS, c, chosen, path.replace("N", str(n)), text)


def merging(c: Cassette, chosen: tuple[SelectedTrack, ...], n: int) -> Cassette:
    other = list_items.drop_items(MODELS, c, select(MODELS, c, ["ListRoles"]), [str(n % 5 + 1)])
    preferences: list[edits.Preference] = ["first", "last", "both"]
    return edits.merge_cassettes(MODELS, [c, other], preferences[n % 3])


CHANGES: list[Change] = [
    lambda c, chosen, n: edits.repage_takes(MODELS, c, chosen, PagingMode.parse(str(n % 4 + 1))),
    lambda c, chosen, n: edits.repage_takes(MODELS, c, chosen, PagingMode.parse(f"torture:{n}")),
    lambda c, chosen, n: list_items.drop_items(MODELS, c, chosen, [str(n % 5 + 1)]),
    lambda c, chosen, n: list_items.add_item(MODELS, c, chosen, {"RoleName": "alias-S4t6r3rrlT"}, n % 6 + 1),
    lambda c, chosen, n: rename(MODELS, c, ("Deploy", "Audit", "Build")[n % 3], "Other", Aliases(KEY)),
    lambda c, chosen, n: edits.remove_takes(MODELS, c, chosen),
    lambda c, chosen, n: edits.remove_takes(MODELS, c, select(MODELS, c, [f"ListRoles take={n % 2 + 1}"])),
    lambda c, chosen, n: edits.set_faults(MODELS, c, chosen, [Fault.parse("drop page=1")]),
    lambda c, chosen, n: edits.split_cassette(c, chosen)[n % 2],
    setting("pages[].output.Roles[].MaxSessionDuration", "7200"),
    setting("pages[].output.Roles[N].Description", "x"),
    setting("pages[].output.Roles[?MaxSessionDuration > `3601`][].Tags", None),
    merging,
]  # fmt: skip


@strategies.few(60)
@given(
    st.sampled_from((BLOCK, FLOW)),
    st.lists(st.tuples(st.integers(0, 145), st.booleans()), min_size=10, max_size=40),
    st.sampled_from(CHANGES),
    st.sampled_from(("ListRoles", "ListRoles", "ListRoles take=2", "GetRole", "ListAccountAliases")),
    st.integers(0, 9),
    st.sampled_from(("\n", "\r\n")),
)
def test_comments_stay_or_are_returned_as_lost(
    text: str, places: list[tuple[int, bool]], change: Change, which: str, n: int, line_break: str
) -> None:
    old = commented(text, places)
    was = about(old)
    before = read_cassette(old, MODELS)
    assert before == RECORDED
    after = before
    with suppress(EditError):
        after = change(before, select(MODELS, before, [which]), n)
    made = rewrite_cassette(MODELS, [CassetteText.read([old.replace("\n", line_break)], MODELS)], after)
    assert read_cassette(made.text, MODELS) == after
    told = [
        int(number)
        for comment in (*made.lost_comments, *made.removed_comments)
        for number in MARK.findall(comment.text)
    ]
    now = about(made.text)
    assert sorted([*now, *told]) == sorted(was)
    assert {n for c in find_comments(made.text) for n in map(int, MARK.findall(c.text))} == set(now)
    if text is FLOW:  # several things stand on a line
        return
    lines = [[line.strip(" -") for line in MARK.sub("", each).splitlines()] for each in (old, made.text)]
    for number, said in was.items():
        is_one = not said.endswith((":", "[]")) and said and all(of_text.count(said) == 1 for of_text in lines)
        if number in now and is_one and not said.startswith(("token:", "Marker:")):
            assert now[number] == said
        elif number in now:
            assert now[number].partition(":")[0] == said.partition(":")[0]
        elif is_one and not said.startswith(("token:", "Marker:")):
            assert number not in told, said
