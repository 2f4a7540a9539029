"""What each member of the models is to redaction, and how to reach every string in a decoded value.

A shape tells what its strings are: names of a kind, paths, ids, secrets, public vocabulary, or free text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from awstape.core.alias import is_alias
from awstape.core.answer import Failure
from awstape.core.decode import error_name
from awstape.core.model import Service, Shape, Value

#: Shape name → kind of name. The kind is the resource type of the ARN that ends in the same name.
NAMES: Mapping[str, str] = {
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
    "OpenIDConnectProviderUrlType": "oidc-provider",
    "clientIDType": "client",
    "serviceUserName": "service-user",
    "serviceCredentialAlias": "credential",
    "customSuffixType": "suffix",
    "AnalyzerName": "analyzer",
    "Name": "archive-rule",
    "PolicyName": "key-policy",
    "PolicyIdentifierType": "policy",
    "roleTemplateNameType": "role-template",
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
#: Names whose kind a sibling tells: shape → the sibling's member.
_NAMED_BY_SIBLING: Mapping[str, str] = {"entityNameType": "EntityType", "AttachmentName": "AttachmentType"}
PATHS = frozenset({"pathType", "pathPrefixType", "policyPathType", "rolePathPatternType"})
IDS = frozenset(
    {
        "idType",
        "accessKeyIdType",
        "certificateIdType",
        "publicKeyIdType",
        "serviceSpecificCredentialId",
        "privateKeyIdType",
    }
)
SECRETS: Mapping[str, str] = {
    "certificateBodyType": "certificate",
    "certificateChainType": "certificate",
    "publicKeyMaterialType": "public-key",
    "SAMLMetadataDocumentType": "saml-metadata",
    "authenticationCodeType": "code",
    "organizationsPolicyIdType": "p",
    "policyParameterValueType": "value",
    "parameterDefaultValueType": "value",
    "redirectUrlType": "url",
    "consoleDeepLinkType": "url",
}
#: Shapes of public vocabulary: nothing in them is anybody's.
_PUBLIC = frozenset(
    """
    ActionNameType ContextKeyNameType EvalDecisionSourceType RegionNameType jobIDType localeType policyVersionIdType
    serviceName serviceNameType serviceNamespaceType thumbprintType publicKeyFingerprintType AccessPreviewId IssueCode
    """.split()
)
#: Members of the catch-all string shape that hold public vocabulary.
_PUBLIC_MEMBERS = frozenset({"action", "Type", "Code", "__type"})
_SIBLING_KINDS = frozenset({"user", "role", "group"})


@dataclass(frozen=True)
class Place:
    """Where a string stands: its shape (None if the model doesn't know it), member, siblings, and its map's key."""

    shape: Shape | None
    member: str
    siblings: Mapping[str, Value] = field(default_factory=dict)
    key: str = ""


Edit = Callable[[str, Place], str]
"""(text, where it stands) → the text to put there."""


def is_free_text(text: str, place: Place) -> bool:
    """Whether a name that stands in this text as a word would be somebody's name."""
    shape = place.shape
    if shape is None or shape.type == "timestamp" or is_alias(text) or is_public(text, place):
        return False
    return not any(shape.name in names for names in (NAMES, _NAMED_BY_SIBLING, PATHS, IDS))


def is_public(text: str, place: Place) -> bool:
    shape = place.shape
    return shape is not None and (text in shape.enum or shape.name in _PUBLIC or place.member in _PUBLIC_MEMBERS)


def name_kind(shape: Shape, siblings: Mapping[str, Value]) -> str | None:
    if sibling := _NAMED_BY_SIBLING.get(shape.name):
        kind = siblings.get(sibling)
        return kind.lower() if isinstance(kind, str) and kind.lower() in _SIBLING_KINDS else "entity"
    return NAMES.get(shape.name)


# --- walking ----------------------------------------------------------------------------------------------------


def edit_failure(service: Service, failure: Failure, edit: Edit) -> Failure:
    """The failure with every string in it edited."""
    shape = service.errors.get(error_name(failure.code or ""))
    known = shape.members if shape else {}
    code = failure.code and edit(failure.code, Place(TEXT, "Code"))
    message = failure.message and edit(failure.message, Place(TEXT, "message"))
    members = {
        name if name in known else edit(name, _KEY): edit_value(
            value, Place(known[name].shape if name in known else TEXT, name), edit
        )
        for name, value in failure.members.items()
    }
    return replace(failure, code=code, message=message, members=members)


def edit_members(members: Mapping[str, Value], shape: Shape | None, edit: Edit) -> dict[str, Value]:
    """The members of a structure with every string in them edited, and the names that the model doesn't know."""
    known = shape.members if shape else {}
    return {
        name if name in known else edit(name, _KEY): edit_value(
            value, Place(known[name].shape if name in known else None, name, members), edit
        )
        for name, value in members.items()
    }


def edit_value(value: Value, place: Place, edit: Edit) -> Value:
    """The value with every string in it edited, and every number that could be an account id."""
    shape = place.shape
    match value:
        case str():
            return edit(value, place)
        case bytes():
            # Binary that is no text can't be searched: only its being there is kept.
            if value.startswith(_BINARY) and is_alias(value.removeprefix(_BINARY).decode("latin-1")):
                return value
            return _BINARY + edit(value.hex(), Place(None, place.member)).encode()
        case list():
            below = shape.member.shape if shape and shape.member else shape if shape is TEXT else None
            return [edit_value(item, replace(place, shape=below), edit) for item in value]
        case dict() if shape and shape.key and shape.value:
            key, below = Place(shape.key.shape, place.member), shape.value.shape
            return {edit(k, key): edit_value(v, Place(below, place.member, key=k), edit) for k, v in value.items()}
        case dict() if shape is None or shape is TEXT:
            return {edit(k, _KEY): edit_value(v, Place(shape, k), edit) for k, v in value.items()}
        case dict():
            return edit_members(value, shape, edit)
        case int() | float() if not isinstance(value, bool) and (digits := _ACCOUNT_LIKE.search(repr(value))):
            hidden = edit(digits[0], Place(TEXT, place.member))
            return int(hidden) if shape and shape is not TEXT and hidden.isdigit() else hidden
    return value


_ACCOUNT_LIKE = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_BINARY = b"\xffawstape "
#: Free text of no particular shape.
TEXT = Shape(name="", type="string")
_KEY = Place(TEXT, "a name")
