"""Exchanges of a user and the roles that it assumes, in one account and in another one."""

from __future__ import annotations

from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.aws.model import Value
from support.exchanges import Exchange, request, respond

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"


def key_id(number: int, account: str = ACCOUNT, prefix: str = "ASIA") -> str:
    return prefix + access_key_of_account(account)[4:13] + f"FAKE{number:03}"


#: Access key ids: of two users, of two sessions of a role, of another role, and of a role of the same name elsewhere.
USER, OTHER_USER = key_id(1, prefix="AKIA"), key_id(2, prefix="AKIA")
ROLE, ROLE_AGAIN, SECOND_ROLE, ELSEWHERE = key_id(3), key_id(4), key_id(5), key_id(6, OTHER_ACCOUNT)
NAMES = {ROLE: "zauditor", ROLE_AGAIN: "zauditor", SECOND_ROLE: "zadmin", ELSEWHERE: "zauditor"}
PRINCIPALS = {USER: 1, OTHER_USER: 2, ROLE: 3, ROLE_AGAIN: 3, SECOND_ROLE: 4, ELSEWHERE: 5}


def account_of(key: str) -> str:
    return OTHER_ACCOUNT if key == ELSEWHERE else ACCOUNT


def give(name: str, key: str, caller: str, asked: dict[str, Value], output: dict[str, Value] | None = None) -> Exchange:
    """An operation that gives credentials with an access key id to a caller."""
    credentials: dict[str, Value] = {
        "AccessKeyId": key,
        "SecretAccessKey": f"fake-secret-of-{key}",
        "SessionToken": f"fake-token-of-{key}",
        "Expiration": "2026-03-02T10:00:00Z",
    }
    return request(name, asked, caller=caller), respond(name, {"Credentials": credentials, **(output or {})})


def assume(key: str, caller: str = USER, session: str = "zsession", *, arn: str | None = None) -> Exchange:
    """A caller gets the key of a role. arn: the role's, as the caller names it."""
    where = f"{account_of(key)}:{{}}/{NAMES[key]}"
    role: dict[str, Value] = {
        "AssumedRoleId": f"AROAEXAMPLEFAKE{len(NAMES[key]):02}:{session}",
        "Arn": f"arn:aws:sts::{where.format('assumed-role')}/{session}",
    }
    asked: dict[str, Value] = {"RoleArn": arn or f"arn:aws:iam::{where.format('role')}", "RoleSessionName": session}
    return give("AssumeRole", key, caller, asked, {"AssumedRoleUser": role})


def identity(key: str) -> Exchange:
    """A caller asks who it is."""
    name = f"assumed-role/{NAMES[key]}/zsession" if key in NAMES else f"user/zpath/zuser{PRINCIPALS[key]}"
    output: dict[str, Value] = {
        "UserId": "AIDAEXAMPLEFAKE00001",
        "Account": account_of(key),
        "Arn": f"arn:aws:{'sts' if key in NAMES else 'iam'}::{account_of(key)}:{name}",
    }
    return request("GetCallerIdentity", caller=key), respond("GetCallerIdentity", output)


def users(key: str, number: int, name: str = "ListUsers") -> Exchange:
    """A caller lists some number of users or roles."""
    member, of_name = ("Users", "UserName") if name == "ListUsers" else ("Roles", "RoleName")
    return request(name, caller=key), respond(name, {member: [{of_name: "z"}] * number})
