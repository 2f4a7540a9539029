"""The data of the HTML page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.view.html_page_data import alias_kind, html_page_data

GROUPS = """
version: 1
---
service: iam
operation: ListGroups
identity: {}
"""


def page_data(text: str) -> dict[str, Any]:
    models = load_models()
    plain = html_page_data([("it.yaml", read_cassette(text, models))], models)
    assert json.loads(json.dumps(plain)) == plain
    return plain


def role(**members: str) -> dict[str, Any]:
    """The members of the only item of a page, as nodes."""
    said = "".join(f"    {name}: {json.dumps(text)}\n" for name, text in members.items())
    head = "version: 1\n---\nservice: iam\noperation: GetRole\nidentity: {RoleName: x}\npages:\n- output:\n    Role:\n"
    (track,) = page_data(head + said.replace("    ", "      "))["tracks"]
    ((_, value),) = track["takes"][0]["pages"][0]["rest"]["m"]
    return dict(value["m"])


def test_aliases_are_separated_from_the_text_around_them() -> None:
    plain = page_data(
        GROUPS + "pages:\n- error: {status: 403, code: AccessDenied, message: 'alias-Tsr76sms7l is not 000611752023'}\n"
    )
    assert [alias["text"] for alias in plain["aliases"]] == ["alias-Tsr76sms7l", "000611752023"]
    members = dict(plain["tracks"][0]["takes"][0]["pages"][0]["rest"]["m"])
    assert members["message"] == {"t": [0, " is not ", 1]}
    assert members["status"] == {"n": "403"}


def test_the_places_of_aliases_are_counted() -> None:
    plain = page_data(
        GROUPS.replace("ListGroups", "ListRoles").replace("{}", "{PathPrefix: /alias-rl732m2klm/}")
        + "pages:\n- output:\n    Roles:\n    - {RoleName: alias-Tsr76sms7l, Path: /alias-rl732m2klm/}\n"
    )
    counted = {alias["text"]: (alias["kind"], alias["places"]) for alias in plain["aliases"]}
    assert counted == {"alias-Tsr76sms7l": ("name", 1), "alias-rl732m2klm": ("name", 2)}


@pytest.mark.parametrize(
    ("alias", "kind"),
    [
        ("000611752023", "account id"),
        ("alias-Tsr76sms7l", "name"),
        ("caller-abcdefghij23", "caller"),
        ("alias-6t2tt7lm7l@example.com", "e-mail address"),
        ("o-272k3rt2m6rr", "organization id"),
        ("AROATAPELM7647MT3KSM7", "unique id"),
        ("00000000" + "a" * 56, "canonical user id"),
        ("vpc-0000123456789abcd", "vpc id"),
    ],
)
def test_the_kind_of_an_alias(alias: str, kind: str) -> None:
    assert alias_kind(alias) == kind


@pytest.mark.parametrize("unseen", ["\u202e", "\u200b", "\u3164", "\u2028", "\r"])
def test_invisible_characters_are_pieces_of_their_own(unseen: str) -> None:
    escape = unseen.encode("unicode_escape").decode()
    assert role(Description=f"a\n{unseen}b")["Description"] == {"t": ["a\n", [escape], "b"]}


def test_documents_keep_numbers_order_and_repeated_keys() -> None:
    document = '{"b": 1.50, "a": [true], "b": 123456789012345678901234567890, "t": "\\n"}'
    members = role(AssumeRolePolicyDocument=document)["AssumeRolePolicyDocument"]["d"]["m"]
    spelled = [["b", {"n": "1.50"}], ["a", {"l": [{"n": "true"}]}], ["b", {"n": "123456789012345678901234567890"}]]
    assert members == [*spelled, ["t", "\\n"]]


def test_a_document_of_a_thousand_levels_stays_text() -> None:
    document = "[" * 1000 + "]" * 1000
    assert role(AssumeRolePolicyDocument=document)["AssumeRolePolicyDocument"] == document


def test_binary_is_readable_where_it_is_text() -> None:
    plain = page_data(
        "version: 1\n---\nservice: iam\noperation: GetCredentialReport\nidentity: {}\npages:\n"
        "- output: {Content: !!binary /0EAYWxpYXMtVHNyNzZzbXM3bA==}\n"
    )
    ((_, content),) = plain["tracks"][0]["takes"][0]["pages"][0]["rest"]["m"]
    assert content == {"b": 19, "t": ["ÿA", ["\\u0000"], 0]}


ENDS = {
    "complete": "- output: {IsTruncated: false, Groups: []}\n",
    "unfinished": "- output: {IsTruncated: true, Groups: [], Marker: m}\n",
    "error": "- output: {IsTruncated: true, Groups: [], Marker: m}\n- token: m\n  error: {status: 500}\n",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_take(end: str) -> None:
    plain = page_data(f"{GROUPS}pages:\n{ENDS[end]}")
    (take,) = plain["tracks"][0]["takes"]
    assert (take["end"], take["beyond"]) == (end, "m" if end == "unfinished" else None)
    expected = {"tracks": 1, "retaken": 0, "pages": len(take["pages"]), "items": 0, "empty": 1}
    assert plain["counts"] == expected | {"errors": end == "error", "unfinished": end == "unfinished"}


def test_a_cassette_without_takes() -> None:
    plain = page_data("version: 1\n")
    assert (plain["tracks"], plain["aliases"], plain["texts"], plain["counts"]["tracks"]) == ([], [], [], 0)


def test_texts_are_given_with_their_places() -> None:
    models = load_models()
    cassette = read_cassette(f"{GROUPS}pages:\n- output: {{IsTruncated: false, Groups: []}}\n", models)
    texts = [("of alias-Tsr76sms7l\u202e", 2, "iam GetRole Role.Description")]
    plain = html_page_data([("a.yaml", cassette), ("b.yaml", cassette)], models, texts)
    assert plain["texts"] == [[{"t": ["of ", 0, ["\\u202e"]]}, 2, "iam GetRole Role.Description"]]
    assert [(alias["text"], alias["places"]) for alias in plain["aliases"]] == [("alias-Tsr76sms7l", 0)]
    assert [track["file"] for track in plain["tracks"]] == ["a.yaml", "b.yaml"]


def test_a_timeline_names_tracks_by_their_numbers_and_leaves_out_documents() -> None:
    write = "{AssumeRolePolicyDocument: '{}', RoleName: alias-Tsr76sms7l}"
    read = "---\nservice: iam\noperation: GetRole\nidentity: {RoleName: alias-Tsr76sms7l}\n"
    pages = "pages:\n- output: {}\n"
    after = f"after: {{service: iam, operation: CreateRole, identity: {write}, take: 1}}\n"
    create = f"---\nservice: iam\noperation: CreateRole\nidentity: {write}\n"
    plain = page_data(f"version: 1\n{create}{pages}{read}{pages}{read}{after}{pages}")
    role = {"t": [0]}
    assert plain["timelines"] == [
        {
            "file": "it.yaml",
            "writes": [{"operation": "CreateRole", "label": role, "take": 1, "track": 0, "here": True}],
            "lanes": [[1, role, [0, 1]]],
            "unmoved": 0,
            "silent": [],
        }
    ]
    assert plain["aliases"][0]["places"] == 2, "labels are no places"
