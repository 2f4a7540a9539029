"""Public parts of ARNs, with private names and accounts beside them, and names that AWS gives in each account."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import cycle
from random import Random
from typing import Any

from support import public_words
from support.arn_forms import ACCOUNT, NAME, VERSION, ArnForm, forms_of_patterns, forms_of_policies
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
)

#: Identity providers that everybody shares: the documentation of each names its issuer.
SHARED_PROVIDERS = """
    token.actions.githubusercontent.com gitlab.com api.bitbucket.org accounts.google.com oidc.circleci.com
    agent.buildkite.com app.terraform.io vstoken.dev.azure.com cognito-identity.amazonaws.com www.amazon.com
    graph.facebook.com
    """.split()
#: Providers that contain an id of their owner, in place of `{}`.
OWNED_PROVIDERS = """
    oidc.eks.eu-west-1.amazonaws.com/id/{} cognito-idp.eu-west-1.amazonaws.com/eu-west-1_{} oidc.circleci.com/org/{}
    api.bitbucket.org/2.0/workspaces/{}/pipelines-config/identity/oidc vstoken.dev.azure.com/{}
    """.split()

# --- ARNs -------------------------------------------------------------------------------------------------------


#: Categories of notifications, settings of services, controls, quotas, parameters that AWS publishes.
_NAMED_BY_AWS = re.compile(
    "controlcatalog |servicequotas |notifications managed-notification-|ssm (?:servicesetting|parameter/aws)/"
)
_WITH_IDS = frozenset({"organizations"})


@cache
def arn_forms() -> Counter[ArnForm]:
    """Returns all forms of ARNs that the models and the managed policies show, and how many show each."""
    return forms_of_patterns(public_words.arn_patterns()) + forms_of_policies(public_words.policy_resources())


def arn(form: ArnForm, number: int) -> str:
    """Returns an ARN of the form, with its names and account marked as private.

    Names are a customer's in turn: one like no other word, an id, and one that is also the word of the type. Those of
    resources without an account, and of what AWS names in every account, are wildcards. What has an id of a grammar of
    its own is never called as its type.
    """
    word = re.match(rf"(?!{NAME})[A-Za-z-]*", form.resource)
    named = word[0] if word and word[0] else made_name(-number)
    names = (made_name(number), f"x-{Random(number).randbytes(9).hex()[1:]}", named)
    is_private = form.account and not _NAMED_BY_AWS.match(f"{form.service} {form.resource}")
    name = private(names[number % (2 if form.service in _WITH_IDS else 3)]) if is_private else "*"
    resource = re.sub(rf"\b{NAME}\b", name, form.resource)
    resource = re.sub(rf"\b{ACCOUNT}\b", account(number), re.sub(rf"\b{VERSION}\b", "1", resource))
    region = public_words.regions()[number % 20] if form.region else ""
    return f"arn:aws:{form.service}:{region}:{account(number) if form.account else ''}:{resource}"


@cache
def _arns() -> list[str]:
    # The names of service-linked roles are AWS's.
    forms = [form for form in public_words.mixed(arn_forms()) if "aws-service-role" not in form.resource]
    return [arn(form, number) for number, form in enumerate(forms)]


def _arns_in_documents() -> Iterator[Plant]:
    kind, words = "resource ARNs in documents", _arns()

    def resource(number: int, part: list[str]) -> dict[str, Any]:
        return {"Action": "*", ("Resource", "NotResource")[number % 2]: part}

    def condition(number: int, part: list[str]) -> dict[str, Any]:
        key = ("aws:SourceArn", "aws:PrincipalArn", "lambda:FunctionArn")[number % 3]
        return {"Action": "*", "Resource": "*", "Condition": {"ArnLike": {key: part}}}

    yield from interleaved(in_documents(kind, words, resource), in_documents(kind, words, condition))


def _arns_in_members() -> Iterator[Plant]:
    pattern = r"ResourceArns\.\[\]$|EvalResourceName$|resource$|[rR]esourceArn$|resources\.\[\]$|ResourceOwner$"
    yield from put_in_turn("resource ARNs in members", _arns(), members(pattern))


def _arns_in_text() -> Iterator[Plant]:
    kind = "resource ARNs in messages"
    for number, word in enumerate(_arns()[::4]):
        user = f"arn:aws:iam::{account(number)}:user/{private(made_name(number))}"
        text = f"User: {user} is not authorized to perform: iam:PassRole on resource: {word} because of a policy"
        yield Plant(kind, ("ListRoles", "ListFindings")[number % 2], "error", {"message": text})


# --- AWS's own names --------------------------------------------------------------------------------------------

_LINKED_ROLE = re.compile(r"role(/aws-service-role/([\w.-]+\.amazonaws\.com)/)(AWSServiceRoleFor\w+)$")
_OWN_RESOURCE = re.compile(r"arn:aws:(?:logs|ssm):[^/]*(?:/aws/|document/AWS|automation-definition/AWS)")
_BUCKET_PREFIX = re.compile(r"arn:aws:s3:::((?:aws|amazon|elasticbeanstalk|cdk|cf)[a-z-]*-)\*")


def _linked_roles() -> Iterator[Plant]:
    kind = "service-linked roles"
    resources = public_words.policy_resources()
    found = [match.groups() for resource in resources if (match := _LINKED_ROLE.search(resource))]
    for number, part in enumerate(parts(found, 10)):
        roles = []
        for path, principal, name in part:
            whole = name if number % 3 or "_" in name else f"{name}_{private(made_name(name))}"
            trust = {"Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
            role_arn = f"arn:aws:iam::{account(number)}:role{path}{whole}"
            document = policy(number, trust)
            roles.append({"Path": path, "RoleName": whole, "Arn": role_arn, "AssumeRolePolicyDocument": document})
        yield Plant(kind, "ListRoles", "output", {"Roles": roles})
        yield Plant(kind, "GetRole", "input", {"RoleName": part[0][2]})
        yield Plant(kind, "ListRoles", "input", {"PathPrefix": part[0][0]})
        arns = [role["Arn"] for role in roles]
        yield put(kind, members("PutRolePolicy input PolicyDocument")[0], policy(number, {"Resource": arns}))
        yield from twins(kind, [name for *_, name in part], roles=False)


def _reserved_names() -> Iterator[Plant]:
    kind, trusts, others = "reserved names", cycle(documents(trust=True)), cycle(documents(trust=False))
    for number in range(20):
        sso = f"AWSReservedSSO_{private(made_name(number))}_{private(Random(number).randbytes(8).hex())}"
        owner, path = account(number), f"/aws-reserved/sso.amazonaws.com/{('', 'eu-west-1/')[number % 2]}"
        roles = [{"RoleName": name, "Path": path, "Arn": f"arn:aws:iam::{owner}:role{path}{name}"} for name in (sso,)]
        for name in ("OrganizationAccountAccessRole", "AWSControlTowerExecution"):
            roles.append({"RoleName": name, "Path": "/", "Arn": f"arn:aws:iam::{owner}:role/{name}"})
        service_role = private(made_name(f"service {number}"))
        service_arn = f"arn:aws:iam::{owner}:role/service-role/{service_role}"
        roles.append({"RoleName": service_role, "Path": "/service-role/", "Arn": service_arn})
        yield Plant(kind, "ListRoles", "output", {"Roles": roles})
        arns = [role["Arn"] for role in roles] + [f"arn:aws:iam::{owner}:role/aws-reserved/sso.amazonaws.com/*"]
        trust = {"Principal": {"AWS": arns}, "Action": "sts:AssumeRole"}
        yield put(kind, next(trusts), policy(number, trust))
        wild = [f"arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_{private(made_name(number))}_*"]
        condition = {"ArnLike": {"aws:PrincipalArn": wild}}
        yield put(kind, next(others), policy(number, {"Action": "*", "Condition": condition}))
    yield from twins(kind, ["OrganizationAccountAccessRole", "AWSReservedSSO", "service-role"], roles=False)


def _own_resources() -> Iterator[Plant]:
    kind = "log groups, parameters, buckets of AWS"
    resources = [r for r in public_words.policy_resources() if _OWN_RESOURCE.match(r)]
    prefixes = [match[1] for r in public_words.policy_resources() if (match := _BUCKET_PREFIX.match(r))]
    buckets = [f"arn:aws:s3:::{prefix}{private(made_name(prefix).lower())}/*" for prefix in dict.fromkeys(prefixes)]

    def resource(number: int, part: list[str]) -> dict[str, Any]:
        return {"Action": "*", "Resource": part}

    yield from interleaved(
        in_documents(kind, buckets, resource),
        in_documents(kind, resources, resource),
        put_in_turn(kind, resources + buckets, members(r"ResourceArns\.\[\]$|resource$")),
    )


def _providers() -> Iterator[Plant]:
    kind, trusts = "identity providers", cycle(documents(trust=True))
    owned = [host.format(private(Random(host).randbytes(16).hex().upper())) for host in OWNED_PROVIDERS]
    private_hosts = [private(f"login.{made_name(number).lower()}.net") for number in range(len(SHARED_PROVIDERS))]
    for number, host in enumerate([*SHARED_PROVIDERS, *owned, *private_hosts]):
        provider = f"arn:aws:iam::{account(number)}:oidc-provider/{host}"
        subject = f"repo:{private(made_name(number))}/{private(made_name(-number - 1))}:ref:refs/heads/main"
        condition = {"StringEquals": {f"{host}:aud": "sts.amazonaws.com"}, "StringLike": {f"{host}:sub": subject}}
        trust = {
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }
        yield put(kind, next(trusts), policy(number, trust))
        listed = [{"Arn": provider}]
        yield Plant(kind, "ListOpenIDConnectProviders", "output", {"OpenIDConnectProviderList": listed})
        yield Plant(kind, "GetOpenIDConnectProvider", "output", {"Url": host, "ClientIDList": ["sts.amazonaws.com"]})
        yield Plant(kind, "CreateOpenIDConnectProvider", "input", {"Url": f"https://{host}"})
        finding = {"principal": {"Federated": provider}, "condition": {public(f"{host}:aud"): "sts.amazonaws.com"}}
        yield Plant(kind, "ListFindings", "output", {"findings": [finding]})
    yield from twins(kind, SHARED_PROVIDERS)


#: Kind → its plants.
KINDS: Mapping[str, Callable[[], Iterator[Plant]]] = {
    "resource ARNs in documents": _arns_in_documents,
    "resource ARNs in members": _arns_in_members,
    "resource ARNs in messages": _arns_in_text,
    "service-linked roles": _linked_roles,
    "reserved names": _reserved_names,
    "log groups, parameters, buckets of AWS": _own_resources,
    "identity providers": _providers,
}
