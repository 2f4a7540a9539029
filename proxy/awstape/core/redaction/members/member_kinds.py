"""The kinds of members, by shape: names of a kind, paths, ids, secrets, public vocabulary or free text.

The tables are data about the service models of IAM and Access Analyzer. `core.redaction.string_redaction` applies them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from awstape.core.aws.member_paths import MapKey
from awstape.core.aws.model import Shape, Value
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.members.saml_metadata import redact_saml_metadata
from awstape.core.redaction.string_walk import Place, StringContext
from awstape.core.redaction.text.arn import redact_name, redact_path, redact_provider
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.text.encoded_text import is_json
from awstape.core.text.lazy_pattern import lazy_pattern

#: Shape name → kind of name. The kind is the resource type of the ARN that ends in the same name.
NAME_KINDS: Mapping[str, str] = {
    "userNameType": "user",
    "existingUserNameType": "user",
    "roleNameType": "role",
    "groupNameType": "group",
    "policyNameType": "policy",
    "instanceProfileNameType": "instance-profile",
    "serverCertificateNameType": "server-certificate",
    "accountAliasType": "account-alias",
    "virtualMFADeviceName": "mfa",
    "SAMLProviderNameType": "saml-provider",
    "clientIDType": "client",
    "serviceUserName": "service-user",
    "serviceCredentialAlias": "credential",
    "customSuffixType": "suffix",
    "AnalyzerName": "analyzer",
    "Name": "archive-rule",
    "PolicyName": "key-policy",
    "PolicyIdentifierType": "policy",
    "roleTemplateNameType": "role-template",
    "roleSessionNameType": "session",
    "sourceIdentityType": "user",
    "externalIdType": "external-id",
    "roleNamePatternType": "role",
    "requestorNameType": "requestor",
    "requestorWorkflowIdType": "workflow",
    "EbsSnapshotDataEncryptionKeyId": "key",
    "RdsDbClusterSnapshotKmsKeyId": "key",
    "RdsDbSnapshotKmsKeyId": "key",
    "SecretsManagerSecretKmsId": "key",
    "GranteePrincipal": "principal",
    "RetiringPrincipal": "principal",
}
#: Shape of names of several kinds → the sibling member that has their kind.
_KIND_SIBLINGS: Mapping[str, str] = {"entityNameType": "EntityType", "AttachmentName": "AttachmentType"}
#: Shapes of IAM paths.
PATH_SHAPES = frozenset({"pathType", "pathPrefixType", "policyPathType", "rolePathPatternType"})
#: Shapes of unique ids and access key ids.
ID_SHAPES = frozenset(
    {
        "idType",
        "accessKeyIdType",
        "certificateIdType",
        "publicKeyIdType",
        "serviceSpecificCredentialId",
        "privateKeyIdType",
    }
)
#: Shape name → kind of the alias of a secret.
SECRET_KINDS: Mapping[str, str] = {
    "certificateBodyType": "certificate",
    "certificateChainType": "certificate",
    "publicKeyMaterialType": "public-key",
    "policyParameterValueType": "value",
    "parameterDefaultValueType": "value",
}
_Redaction = Callable[[Aliases, str], str]


def _secret_of_kind(kind: str) -> _Redaction:
    return lambda aliases, text: aliases.secret(kind, text)


def _text_of_kind(kind: str) -> _Redaction:
    """For what is a URL, or a name of a kind."""
    return lambda aliases, text: redact_text(text, aliases) if "://" in text else redact_name(kind, text, aliases)


def _redact_federated_id(aliases: Aliases, text: str) -> str:
    """An account and a name."""
    account, colon, name = text.partition(":")
    return redact_text(account, aliases) + colon + (redact_name("federated-user", name, aliases) if name else "")


def _redact_organization_policy(aliases: Aliases, text: str) -> str:
    if text == "p-FullAWSAccess":
        return text
    return aliases.organization_id(text) if text.startswith("p-") else aliases.secret("policy", text)


#: Shape name → function that makes the alias of its strings, except for names.
SHAPE_REDACTIONS: Mapping[str, _Redaction] = {
    **dict.fromkeys(PATH_SHAPES, lambda aliases, text: redact_path(text, aliases)),
    **dict.fromkeys(ID_SHAPES, Aliases.unique_id),
    **{shape: _secret_of_kind(kind) for shape, kind in SECRET_KINDS.items()},
    "OpenIDConnectProviderUrlType": lambda aliases, text: redact_provider(text, aliases),
    "SAMLMetadataDocumentType": lambda aliases, text: redact_saml_metadata(text, aliases),
    **dict.fromkeys(("authenticationCodeType", "tokenCodeType"), Aliases.code),
    "redirectUrlType": Aliases.url,
    "consoleDeepLinkType": Aliases.url,
    "publicKeyFingerprintType": Aliases.fingerprint,
    "organizationsPolicyIdType": _redact_organization_policy,
    "federatedIdType": _redact_federated_id,
    **dict.fromkeys(("Audience", "webIdentityTokenAudienceStringType"), _text_of_kind("client")),
    **dict.fromkeys(("Subject", "originIdentitySubjectType", "webIdentitySubjectType"), _text_of_kind("subject")),
    **dict.fromkeys(("Issuer", "NameQualifier", "originIdentityIssuerType"), _text_of_kind("issuer")),
}
#: Shapes of public vocabulary: their values identify no customer.
_PUBLIC_SHAPES = frozenset(
    """
    AccessPreviewId ActionNameType ContextKeyNameType EvalDecisionSourceType IssueCode RegionNameType awstape
    jobIDType localeType policyVersionIdType serviceName serviceNameType serviceNamespaceType thumbprintType
    """.split()
)
#: Members of the catch-all string shape that hold public vocabulary.
_PUBLIC_MEMBERS = frozenset({"action", "actions", "Type", "Code", "code", "__type"})
#: Shapes and members of keys of tags, and the condition key that compares them.
_TAG_KEY_SHAPES = frozenset({"tagKeyType", "tagTemplateKeyType"})
_TAG_KEY_MEMBERS = frozenset({"tagKeys"})
_TAG_KEYS = "aws:tagkeys"
_ERROR_TEXTS = (("members", "message"), ("members", "Message"))
_ENTITY_KINDS = frozenset({"user", "role", "group"})
#: Shapes of names, ids and paths that a policy of AWS may have.
_OF_POLICIES = frozenset({"policyNameType", "idType", "policyPathType", "PolicyIdentifierType"})
_AWS_POLICY = lazy_pattern(r"arn:aws[a-z-]*:iam::aws:policy(?P<path>/(?:\S+/)?)(?P<name>[^\s/]+)")
_POLICY_ID = lazy_pattern(r"ANPA[A-Z0-9]{12,17}")


#: The services that the tables of this module describe. All others are redacted by default-deny.
_DESCRIBED = frozenset({"accessanalyzer", "iam", "sts"})
#: Shapes whose strings are one name, path, id or secret.
_OF_A_KIND = frozenset({*NAME_KINDS, *_KIND_SIBLINGS, *SHAPE_REDACTIONS})


def is_denied(place: Place) -> bool:
    """Whether the strings in a place are redacted by default-deny (`core.redaction.services`)."""
    return place.service is not None and place.service.name not in _DESCRIBED


def is_free_text(text: str, context: StringContext) -> bool:
    """Whether a text can contain a customer's name as a word; an alias can't."""
    return is_free_text_member(text, context) and not is_alias(text)


def is_free_text_member(text: str, context: StringContext) -> bool:
    """As `is_free_text`, but true as well of an alias that replaced such a text."""
    shape, place = context.shape, context.place
    if is_denied(place) and not is_error_text(place):
        return is_json(text)
    if shape is None or not _holds_free_text(place):
        return False
    return text not in shape.enum and not is_key(context)


def is_error_text(place: Place) -> bool:
    """Whether a place is that of an error's message, and no member of an input or an output that is named so."""
    if place.above is None:
        return place.names == ("message",)
    return place.above.above is None and place.names in _ERROR_TEXTS


