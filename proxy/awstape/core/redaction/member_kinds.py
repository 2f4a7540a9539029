"""What each member of the models is to redaction, and how to reach every string in a decoded value.

A shape tells what its strings are: names of a kind, paths, ids, secrets, public vocabulary, or free text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from awstape.core.aws.answer import Answer, Failure
from awstape.core.aws.conform import MapKey, Path, member_names, unmodelled
from awstape.core.aws.decode import error_name
from awstape.core.aws.model import Models, Operation, Service, Shape, Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import redact_path, redact_provider

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
#: Shape name → what becomes an alias of a kind that says what it stood for.
SECRETS: Mapping[str, str] = {
    "certificateBodyType": "certificate",
    "certificateChainType": "certificate",
    "publicKeyMaterialType": "public-key",
    "policyParameterValueType": "value",
    "parameterDefaultValueType": "value",
}
_Spell = Callable[[Aliases, str], str]


def _secret(kind: str) -> _Spell:
    return lambda aliases, text: aliases.secret(kind, text)


def _policy_of_organization(aliases: Aliases, text: str) -> str:
    if text == "p-FullAWSAccess":
        return text
    return aliases.organization_id(text) if text.startswith("p-") else aliases.secret("policy", text)


#: Shape name → how its strings become aliases, where that is not as a name.
SPELLED: Mapping[str, _Spell] = {
    **dict.fromkeys(PATHS, lambda aliases, text: redact_path(text, aliases)),
    **dict.fromkeys(IDS, Aliases.unique_id),
    **{shape: _secret(kind) for shape, kind in SECRETS.items()},
    "OpenIDConnectProviderUrlType": lambda aliases, text: redact_provider(text, aliases),
    "SAMLMetadataDocumentType": Aliases.saml_metadata,
    "authenticationCodeType": Aliases.code,
    "redirectUrlType": Aliases.url,
    "consoleDeepLinkType": Aliases.url,
    "publicKeyFingerprintType": Aliases.fingerprint,
    "organizationsPolicyIdType": _policy_of_organization,
}
#: Shapes of public vocabulary: nothing in them is anybody's.
_PUBLIC = frozenset(
    """
    AccessPreviewId ActionNameType ContextKeyNameType EvalDecisionSourceType IssueCode RegionNameType awstape
    jobIDType localeType policyVersionIdType serviceName serviceNameType serviceNamespaceType thumbprintType
    """.split()
)
#: Members of the catch-all string shape that hold public vocabulary.
_PUBLIC_MEMBERS = frozenset({"action", "Type", "Code", "code", "__type"})
_SIBLING_KINDS = frozenset({"user", "role", "group"})


@dataclass(frozen=True)
class Place:
    """Where a string stands: its shape (None if the model doesn't know it), path, siblings, and its map's key."""

    shape: Shape | None
    path: Path
    siblings: Mapping[str, Value] = field(default_factory=dict)
    key: str = ""

    @property
    def member(self) -> str:
        """The name of the member that it is, or is in a list or map of."""
        return next(reversed(member_names(self.path)), "")


Edit = Callable[[str, Place], str]
"""(text, where it stands) → the text to put there."""


def is_free_text(text: str, place: Place) -> bool:
    """Whether a name that stands in this text as a word would be somebody's name."""
    return not is_alias(text) and is_for_free_text(text, place)


def is_for_free_text(text: str, place: Place) -> bool:
    """As `is_free_text`, of an alias that took the place of such a text as well."""
    shape = place.shape
    if shape is None or shape.type == "timestamp" or is_public(text, place):
        return False
    return not any(shape.name in names for names in (NAMES, _NAMED_BY_SIBLING, SPELLED))


def is_public(text: str, place: Place) -> bool:
    shape = place.shape
    return shape is not None and (text in shape.enum or shape.name in _PUBLIC or place.member in _PUBLIC_MEMBERS)


def name_kind(shape: Shape, siblings: Mapping[str, Value]) -> str | None:
    if sibling := _NAMED_BY_SIBLING.get(shape.name):
        return _kind_of(siblings.get(sibling)) or "entity"
    if shape.name == "userNameType" and "Arn" in siblings and (kind := _kind_of(siblings.get("Type"))):
        return kind  # an entity of any kind, in the reports of last access
    return NAMES.get(shape.name)


def _kind_of(value: Value) -> str | None:
    return value.lower() if isinstance(value, str) and value.lower() in _SIBLING_KINDS else None


# --- walking ----------------------------------------------------------------------------------------------------


def edit_cassette(models: Models, cassette: Cassette, asked: Edit, answered: Edit) -> Cassette:
    """The cassette with every string of its identities and of its answers edited, page by page; tokens stay."""
    takes = []
    for take in cassette.takes:
        operation = models.operation(take.track.service, take.track.operation)
        track = replace(take.track, identity=edit_members(take.track.identity, operation.input, asked))
        pages = (replace(page, answer=edit_answer(operation, page.answer, answered)) for page in take.pages)
        takes.append(replace(take, track=track, pages=tuple(pages)))
    return Cassette.of(takes, cassette.keys)


def edit_answer(operation: Operation, answer: Answer, edit: Edit) -> Answer:
    """The answer with every string in it edited; a name that the model doesn't know may be another then."""
    if answer.error:
        return replace(answer, error=edit_failure(operation.service, answer.error, edit))
    output = edit_members(answer.output or {}, operation.output, edit)
    return replace(answer, output=output, unmodelled=unmodelled(operation, output) if answer.unmodelled else ())


def edit_failure(service: Service, failure: Failure, edit: Edit) -> Failure:
    """The failure with every string in it edited. Paths are those of a cassette's `error`."""
    shape = service.errors.get(error_name(failure.code or ""))
    known = shape.members if shape else {}
    code = failure.code and edit(failure.code, Place(TEXT, ("code",)))
    message = failure.message and edit(failure.message, Place(TEXT, ("message",)))
    members = {
        name if name in known else _edit_key(name, ("members",), edit): edit_value(
            value, Place(known[name].shape if name in known else TEXT, ("members", name)), edit
        )
        for name, value in failure.members.items()
    }
    return replace(failure, code=code, message=message, members=members)


def edit_members(members: Mapping[str, Value], shape: Shape | None, edit: Edit, path: Path = ()) -> dict[str, Value]:
    """The members of a structure with every string in them edited, and the names that the model doesn't know."""
    known = shape.members if shape else {}
    edited: dict[str, Value] = {}
    for name, value in members.items():
        if name in known:
            edited[name] = edit_value(value, Place(known[name].shape, (*path, name), members), edit)
        else:
            key = _edit_key(name, path, edit)
            edited[key] = edit_value(value, Place(None, (*path, MapKey(name)), members), edit)
    return edited


def edit_value(value: Value, place: Place, edit: Edit) -> Value:
    """The value with every string in it edited, and every number that could be an account id."""
    shape, path = place.shape, place.path
    match value:
        case str():
            return edit(value, place)
        case bytes():
            # Binary that is no text can't be searched: only its being there is kept.
            alias = value.removeprefix(_BINARY).decode("latin-1")
            edited = edit(text := alias if is_alias(alias) else value.hex(), Place(None, path))
            return value if edited == text else _BINARY + edited.encode()
        case list():
            below = shape.member.shape if shape and shape.member else shape if shape is TEXT else None
            items = enumerate(value)
            return [edit_value(item, Place(below, (*path, i), place.siblings, place.key), edit) for i, item in items]
        case dict() if shape is None or shape is TEXT or (shape.key and shape.value):
            key = shape.key.shape if shape and shape.key else TEXT
            below = shape.value.shape if shape and shape.value else shape
            return {
                edit(name, Place(key, (*path, MapKey(name)))): edit_value(
                    item, Place(below, (*path, MapKey(name)), key=name), edit
                )
                for name, item in value.items()
            }
        case dict():
            return edit_members(value, shape, edit, path)
        case int() | float() if not isinstance(value, bool) and (digits := _ACCOUNT_LIKE.search(repr(value))):
            hidden = edit(digits[0], Place(TEXT, path))
            return int(hidden) if shape and shape is not TEXT and hidden.isdigit() else hidden
    return value


def _edit_key(name: str, path: Path, edit: Edit) -> str:
    return edit(name, Place(TEXT, (*path, MapKey(name))))


_ACCOUNT_LIKE = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_BINARY = b"\xffawstape "
#: Free text of no particular shape.
TEXT = Shape(name="", type="string")
