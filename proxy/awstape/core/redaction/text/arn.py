"""Redaction of ARNs, and of names, IAM paths and identity providers wherever they are.

1. Partition, service, region and resource type stay. The account becomes an alias. An ARN with `aws` or another word
   for AWS in the account's place is a resource that AWS owns, and stays as it is.
2. Every segment of the resource becomes an alias. In IAM the last segment is the name and those before it are its path,
   so that `RoleName: x` and `…:role/path/x` agree; elsewhere the name follows its type, and the rest are parts. A first
   segment that is no known type is treated as a name. A segment that is an identifier by its pattern (an account id, an
   e-mail address) gets that identifier's alias.
3. Wildcards and policy variables (`${aws:username}`) stay, in any field. `root`, service-linked roles with their path,
   and words that AWS assigns stay where AWS puts them: in paths, or as a version.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.identifiers import redact_whole_identifier

_VARIABLE = r"\$\{[^{}]{0,128}\}"
#: An ARN in a text. `trim_punctuation` removes the punctuation of the sentence around it.
ARN = re.compile(
    rf"""arn:(?P<partition>aws[a-z-]*\*?|\*|{_VARIABLE}):(?P<service>[a-z0-9*?-]*|{_VARIABLE})
    :(?P<region>[a-z0-9*?-]*|{_VARIABLE}):(?P<account>[a-z0-9*?-]*|{_VARIABLE})
    :(?P<resource>(?:{_VARIABLE}|(?!arn:aws)[^\s"'<>`\\;|(){{}}\[\]])*)""",
    re.VERBOSE,
)
#: A text that is an ARN as a whole: IAM allows any printable character in a path, S3 allows blanks in a key.
WHOLE_ARN = re.compile(ARN.pattern.partition("(?P<resource>")[0] + r"(?P<resource>[^\r\n]*)", re.VERBOSE)
_WILDCARD = re.compile(rf"({_VARIABLE}|[*?]+)")
_VARIABLE_DEFAULT = re.compile(r"(\$\{[^,'{}]+,\s*')([^']*)('\})")
_SERVICE_LINKED = re.compile(r"(AWSServiceRoleFor[A-Za-z0-9]+)(?:(_)(.+))?")
_SERVICE_NAME = re.compile(r"[a-z][a-z-]*[a-z0-9]{0,3}")
#: Aliases are longer than most names: a path that would become too long for IAM with them gets one alias instead.
_LONGEST_PATH = 200
_SEGMENT = re.compile(rf"((?:{_VARIABLE}|[^/:])*)([/:]?)")  # ${aws:username} has a colon of its own
_VERSION = re.compile(r"\d{1,4}|\$LATEST", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,2}-\d")

#: First words of resources that are types, not names: public vocabulary of the service authorization reference.
_RESOURCE_TYPES = frozenset(
    """
    access-grants access-point access-preview access-report accesspoint accelerator alarm alias analyzer app
    archive-rule assessment assumed-role authorizer backup-plan backup-vault bot bucket build bus catalog certificate
    channel cluster cluster-snapshot code-signing-config collection composite-alarm connection container-instance
    dashboard database datastore db deliverystream detector document domain endpoint environment event-bus
    event-source-mapping federated-user file-system finding fleet flow function gateway graphqlapis group hosted-zone
    hostedzone identity identitypool image index instance instance-profile internet-gateway inventory job key layer
    listener loadbalancer log-group log-stream mesh metric-stream mfa model multi-region-access-point namespace
    natgateway network-acl network-interface notebook-instance oidc-provider organization ou parameter permissionSet
    pipeline pod policy project protection query-definition replication-group report-group repository resource-share
    restapis role route-table rule saml-provider schema secret security-group server-certificate service session sms-mfa
    snapshot stack stackset state-machine stateMachine statemachine storage-lens stream subgrp subnet subscription
    table tablebucket targetgroup task task-definition thing topic trail transit-gateway user userpool vault volume vpc
    vpc-endpoint webacl workgroup workspace
    """.split()
)
#: Words in the account's place of resources that AWS owns.
_AWS_ACCOUNTS = frozenset({"aws", "cloudfront"})
#: Path segments that AWS assigns.
_PUBLIC_PATH_SEGMENTS = frozenset({"aws-service-role", "service-role", "aws-reserved"})
#: Keys and parameters that AWS owns.
_PUBLIC_RESOURCE = re.compile(r"(?:alias|parameter)/aws/|foundation-model/")
#: docs.aws.amazon.com/service-authorization, "Actions, resources, and condition keys for AWS Organizations".
_ORGANIZATION_ID = re.compile(r"r-[a-z0-9]{4,32}|p-[0-9a-zA-Z_]{8,128}")
_ORGANIZATION_WORDS = frozenset(
    """
    account aiservices_opt_out_policy backup_policy declarative_policy_ec2 handshake organization ou policy
    resource_control_policy resourcepolicy responsibility_transfer root service_control_policy tag_policy
    """.split()
)
#: Service principals: `lambda.amazonaws.com`, `states.eu-west-1.amazonaws.com`, and those of a service's parts.
_PRINCIPAL = re.compile(
    r"[a-z][a-z0-9-]*(?:\.(?:apigateway|application-autoscaling|cloudformation|cognito-idp|ecr|guardduty|lambda|logs"
    r"|[a-z]{2}(?:-[a-z]+){1,2}-\d))?\.amazonaws\.com(?:\.cn)?"
)
#: Identity providers that are built into IAM: docs.aws.amazon.com/IAM, "IAM and AWS STS condition context keys".
_KNOWN_PROVIDERS = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)
#: Kinds of names that may be a service principal: path segments of service-linked roles, audiences.
_KINDS_WITH_PRINCIPALS = frozenset({"path", "client", "principal", "requestor"})
#: Resource type → the type to which its names belong.
_NAME_TYPES = {"assumed-role": "role", "federated-user": "user", "sms-mfa": "mfa"}


def is_service_principal(text: str) -> bool:
    """True for the name of an AWS service in a policy: `lambda.amazonaws.com`."""
    return _PRINCIPAL.fullmatch(text) is not None


def is_public_name(kind: str, name: str) -> bool:
    """True for names that AWS assigns: service-linked roles without a suffix, principals, providers, key aliases."""
    if kind == "oidc-provider":
        return name in _KNOWN_PROVIDERS
    linked = _SERVICE_LINKED.fullmatch(name)
    if linked and not linked[2]:
        return True
    return (kind in _KINDS_WITH_PRINCIPALS and is_service_principal(name)) or (
        kind == "key" and name.startswith("alias/aws/")
    )


def redact_name(kind: str, name: str, aliases: Aliases) -> str:
    """A name's alias. Names that AWS assigns stay; of a service-linked role, only the customer's suffix is replaced."""
    if is_public_name(kind, name):
        return name
    if linked := _SERVICE_LINKED.fullmatch(name):
        return f"{linked[1]}_{aliases.name('suffix', linked[3])}"
    return redact_whole_identifier(name, aliases) or aliases.name(kind, name)


def redact_provider(url: str, aliases: Aliases) -> str:
    """An OIDC provider's name, which is its URL. Its alias is the same with `https://` before it and without."""
    scheme, separator, name = url.rpartition("://")
    return f"{scheme}{separator}{redact_name('oidc-provider', name, aliases)}"


def redact_path(path: str, aliases: Aliases) -> str:
    """An IAM path, such as `/division/team/`, with an alias for each segment that AWS did not assign."""
    return _redact_segments("path", path, aliases)


def redact_literal_parts(text: str, redact: Callable[[str], str]) -> str:
    """The text with `redact` applied to its literal parts and to the defaults of its policy variables.

    Wildcards and policy variables stay.
    """

    def redact_default(match: re.Match[str]) -> str:
        return f"{match[1]}{redact(match[2]) if match[2] else ''}{match[3]}"

    pieces = _WILDCARD.split(text)
    return "".join(
        _VARIABLE_DEFAULT.sub(redact_default, piece) if i % 2 else redact(piece) if piece.strip() else piece
        for i, piece in enumerate(pieces)
    )


# --- ARNs -------------------------------------------------------------------------------------------------------


def trim_punctuation(arn: str) -> str:
    """The ARN without the punctuation of the sentence that ends with it."""
    return arn.rstrip(".,:") if not arn.endswith(":::") else arn


def redact_arn(match: re.Match[str], aliases: Aliases) -> str:
    """The ARN of a match of `ARN` or `WHOLE_ARN`, redacted."""
    account, service, resource = match["account"], match["service"], match["resource"]
    if account == "cloudfront":  # an origin access identity: its id identifies its owner
        head, _, identity = resource.rpartition(" ")
        return match[0][: -len(identity)] + aliases.name("identity", identity) if head and identity else match[0]
    if account in _AWS_ACCOUNTS:
        return match[0]
    if re.fullmatch(r"\d{12}", account, re.ASCII):
        account = aliases.account(account)
    if service == "s3" and not account:  # a bucket may be called `app` or `table`
        redacted = _redact_named("bucket", resource, "object", aliases)
    else:
        redacted = _redact_resource(service, resource, aliases)
    return ":".join(["arn", match["partition"], service, match["region"], account, redacted])


def _redact_resource(service: str, resource: str, aliases: Aliases) -> str:
    head, *rest = _split_segments(resource)
    if resource == "root" or _PUBLIC_RESOURCE.match(resource):
        return resource
    if service == "organizations":
        return "/".join(_redact_organization_segment(segment, aliases) for segment in resource.split("/"))
    if head in _RESOURCE_TYPES and rest:
        return _redact_typed(service, head, rest, aliases)
    return _redact_named(service if _SERVICE_NAME.fullmatch(service) else "resource", resource, "part", aliases)


def _redact_organization_segment(segment: str, aliases: Aliases) -> str:
    if _ORGANIZATION_ID.fullmatch(segment):
        return aliases.organization_id(segment)
    return segment if segment in _ORGANIZATION_WORDS else _redact_segment("part", segment, aliases)


def _redact_typed(service: str, kind: str, rest: list[str], aliases: Aliases) -> str:
    """A resource of a known type. `rest` alternates separators and segments, beginning with a separator."""
    segments, inner = rest[1::2], "".join(rest[1:])
    is_linked = len(segments) == 3 and segments[0] == "aws-service-role" and is_service_principal(segments[1])
    if service == "iam" and is_linked:
        return f"{kind}/{segments[0]}/{segments[1]}/{redact_name(kind, segments[2], aliases)}"
    if kind == "oidc-provider":  # a URL, which is one value
        return f"{kind}{rest[0]}{_redact_segment(kind, inner, aliases)}"
    name = _NAME_TYPES.get(kind, kind)
    if service == "iam":
        path = _redact_segments("path", "".join(rest[:-1]), aliases)
        return f"{kind}{path}{_redact_segment(name, rest[-1], aliases)}"
    return f"{kind}{rest[0]}{_redact_named(name, inner, 'session' if kind == 'assumed-role' else 'part', aliases)}"


def _redact_named(kind: str, resource: str, others: str, aliases: Aliases) -> str:
    """A name and what follows it: a version, parts, or another type with its name (`analyzer/x/archive-rule/y`)."""
    name, *rest = _split_segments(resource)
    for i, segment in enumerate(rest):
        if i % 2 and segment in _RESOURCE_TYPES and others == "part" and i + 2 < len(rest):
            before = _redact_segments(others, "".join(rest[:i]), aliases)
            return f"{_redact_segment(kind, name, aliases)}{before}{_redact_typed('', segment, rest[i + 1 :], aliases)}"
    return _redact_segment(kind, name, aliases) + _redact_segments(others, "".join(rest), aliases)


def _redact_segments(kind: str, path: str, aliases: Aliases) -> str:
    """Segments with the separators before, between and behind them. Separators stay."""
    parts = _split_segments(path)
    redacted = "".join(part if i % 2 else _redact_segment(kind, part, aliases) for i, part in enumerate(parts))
    if len(redacted) <= _LONGEST_PATH or _WILDCARD.search(path):
        return redacted
    inner = path.strip("/:")
    return path.replace(inner, aliases.name(kind, inner))


def _split_segments(text: str) -> list[str]:
    """Segments and separators in turn. The first and the last item is a segment."""
    parts: list[str] = []
    for match in _SEGMENT.finditer(text):
        parts.append(match[1])
        if not match[2]:
            break
        parts.append(match[2])
    return parts


def _redact_segment(kind: str, segment: str, aliases: Aliases) -> str:
    if kind == "path" and (segment in _PUBLIC_PATH_SEGMENTS or _REGION.fullmatch(segment)):
        return segment
    if kind == "part" and _VERSION.fullmatch(segment):
        return segment
    return redact_literal_parts(segment, lambda piece: redact_name(kind, piece, aliases))