@cache
def _holds_free_text(place: Place) -> bool:
    """Whether a string in a place can be free text, by what the service model says of the place."""
    shape = place.shape
    if shape is None or shape.type == "timestamp" or shape.name in _OF_A_KIND:
        return False
    return shape.name not in _PUBLIC_SHAPES and place.member_name not in _PUBLIC_MEMBERS


def is_key(context: StringContext) -> bool:
    """Whether a text is the key of a tag or of a map, which programs look up."""
    shape, path = context.shape, context.path
    if shape is None or context.key.lower() == _TAG_KEYS:
        return shape is not None
    is_of_map = bool(shape.name and path) and isinstance(path[-1], MapKey) and not context.key
    return is_of_map or shape.name in _TAG_KEY_SHAPES or context.member in _TAG_KEY_MEMBERS


def is_public(text: str, context: StringContext) -> bool:
    """Whether a text is public vocabulary: a value of an enum, or in a shape or member of such."""
    shape = context.shape
    if shape is None:
        return False
    return text in shape.enum or shape.name in _PUBLIC_SHAPES or context.member in _PUBLIC_MEMBERS


def depends_on_siblings(shape: Shape) -> bool:
    """Whether the redaction of a string in this shape depends on the other members of its structure."""
    return shape.name in _KIND_SIBLINGS or shape.name == "userNameType" or may_be_of_aws_policy(shape)


def may_be_of_aws_policy(shape: Shape) -> bool:
    """Whether a string in this shape may be the name, the path or the id of an AWS-managed policy."""
    return shape.name in _OF_POLICIES


def is_of_aws_policy(text: str, shape: Shape, siblings: Mapping[str, Value]) -> bool:
    """Whether a text is the name, the path or the id of an AWS-managed policy, which its siblings tell."""
    if not may_be_of_aws_policy(shape):
        return False
    if siblings.get("SourcePolicyType") == "aws-managed":
        return True
    is_id = shape.name == "idType" and _POLICY_ID.fullmatch(text) is not None
    for value in siblings.values():
        arn = _AWS_POLICY.fullmatch(value) if isinstance(value, str) and ":iam::aws:policy/" in value else None
        if arn and (is_id or text in (arn["name"], arn["path"])):
            return True
    return False


def find_name_kind(shape: Shape, siblings: Mapping[str, Value]) -> str | None:
    """The kind of the names in a member of this shape, or None if it doesn't hold names."""
    if member := _KIND_SIBLINGS.get(shape.name):
        return _entity_kind(siblings.get(member)) or "entity"
    if shape.name == "userNameType" and "Arn" in siblings and (kind := _entity_kind(siblings.get("Type"))):
        return kind  # reports of last access name users, roles and groups in this shape
    return NAME_KINDS.get(shape.name)


def _entity_kind(value: Value) -> str | None:
    return value.lower() if isinstance(value, str) and value.lower() in _ENTITY_KINDS else None
