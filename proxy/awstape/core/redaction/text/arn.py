"""Redaction of ARNs, and of names, IAM paths and identity providers wherever they are.

1. Partition, service, region and the types in the resource stay. The account becomes an alias. An ARN with `aws` or an
   account of AWS in the account's place is a resource that AWS owns, and stays as it is.
2. The forms of resources (`resource_forms`, `resource_grammar`) tell which segments of the resource hold what. What a
   customer named becomes the alias of its kind; the kind of a name is the type before it, so that `RoleName: x` and
   `…:role/path/x` agree. A segment that is an identifier by its pattern (an account id, an id of EC2, an e-mail
   address) gets that identifier's alias.
3. Wildcards and policy variables (`${aws:username}`) stay, in any field, and so do numbers of versions, `$LATEST`,
   times of streams and verbs of HTTP, where a form has such.
4. AWS's own names stay in the places where AWS gives them (`aws_names`): paths and names of service-linked roles,
   documents, log groups, beginnings of buckets. Of a name that AWS began, the rest becomes an alias, except for the
   region in it; an account in it has the account's alias.
5. Redaction keeps the number of segments, except for those of long paths, and redacting twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from awstape.core.aws.access_keys import ACCOUNT_ID
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.documentation_names import is_searched_name
from awstape.core.redaction.text import aws_names
from awstape.core.redaction.text.aws_names import is_service_principal
from awstape.core.redaction.text.identifiers import redact_whole_identifier
from awstape.core.redaction.text.resource_grammar import Piece, split_last_segment, split_resource, split_segments
from awstape.core.text.lazy_pattern import lazy_pattern

__all__ = [
    "ARN",
    "WHOLE_ARN",
    "is_service_principal",
    "redact_arn",
    "redact_literal_parts",
    "redact_name",
    "redact_path",
    "redact_provider",
    "trim_punctuation",
]

_VARIABLE = r"\$\{[^{}]{0,128}\}"
#: An ARN in a text. `trim_punctuation` removes the punctuation of the sentence around it.
ARN = lazy_pattern(
    rf"""arn:(?P<partition>aws[a-z-]*\*?|\*|{_VARIABLE}):(?P<service>[a-z0-9*?-]*|{_VARIABLE})
    :(?P<region>[a-z0-9*?-]*|{_VARIABLE}):(?P<account>[a-z0-9*?-]*|{_VARIABLE})
    :(?P<resource>(?:{_VARIABLE}|(?!arn:aws)[^\s"'<>`\\;|(){{}}\[\]])*)""",
    re.VERBOSE,
)
#: A text that is an ARN as a whole: IAM allows any printable character in a path, S3 allows blanks in a key.
WHOLE_ARN = lazy_pattern(ARN.pattern.partition("(?P<resource>")[0] + r"(?P<resource>[^\r\n]*)", re.VERBOSE)
_WILDCARD = lazy_pattern(rf"({_VARIABLE}|[*?]+)")
_VARIABLE_DEFAULT = lazy_pattern(r"(\$\{[^,'{}]+,\s*')([^']*)('\})")
_SERVICE = lazy_pattern(r"[a-z]+(?:-[a-z]+)*\d{0,3}[a-z]*")
#: Aliases are longer than most names: a path that would become too long for IAM with them gets one alias instead.
_LONGEST_PATH = 200
_LONGEST_ROLE_NAME = 64
_VERSION = lazy_pattern(
    r"[Vv]?\d{1,6}(?:\.(?:\d{1,4}|x)){0,3}|x\.x\.x|\$(?:LATEST|DEFAULT)(?:\.PUBLISHED)?|DEFAULT", re.ASCII
)
_TIME = lazy_pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{1,11}|\d{13}", re.ASCII)
_VERB = lazy_pattern(r"GET|PUT|POST|HEAD|PATCH|DELETE|OPTIONS|ANY|\$connect|\$disconnect|\$default")
_QUOTA = lazy_pattern(r"L-[0-9A-F]{8}")
_MODEL = lazy_pattern(r"(?:[a-z]{2,6}\.)?[a-z0-9]+\.[a-z0-9-]+.*")
_DIGITS = lazy_pattern(r"\d{1,4}", re.ASCII)
_JOINTS = lazy_pattern(r"[\W_]*", re.ASCII)
#: A region or an account id within the name of a bucket.
_REGION_OR_ACCOUNT = lazy_pattern(rf"(?<![a-z0-9])({aws_names.REGION})(?![a-z0-9])|(?<![0-9])([0-9]{{12}})(?![0-9])")
#: docs.aws.amazon.com/service-authorization, "Actions, resources, and condition keys for AWS Organizations".
_ORGANIZATION_ID = lazy_pattern(r"r-[a-z0-9]{4,32}|p-[0-9a-zA-Z_]{8,128}")
_ORGANIZATION_WORDS = frozenset(
    """
    account aiservices_opt_out_policy backup_policy billing chatbot_policy declarative_policy_ec2 handshake inbound
    inspector_policy invite organization ou outbound policy resource_control_policy resourcepolicy
    responsibility_transfer root securityhub_policy service_control_policy tag_policy transfer
    """.split()
)
_FULL_ACCESS = "p-FullAWSAccess"
_LINKED = "AWSServiceRoleFor"


# --- names ------------------------------------------------------------------------------------------------------


def redact_name(kind: str, name: str, aliases: Aliases) -> str:
    """A name's alias. Names that AWS assigns stay. Of a name that AWS begins, only the customer's rest is replaced."""
    if (known := aliases.by_value.get((kind, name))) is not None:
        return known
    if kind == "oidc-provider":
        return redact_provider(name, aliases)
    if aws_names.is_public_name(kind, name):
        return name
    prefix = aws_names.public_prefix(kind, name)
    if prefix == name:
        return name
    if prefix:
        redacted = prefix + _redact_rest(prefix, name[len(prefix) :], aliases)
        if kind in aws_names.ROLE_KINDS and len(redacted) > _LONGEST_ROLE_NAME >= len(name):
            redacted = prefix + aliases.secret("part", name[len(prefix) :])
        if redacted != name and is_searched_name(name):
            aliases.note(kind, name, redacted, is_name=True)
        return redacted
    return redact_whole_identifier(name, aliases) or aliases.name(kind, name)


def _redact_rest(prefix: str, rest: str, aliases: Aliases) -> str:
    """What a customer added to a name that AWS began. Regions in it stay."""
    if prefix.startswith(_LINKED):
        return rest if aws_names.is_public_name("suffix", rest) else aliases.name("suffix", rest)
    if prefix == "AWSReservedSSO_":  # the permission set and a hash
        permission_set, joint, code = rest.rpartition("_")
        return f"{_alias_part(permission_set, aliases)}{joint}{_alias_part(code, aliases)}"
    redacted, at = "", 0
    for match in _REGION_OR_ACCOUNT.finditer(rest):
        redacted += _alias_part(rest[at : match.start()], aliases)
        redacted += match[1] or aliases.account(match[2])
        at = match.end()
    return redacted + _alias_part(rest[at:], aliases)


def _alias_part(text: str, aliases: Aliases) -> str:
    """The alias of a part of a name, between the joints around it."""
    before = _JOINTS.match(text)
    start = before.end() if before else 0
    end = len(text.rstrip("-_./"))
    return text if start >= end else text[:start] + aliases.name("part", text[start:end]) + text[end:]


def redact_provider(url: str, aliases: Aliases) -> str:
    """An OIDC provider's name, which is its URL. Its alias is the same with `https://` before it and without.

    Of a provider that customers share, the host stays, and what a customer is called there is replaced.
    """
    scheme, separator, name = url.rpartition("://")
    shared = aws_names.split_provider(name)
    if shared is None:
        return f"{scheme}{separator}{redact_whole_identifier(name, aliases) or aliases.name('oidc-provider', name)}"
    parts = (
        _redact_rest("", segment, aliases) if is_private else segment
        for segment, is_private in zip(*shared, strict=True)
    )
    return f"{scheme}{separator}{'/'.join(parts)}"


def redact_path(path: str, aliases: Aliases) -> str:
    """An IAM path, such as `/division/team/`, with an alias for each segment that AWS did not assign."""
    return aliases.remember_string("path", path, lambda: _redact_segments("path", path, aliases))


def redact_literal_parts(text: str, redact: Callable[[str], str]) -> str:
    """The text with `redact` applied to its literal parts and to the defaults of its policy variables.

    Wildcards and policy variables stay.
    """

    def redact_default(match: re.Match[str]) -> str:
        return f"{match[1]}{redact(match[2]) if match[2] else ''}{match[3]}"

    if "*" not in text and "?" not in text and "${" not in text:
        return redact(text) if text.strip() else text
    pieces = _WILDCARD.split(text)
    return "".join(
        _VARIABLE_DEFAULT.sub(redact_default, piece) if i % 2 else redact(piece) if piece.strip() else piece
        for i, piece in enumerate(pieces)
    )


def _redact_segments(kind: str, path: str, aliases: Aliases) -> str:
    """Segments with the separators before, between and behind them. Separators stay."""
    parts = split_segments(path)
    redacted = "".join(
        _redact_segment(kind, part, aliases) if part and i % 2 == 0 else part for i, part in enumerate(parts)
    )
    if len(redacted) <= _LONGEST_PATH or _WILDCARD.search(path):
        return redacted
    inner = path.strip("/:")
    return path.replace(inner, aliases.secret(kind, inner))


def _redact_segment(kind: str, segment: str, aliases: Aliases) -> str:
    """A segment that holds a name, perhaps with wildcards or policy variables."""
    known = aliases.by_value.get((kind, segment))
    if known is not None and not _WILDCARD.search(segment) and not aws_names.is_published(kind, segment, is_whole=True):
        return known

    def redact_piece(piece: str) -> str:
        is_public = aws_names.is_published(kind, piece, is_whole=len(piece) == len(segment))
        return piece if is_public or not _has_letters(piece) else redact_name(kind, piece, aliases)

    return redact_literal_parts(segment, redact_piece)


def _has_letters(text: str) -> bool:
    return any(map(str.isalnum, text))


# --- ARNs -------------------------------------------------------------------------------------------------------


def trim_punctuation(arn: str) -> str:
    """The ARN without the punctuation of the sentence that ends with it."""
    return arn.rstrip(".,:") if not arn.endswith(":::") else arn


def redact_arn(match: re.Match[str], aliases: Aliases) -> str:
    """The ARN of a match of `ARN` or `WHOLE_ARN`, redacted."""
    partition, service, region, account, resource = match.groups()
    if account == "cloudfront":  # an origin access identity: its id identifies its owner
        head, _, identity = resource.rpartition(" ")
        return match[0][: -len(identity)] + aliases.name("identity", identity) if head and identity else match[0]
    if account in aws_names.ACCOUNT_WORDS or account in aws_names.AWS_ACCOUNTS:
        return match[0]
    if ACCOUNT_ID.fullmatch(account):
        account = aliases.account(account)
    key = "s3:account" if service == "s3" and account else service
    pieces = split_resource(key, resource)
    redacted = "".join(_redact_piece(piece, service, aliases) if piece.slot else piece.text for piece in pieces)
    return f"arn:{partition}:{service}:{region}:{account}:{redacted}"


def _redact_piece(piece: Piece, service: str, aliases: Aliases) -> str:
    kind = piece.kind or (service if _SERVICE.fullmatch(service) else "resource")
    return _SLOTS.get(piece.slot, _redact_segment)(kind, piece.text, aliases)


def _redact_iam_name(kind: str, text: str, aliases: Aliases) -> str:
    """A path and a name: `division/team/Deployer`. Everything below `aws-service-role` has its name from AWS."""
    path, name = split_last_segment(text)
    if path.startswith("aws-service-role/") and _has_only_public_parts(path.rstrip("/")):
        is_public = name.startswith("AWS") and not name.startswith(_LINKED)
        return text if is_public else path + _redact_segment(kind, name, aliases)
    # The separators belong to the path, so that it is redacted as a member of its own is.
    redacted = redact_path(f"/{path}", aliases)[1:]
    return redacted + _redact_segment({"sms-mfa": "mfa"}.get(kind, kind), name, aliases)


def _has_only_public_parts(path: str) -> bool:
    principals = _WILDCARD.sub("", path.partition("/")[2])
    return (
        not principals or is_service_principal(principals) or aws_names.is_published("path", principals, is_whole=False)
    )


def _redact_id(kind: str, text: str, aliases: Aliases) -> str:
    """An id: in front of a wildcard its prefix stays, as in `vpc-*`."""
    return text if aws_names.ID_PREFIX.fullmatch(text) else _redact_segment(kind, text, aliases)


def _redact_pool(_: str, text: str, aliases: Aliases) -> str:
    """An id that begins with its region: `eu-west-1_AbCdEfGh1`, `eu-west-1:12345678-…`."""
    return redact_literal_parts(text, lambda piece: _redact_rest("", piece, aliases))


def _redact_version(kind: str, text: str, aliases: Aliases) -> str:
    return text if _VERSION.fullmatch(text) else _redact_segment(kind, text, aliases)


def _redact_time(kind: str, text: str, aliases: Aliases) -> str:
    return text if _TIME.fullmatch(text) else _redact_segments(kind, text, aliases)


def _redact_verb(kind: str, text: str, aliases: Aliases) -> str:
    return text if _VERB.fullmatch(text) else _redact_segment(kind, text, aliases)


def _redact_word(_: str, text: str, aliases: Aliases) -> str:
    """A word of AWS, such as the name of a control. It stays, unless it is an identifier."""
    return redact_whole_identifier(text, aliases) or text


def _redact_principal(kind: str, text: str, aliases: Aliases) -> str:
    bare = _WILDCARD.sub("", text)
    is_public = is_service_principal(bare) or (bare != text and aws_names.is_published("path", bare, is_whole=False))
    return text if is_public else _redact_segment(kind, text, aliases)


def _redact_provider_name(_: str, text: str, aliases: Aliases) -> str:
    def redact(piece: str) -> str:
        is_public = not _has_letters(piece) or (piece != text and piece.strip("./") in aws_names.PROVIDER_PIECES)
        return piece if is_public else redact_provider(piece, aliases)

    return redact_literal_parts(text, redact)


def _redact_organization(_: str, text: str, aliases: Aliases) -> str:
    return "/".join(_redact_organization_segment(segment, aliases) for segment in text.split("/"))


def _redact_organization_segment(segment: str, aliases: Aliases) -> str:
    if segment in _ORGANIZATION_WORDS or segment == _FULL_ACCESS:
        return segment
    if _ORGANIZATION_ID.fullmatch(segment):
        return aliases.organization_id(segment)
    return segment if segment in ("o-*", "ou-*", "r-*", "p-*") else _redact_segment("part", segment, aliases)


def _redact_group(kind: str, text: str, aliases: Aliases) -> str:
    """The name of a log group, which is one value. Those of AWS begin with `/aws/` and a service."""
    first, *others = _WILDCARD.split(text)
    is_own = not others or aws_names.is_published(kind, first, is_whole=False)
    prefix = "" if is_own else aws_names.public_prefix(kind, text)
    return prefix + (_redact_segment(kind, text[len(prefix) :], aliases) if text != prefix else "")


def _redact_parameter(kind: str, text: str, aliases: Aliases) -> str:
    """The name of a parameter. Nobody but AWS can give one below `aws/`, but there it may refer to a secret."""
    reference = "aws/reference/secretsmanager/"
    if text.startswith(reference):
        return reference + _redact_segment("secret", text[len(reference) :], aliases)
    return text if text.startswith("aws/") else _redact_segment(kind, text, aliases)


def _redact_key_alias(kind: str, text: str, aliases: Aliases) -> str:
    return text if text.startswith("aws/") else _redact_segment(kind, text, aliases)


def _redact_object(kind: str, text: str, aliases: Aliases) -> str:
    """The key of an object: the words of logs of AWS, regions and dates in it stay."""
    parts = split_segments(text)
    if not any(part in aws_names.OBJECT_WORDS for part in parts):
        return _redact_segments(kind, text, aliases)
    return "".join(
        part if part in aws_names.OBJECT_WORDS or _is_date_or_region(part) else _redact_segment(kind, part, aliases)
        for part in parts
    )


def _is_date_or_region(part: str) -> bool:
    return part in ("/", ":") or _DIGITS.fullmatch(part) is not None or re.fullmatch(aws_names.REGION, part) is not None


def _redact_index_path(kind: str, text: str, aliases: Aliases) -> str:
    """A path of OpenSearch: `_cluster/settings` is its own, indices are a customer's."""
    return text if text.startswith("_") else _redact_segments(kind, text, aliases)


def _redact_quota(kind: str, text: str, aliases: Aliases) -> str:
    return text if _QUOTA.fullmatch(text) else _redact_segment(kind, text, aliases)


def _redact_model(kind: str, text: str, aliases: Aliases) -> str:
    """The id of a model: its vendor and name, `anthropic.claude-v2:1`."""
    return text if _MODEL.fullmatch(text) else _redact_segment(kind, text, aliases)


#: What a word in capitals of `resource_forms` holds. Those that are not here hold a name.
_SLOTS: Mapping[str, Callable[[str, str, Aliases], str]] = {
    "ESPATH": _redact_index_path,
    "GROUP": _redact_group,
    "ID": _redact_id,
    "KEYALIAS": _redact_key_alias,
    "MODEL": _redact_model,
    "OBJECT": _redact_object,
    "ORG": _redact_organization,
    "PARAMETER": _redact_parameter,
    "PATH": _redact_iam_name,
    "POOL": _redact_pool,
    "PRINCIPAL": _redact_principal,
    "PROVIDER": _redact_provider_name,
    "QUALIFIER": _redact_version,
    "QUOTA": _redact_quota,
    "REST": lambda kind, text, aliases: redact_literal_parts(text, lambda piece: aliases.secret(kind, piece)),
    "TIME": _redact_time,
    "VERB": _redact_verb,
    "VERSION": _redact_version,
    "WORD": _redact_word,
}
