"""Names in a recording that come from the program itself, not from an answer."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.redaction.aliases import Aliases
from support.exchanges import ACCOUNT, KEY, Exchange, record, request, respond

NAMES = ("zApple", "zBerry", "zCherry", "test")


def arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def role(name: str) -> Value:
    return {"RoleName": name, "Arn": arn(name), "Path": "/", "RoleId": "AROAREALID0123456789"}


def ask(name: str) -> Exchange:
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": role(name)})


def ask_by_arn(name: str) -> Exchange:
    policies: Value = {"PoliciesGrantingServiceAccess": [], "IsTruncated": False}
    asked = {"Arn": arn(name), "ServiceNamespaces": ["s3"]}
    return request("ListPoliciesGrantingServiceAccess", asked), respond("ListPoliciesGrantingServiceAccess", policies)


def list_roles(*names: str) -> Exchange:
    return request("ListRoles"), respond("ListRoles", {"Roles": [role(name) for name in names], "IsTruncated": False})


def create(name: str) -> Exchange:
    asked: dict[str, Value] = {"RoleName": name, "AssumeRolePolicyDocument": "{}"}
    return request("CreateRole", asked), respond("CreateRole", {"Role": role(name)})


def aliases(*names: str) -> tuple[str, ...]:
    given_out = Aliases(KEY)
    return tuple(sorted(given_out.name("role", name) for name in names))


@pytest.mark.parametrize(
    ("exchanges", "literals", "expected"),
    [
        ([ask("zApple")], set(), ["zApple"]),
        ([ask_by_arn("zApple")], set(), ["zApple"]),
        ([list_roles("zApple"), ask("zApple")], set(), []),
        ([list_roles("zApple"), ask("zBerry")], set(), ["zBerry"]),
        ([ask("zApple"), list_roles("zApple", "zBerry")], set(), ["zApple"]),
        ([create("zApple"), ask("zApple")], set(), ["zApple"]),
        ([list_roles("zApple", "zBerry")], {"zBerry", "zCherry", "Roles", "/"}, ["zBerry"]),
        ([list_roles("test")], {"test"}, ["test"]),
        ([list_roles()], {"ListRoles", "Roles"}, []),
        ([create("zApple")], {"zApple"}, []),
    ],
)
def test_which_names_are_the_programs_own(exchanges: list[Exchange], literals: set[str], expected: list[str]) -> None:
    assert record(*exchanges, literals=literals).own_names == aliases(*expected)


NAME = st.sampled_from(NAMES)
STEPS = st.lists(
    st.one_of(NAME.map(lambda name: (ask, (name,))), st.lists(NAME).map(lambda names: (list_roles, names)))
)


@given(STEPS, st.sets(NAME))
def test_a_name_is_the_programs_own_if_it_was_asked_for_before_it_was_answered_or_is_a_literal(
    steps: list[tuple[object, list[str]]], literals: set[str]
) -> None:
    asked, answered = dict[str, int](), dict[str, int]()
    number = count()
    for make, names in steps:
        for name in names:
            (asked if make is ask else answered).setdefault(name, next(number))
    late = len(steps) + sum(len(names) for _, names in steps) + 1
    own = {name for name in asked if asked[name] < answered.get(name, late)}
    own |= literals & (asked.keys() | answered.keys())
    recording = record(*(make(*names) for make, names in steps), literals=literals)  # type: ignore[operator]
    assert recording.own_names == aliases(*own)
