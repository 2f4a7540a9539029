"""One-line labels of identities and items."""

from __future__ import annotations

import pytest

from awstape.core.aws.model import Shape, Value
from awstape.core.view.labels import Detail, arn_end, identity_label, item_cells
from support.exchanges import operation

ARN = "arn:aws:iam::000611752023:role/team/alias-Tsr76sms7l"


def item_shape(name: str) -> Shape | None:
    """The shape of the items that an operation lists."""
    listing = operation(name)
    assert listing.paging and listing.output
    member = listing.output.members[listing.paging.items[0]].shape.member
    return member.shape if member else None


@pytest.mark.parametrize(
    ("name", "item", "expected"),
    [
        (
            "ListRoles",
            {"Arn": ARN, "RoleName": "r", "RoleId": "AROA"},
            ("r", "AROA", "", "", "role/team/alias-Tsr76sms7l"),
        ),
        ("ListRoles", {"Arn": "arn:aws:iam::1:role/r", "RoleName": "r"}, ("r", "", "", "", "")),
        (
            "ListAttachedRolePolicies",
            {"PolicyName": "P", "PolicyArn": "arn:aws:iam::aws:policy/P"},
            ("P", *3 * ("",), "aws:policy/P"),
        ),
        ("ListPolicyVersions", {"VersionId": "v2", "IsDefaultVersion": True}, ("", "v2", "", "IsDefaultVersion", "")),
        (
            "ListPolicyVersions",
            {"VersionId": "v1", "CreateDate": "2024-01-02T03:04:05Z"},
            ("", "v1", "2024-01-02", "", ""),
        ),
        ("ListAccessKeys", {"UserName": "u", "Status": "Active"}, ("u", "", "", "Active", "")),
        ("ListRoleTags", {"Key": "team", "Value": "a"}, ("Key=team Value=a",)),
        ("ListRolePolicies", "alias-srrm4262kR", ("alias-srrm4262kR",)),
        ("GetFindingV2", {"externalAccessDetails": {"isPublic": False}}, ("externalAccessDetails isPublic=false",)),
        ("ListRoles", {}, ("",)),
        ("ListRoles", {"New": {"\x1b": 1}}, ("New \\u001b=1",)),
    ],
)
def test_items(name: str, item: Value, expected: tuple[str, ...]) -> None:
    assert item_cells(item, item_shape(name)) == expected


def test_identities_are_shortened_to_the_width() -> None:
    identity: dict[str, Value] = {
        "analyzerArn": "arn:aws:access-analyzer:eu-west-1:000611752023:analyzer/a",
        "id": "x" * 36,
    }
    input_ = operation("GetFindingV2").input
    assert identity_label(identity, input_, Detail()) == f"analyzerArn={identity['analyzerArn']} id={identity['id']}"
    assert identity_label(identity, input_, Detail(whole_arns=False)) == f"analyzerArn=analyzer/a id={identity['id']}"
    short = Detail(width=31, whole_arns=False, required_names=False)
    assert identity_label(identity, input_, short) == "analyzer/a xxxxxxxxxx…xxxxxxxxx"
    assert identity_label({"PathPrefix": "/a"}, operation("ListRoles").input, short) == "PathPrefix=/a"


@pytest.mark.parametrize("text", [ARN.replace("000611752023", ""), "arn:a", "", "role/arn:aws:iam::1:x", "a:b:c:d:e:f"])
def test_the_end_of_an_arn(text: str) -> None:
    assert arn_end(text) == ("role/team/alias-Tsr76sms7l" if text.startswith("arn:aws") else text)
