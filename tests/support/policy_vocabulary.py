"""Public words of policies: managed policies, and each element of a policy, in documents and in members."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, islice
from random import Random
from typing import Any

from support import public_words
from support.marked_text import private, public
from support.vocabulary_plants import (
    Plant,
    account,
    documents,
    in_documents,
    interleaved,
    made_name,
    members,
    parts,
    policy,
    put,
    put_in_turn,
    twins,
    twins_in_findings,
)

MANAGED = "managed policies"

# --- managed policies -------------------------------------------------------------------------------------------


def _managed_documents() -> Iterator[Plant]:
    """Yields the document of each managed policy, as GetPolicyVersion returns it, in three spellings."""
    for number, (name, managed) in enumerate(public_words.managed_policies().items()):
        document = json.dumps(managed["Document"], indent=(4, None, 2)[number % 3])
        version = {"Document": document, "VersionId": managed["DefaultVersionId"], "IsDefaultVersion": True}
        yield Plant(MANAGED, "GetPolicyVersion", "output", {"PolicyVersion": version}, about=name)


def _managed_names() -> Iterator[Plant]:
    kind = "managed policies: names, ARNs, ids"
    descriptions = cycle(public_words.example_texts())
    policies = public_words.managed_policies()

    def listed() -> Iterator[Plant]:
        for part in parts(policies, 25):
            facts = [_managed_facts(name, policies[name], next(descriptions)) for name in part]
            yield Plant(kind, "ListPolicies", "output", {"Policies": facts})
            attached = [{"PolicyName": each["PolicyName"], "PolicyArn": each["Arn"]} for each in facts]
            yield Plant(kind, "ListAttachedRolePolicies", "output", {"AttachedPolicies": attached})
            in_document = policy(len(part), {"Action": "iam:AttachRolePolicy", "Resource": [f["Arn"] for f in facts]})
            yield put(kind, members("GetRolePolicy output PolicyDocument$")[0], in_document)
            versions = [
                {"Document": json.dumps(policies[name]["Document"], indent=4), "VersionId": "v1"} for name in part[:1]
            ]
            details = {**facts[0], "PolicyVersionList": versions}
            yield Plant(kind, "GetAccountAuthorizationDetails", "output", {"Policies": [details]})
            for each in facts[:2]:
                yield Plant(kind, "GetPolicy", "input", {"PolicyArn": each["Arn"]})
                yield Plant(kind, "PutRolePermissionsBoundary", "input", {"PermissionsBoundary": each["Arn"]})
                matched = [{"SourcePolicyId": each["PolicyName"], "SourcePolicyType": "aws-managed"}]
                results = [{"EvalActionName": "s3:GetObject", "MatchedStatements": matched}]
                yield Plant(kind, "SimulatePrincipalPolicy", "output", {"EvaluationResults": results})

    names = (name for name in policies)
    yield from interleaved(listed(), twins(kind, names), _customer_policies(kind))


def _managed_facts(name: str, managed: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {
        "PolicyName": name,
        "PolicyId": _policy_id(name),
        "Arn": f"arn:aws:iam::aws:policy{managed['Path']}{name}",
        "Path": managed["Path"],
        "DefaultVersionId": managed["DefaultVersionId"],
        "Description": description,
    }


def _policy_id(name: str) -> str:
    return "ANPA" + "".join(Random(name).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=17))


def _customer_policies(kind: str) -> Iterator[Plant]:
    """Yields policies of customers: the same members, with private names, ids and accounts."""
    for part in parts(range(20), 10):
        facts = [
            {
                "PolicyName": private(made_name(number)),
                "PolicyId": private(_policy_id(f"of a customer {number}")),
                "Arn": f"arn:aws:iam::{account(number)}:policy/{private(made_name(number))}",
                "Path": "/",
            }
            for number in part
        ]
        yield Plant(kind, "ListPolicies", "output", {"Policies": facts})


# --- words of policies ------------------------------------------------------------------------------------------


def _actions_in_documents() -> Iterator[Plant]:
    kind, words = "actions in documents", public_words.actions()

    def statement(number: int, part: list[str]) -> dict[str, Any]:
        return {("Action", "NotAction")[number % 2]: part if len(part) > 1 else part[0], "Resource": "*"}

    yield from interleaved(in_documents(kind, words, statement), twins(kind, words))


def _actions_in_members() -> Iterator[Plant]:
    kind, words = "actions in members", public_words.actions()
    pattern = r"ActionNames\.\[\]$|EvalActionName$|action\.\[\]$|actions\.\[\](\.action)?$"
    yield from interleaved(
        put_in_turn(kind, words, members(pattern)),
        _filters(kind, "action", words),
        twins_in_findings(kind, words),
    )


def _filters(kind: str, criterion: str, words: list[str]) -> Iterator[Plant]:
    """Yields filters of findings and archive rules by the words."""
    for number, part in enumerate(parts(islice(words, 400), 10)):
        value = {criterion: {("eq", "neq", "contains")[number % 3]: part}}
        name = ("ListFindings", "ListFindingsV2", "ListAccessPreviewFindings", "CreateArchiveRule")[number % 4]
        yield Plant(kind, name, "input", {"filter": value})


def _operators() -> Iterator[Plant]:
    kind, words = "condition operators", public_words.operators()

    def statement(number: int, part: list[str]) -> dict[str, Any]:
        return {"Action": "*", "Resource": "*", "Condition": {operator: {"aws:SourceIp": "*"} for operator in part}}

    yield from interleaved(in_documents(kind, words * 10, statement), twins(kind, words))


def _keys_in_documents() -> Iterator[Plant]:
    kind, words = "condition keys in documents", public_words.condition_keys()

    def statement(number: int, part: list[str]) -> dict[str, Any]:
        return {"Action": "*", "Resource": "*", "Condition": {"StringLike": dict.fromkeys(part, "*")}}

    yield from interleaved(in_documents(kind, words * 2, statement), twins(kind, words))


def _keys_in_members() -> Iterator[Plant]:
    kind, words = "condition keys in members", public_words.condition_keys()
    pattern = r"ContextKeyName$|ContextKeyNames\.\[\]$|MissingContextValues\.\[\]$|ondition\.\{key\}$"
    criteria = [f"condition.{word}" for word in words[:100]]
    filters = (Plant(kind, "ListFindings", "input", {"filter": {public(c): {"exists": True}}}) for c in criteria)
    yield from interleaved(put_in_turn(kind, words * 2, members(pattern)), filters, twins_in_findings(kind, words))


def _condition_words() -> Iterator[Plant]:
    kind, words = "words as condition values", public_words.condition_words()

    def statement(number: int, part: list[tuple[str, str]]) -> dict[str, Any]:
        return {"Action": "*", "Resource": "*", "Condition": {"StringEquals": {key: [value] for key, value in part}}}

    values = dict.fromkeys(value for _, value in words)
    yield from interleaved(in_documents(kind, words, statement), twins(kind, values))


def _principals_in_documents() -> Iterator[Plant]:
    kind, words = "service principals in documents", public_words.service_principals()
    keys = ("iam:PassedToService", "aws:CalledVia", "aws:PrincipalServiceName", "kms:ViaService", "iam:AWSServiceName")

    def principal(number: int, part: list[str]) -> dict[str, Any]:
        return {("Principal", "NotPrincipal")[number % 2]: {"Service": part}, "Action": "sts:AssumeRole"}

    def condition(number: int, part: list[str]) -> dict[str, Any]:
        key = keys[number % len(keys)]
        return {"Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {key: part}}}

    yield from interleaved(
        in_documents(kind, words, principal, trust=True),
        in_documents(kind, words, condition, trust=False),
        twins(kind, words),
    )


def _principals_in_members() -> Iterator[Plant]:
    kind, words = "service principals in members", public_words.service_principals()
    findings = (
        Plant(kind, "ListFindings", "output", {"findings": [{"principal": {"Service": word}} for word in part]})
        for part in parts(words)
    )
    created = (Plant(kind, "CreateServiceLinkedRole", "input", {"AWSServiceName": word}) for word in words[:100])
    yield from interleaved(
        findings, created, _filters(kind, "principal.Service", words), twins_in_findings(kind, words)
    )


def _service_names() -> Iterator[Plant]:
    kind = "service names and namespaces"
    words = list(dict.fromkeys(action.partition(":")[0] for action in public_words.actions()))
    pattern = r"ServiceNamespaces?(\.\[\])?$|serviceNamespace$"
    yield from interleaved(put_in_turn(kind, words * 2, members(pattern)), twins(kind, words))


def _sids() -> Iterator[Plant]:
    kind, words = "Sids of managed policies", public_words.sids()
    positions = cycle(documents())

    def listed() -> Iterator[Plant]:
        for number, part in enumerate(parts(words)):
            statements = [{"Sid": sid, "Action": "s3:*", "Resource": "*"} for sid in part]
            yield put(kind, next(positions), policy(number, *statements))

    yield from interleaved(listed(), twins(kind, words))


def _wildcards() -> Iterator[Plant]:
    kind, variables = "wildcards and variables", public_words.variables()
    patterns = public_words.action_patterns()
    resources = [f"arn:aws:{service}:*:*:*" for service in ("s3", "ec2", "logs", "sns", "dynamodb", "secretsmanager")]
    resources += [f"arn:aws:s3:::{variable}/*" for variable in variables]
    resources += [f"arn:aws:iam::*:user/{variable}" for variable in variables]
    names = [f"arn:aws:iam::${{aws:PrincipalAccount}}:role/*{private(made_name(n))}?" for n in range(40)]

    def of_actions(number: int, part: list[str]) -> dict[str, Any]:
        return {("Action", "NotAction")[number % 2]: part, "Resource": "*"}

    def of_resources(number: int, part: list[str]) -> dict[str, Any]:
        return {"Action": "*", ("Resource", "NotResource")[number % 2]: part}

    def of_values(number: int, part: list[str]) -> dict[str, Any]:
        condition = {"StringLike": {"aws:PrincipalTag/team": part, "s3:prefix": part, "aws:SourceAccount": part}}
        return {"Action": "*", "Resource": "*", "Condition": condition}

    yield from interleaved(
        in_documents(kind, patterns, of_actions),
        in_documents(kind, names, of_resources),
        in_documents(kind, resources, of_resources),
        in_documents(kind, variables, of_values),
    )


def _enums() -> Iterator[Plant]:
    kind, positions = "enum values in members", [p for p in members("") if p.shape and p.shape.enum]
    values = dict.fromkeys(value for p in positions if p.shape for value in p.shape.enum)
    every = (put(kind, p, value) for p in positions if p.shape for value in p.shape.enum)
    yield from interleaved(every, twins(kind, values))


#: Kind → its plants.
KINDS: Mapping[str, Callable[[], Iterator[Plant]]] = {
    MANAGED: _managed_documents,
    "managed policies: names, ARNs, ids": _managed_names,
    "actions in documents": _actions_in_documents,
    "actions in members": _actions_in_members,
    "condition operators": _operators,
    "condition keys in documents": _keys_in_documents,
    "condition keys in members": _keys_in_members,
    "words as condition values": _condition_words,
    "service principals in documents": _principals_in_documents,
    "service principals in members": _principals_in_members,
    "service names and namespaces": _service_names,
    "Sids of managed policies": _sids,
    "wildcards and variables": _wildcards,
    "enum values in members": _enums,
}
