"""Exchanges about roles, for tests that edit cassettes, and the assertions that hold for every edited cassette."""

from __future__ import annotations

import json
from typing import Any

from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.redaction.aliases import Aliases
from awstape.core.view.selectors import SelectedTrack, select
from support.exchanges import KEY, MODELS, listing, player, request, respond, traverse

ARN = "arn:aws:iam::111122223333:"


def role(name: str, **members: Any) -> dict[str, Any]:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": f"{ARN}role/{name}"}, "Action": "sts:AssumeRole"}]}
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": "AROAEXAMPLEID" + name.upper().ljust(7, "X")[:7],
        "Arn": f"{ARN}role/{name}",
        "CreateDate": "2020-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": json.dumps(trust),
        **members,
    }


ROLES = [role(name) for name in ("Deploy", "Audit", "Build", "Backup", "Restore")]
READ = [
    *listing("ListRoles", {}, [{"Roles": ROLES[:3]}, {"Roles": ROLES[3:]}]),
    *listing("ListRoles", {"PathPrefix": "/team-a/"}, [{"Roles": []}]),
    (request("GetRole", {"RoleName": "Deploy"}), respond("GetRole", {"Role": ROLES[0]})),
    *listing("ListAttachedRolePolicies", {"RoleName": "Deploy"}, [{"AttachedPolicies": []}]),
    *listing("ListAccountAliases", {}, [{"AccountAliases": ["corp-prod"]}]),
    *listing(
        "GetAccountAuthorizationDetails",
        {},
        [
            {"UserDetailList": [], "RoleDetailList": [{"RoleName": "Deploy", "Path": "/"}]},
            {"Policies": [{"PolicyName": "Rules"}]},
        ],
    ),
]
ALIASES = Aliases(KEY)
PATH = "/alias-2rk7tll6t4-lrlk23k6t7/"


def chosen(recorded: Cassette, *texts: str) -> tuple[SelectedTrack, ...]:
    return select(MODELS, recorded, texts)


def role_names(recorded: Cassette, *, number: int = -1) -> list[list[str]]:
    """Returns the role names on each page of ListRoles. number: the take, of those without an identity."""
    take = [take for take in recorded.takes if take.track.operation == "ListRoles" and not take.track.identity][number]
    return [[item["RoleName"] for item in page.answer.output["Roles"]] for page in take.pages]  # type: ignore[index, union-attr, call-overload, misc]


def alias_of_role(real: str) -> str:
    return ALIASES.name("role", real)


def assert_valid(after: Cassette) -> None:
    """Asserts that a cassette can be written and read, has no findings, and that its listings can be replayed."""
    text = write_cassette(after)
    assert read_cassette(text, MODELS) == after
    assert check_text(text, MODELS) == []
    playing = player(after, key=None)
    for track, takes in after.tracks():
        for take in takes:
            if any(page.answer.error for page in take.pages) or take.faults:
                continue
            served = list(traverse(playing, track.operation, track.identity))
            assert [each.page for each in served] == list(range(1, len(take.pages) + 1))
