"""Redaction by shape: what each member of the models is, and what becomes of it.

1. A member whose shape is a name (`_NAMES`), path, id or provider becomes the alias of that kind; a secret one, or one
   that the model marks sensitive, becomes a stand-in.
2. Every other string is searched for identifiers (`awstape.core.scan`), policy documents, messages, descriptions,
   tags and map keys included. Enums and numbers stay; in public vocabulary only identifiers are replaced, not names.
3. Names of AWS-managed policies stay where an AWS-owned ARN stands beside them; so do AWSServiceRoleFor… and
   service principals.
4. Strings of members that the model doesn't know are replaced whole, unless they are numbers, booleans or times.
5. An identity is redacted by itself, knowing nothing of other traffic: a live request then redacts to the same.
6. When a recording ends, names that were seen anywhere are replaced wherever they stand as a word in free text.
7. Before anything is written, `residual` searches every string, in every encoding, for the real values seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from awstape.core.alias import Aliases, is_alias
from awstape.core.answer import Answer, Failure
from awstape.core.arn import is_public_name, redact_path
from awstape.core.cassette import Cassette
from awstape.core.decode import error_name
from awstape.core.model import Models, Operation, Service, Shape, Value
from awstape.core.scan import IDENTIFIER, edit_words, redact_condition, redact_names, redact_text, variants

#: Shape name → kind of name. The kind is the resource type of the ARN that ends in the same name.
_NAMES: Mapping[str, str] = {
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
}
#: Names whose kind a sibling tells: shape → the sibling's member.
_NAMED_BY_SIBLING: Mapping[str, str] = {"entityNameType": "EntityType", "AttachmentName": "AttachmentType"}
_PATHS = frozenset({"pathType", "pathPrefixType", "policyPathType", "rolePathPatternType"})
_IDS = frozenset(
    {
        "idType",
        "accessKeyIdType",
        "certificateIdType",
        "publicKeyIdType",
        "serviceSpecificCredentialId",
        "privateKeyIdType",
    }
)
_SECRETS: Mapping[str, str] = {
    "certificateBodyType": "certificate",
    "certificateChainType": "certificate",
    "publicKeyMaterialType": "public-key",
    "SAMLMetadataDocumentType": "saml-metadata",
    "authenticationCodeType": "code",
    "organizationsPolicyIdType": "p",
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
_PUBLIC_KEY_POLICY = "default"
#: How a simulation names a policy that the client sent.
_INPUT_LIST = re.compile(r"\w*PolicyInputList\.\d+|ResourcePolicy", re.ASCII)
_HARMLESS = re.compile(r"|true|false|-?\d{1,11}(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT[0-9:.]{5,15}Z")
_FILTER_WORD = re.compile(r"[A-Z][A-Z_]+|AWS::\w+::\w+|true|false")
#: Members of a filter's criterion: whatever the client looks for.
_FILTERS = frozenset({"eq", "neq", "contains"})
#: Member of a simulation's input: values of conditions, which in an identity no other traffic can tell to be names.
_CONTEXT = "ContextKeyValues"
_SHORTEST_KNOWN_NAME = 3


@dataclass(frozen=True)
class _Place:
    """Where a string stands: its shape (None if the model doesn't know it), member, siblings, and its map's key."""

    shape: Shape | None
    member: str
    siblings: Mapping[str, Value] = field(default_factory=dict)
    key: str = ""


_Edit = Callable[[str, _Place], str]
"""(text, where it stands) → the text to put there."""


@dataclass(frozen=True)
class Leak:
    """A real value that redaction left: where, and what kind of value, never the value."""

    track: str
    take: int
    page: int
    path: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} in {self.path or 'the identity'} of page {self.page}, take {self.take} of {self.track}"


class Redactor:
    """Redacts identities and answers under one key, and remembers what it saw until the recording ends."""

    def __init__(self, key: bytes) -> None:
        self._aliases = Aliases(key)

    def identity(self, operation: Operation, identity: dict[str, Value]) -> dict[str, Value]:
        return _members(identity, operation.input, self._edit)

    def answer(self, operation: Operation, answer: Answer) -> Answer:
        if answer.error:
            return replace(answer, error=_failure(operation.service, answer.error, self._edit))
        return replace(answer, output=_members(answer.output or {}, operation.output, self._edit))

    def with_names(self, operation: Operation, answer: Answer) -> Answer:
        """A redacted answer with the names that were seen in other answers replaced in its free text."""
        names = {n: a for n, a in self._aliases.names.items() if len(n) >= _SHORTEST_KNOWN_NAME}

        def edit(text: str, place: _Place) -> str:
            return redact_names(text, names) if _is_free_text(text, place) else text

        if answer.error:
            return replace(answer, error=_failure(operation.service, answer.error, edit))
        return replace(answer, output=_members(answer.output or {}, operation.output, edit))

    def counts(self) -> dict[str, int]:
        """How many different values were replaced, by kind."""
        return self._aliases.counts()

    def residual(self, models: Models, cassette: Cassette) -> Iterator[Leak]:
        """Real values that are still in the cassette. There should be none; if there is one, nothing may be written."""
        needles = _Needles(self._aliases.real)
        for track, takes in cassette.tracks():
            operation = models.services[track.service].operations[track.operation]
            for number, take in enumerate(takes, 1):
                for page_number, page in enumerate(take.pages, 1):
                    for path, text, is_free in _strings(operation, track.identity, page.answer):
                        if kind := needles.found(text, is_free):
                            yield Leak(f"{track.service} {track.operation}", number, page_number, path, kind)

    def _edit(self, text: str, place: _Place) -> str:
        aliases, shape = self._aliases, place.shape
        if shape is None:
            return text if _HARMLESS.fullmatch(text) or is_alias(text) else aliases.secret("text", text)
        if shape.sensitive or shape.name in _SECRETS:
            return aliases.secret(_SECRETS.get(shape.name, "secret"), text) if text else text
        if not text or text in shape.enum:
            return text
        if shape.name in _PATHS:
            return redact_path(text, aliases)
        if shape.name in _IDS:
            return text if is_alias(text) else aliases.unique_id(text)
        if kind := _name_kind(shape, place.siblings):
            return self._name(kind, text, place.siblings)
        return self._search(text, place)

    def _search(self, text: str, place: _Place) -> str:
        """A text that is not one name or id as a whole."""
        aliases = self._aliases
        if place.key:
            return redact_condition(place.key, text, aliases)
        redacted = redact_text(text, aliases)
        if redacted != text or _is_public(text, place) or IDENTIFIER.search(text):
            return redacted
        if place.shape and place.shape.name == "serialNumberType" and not text.startswith("arn:"):
            return aliases.name("serial", text)
        if place.member in _FILTERS and not _FILTER_WORD.fullmatch(text) and not is_alias(text):
            return aliases.secret("filter", text)
        if place.member == _CONTEXT and not _HARMLESS.fullmatch(text) and not is_alias(text):
            return aliases.secret("value", text)
        return text

    def _name(self, kind: str, text: str, siblings: Mapping[str, Value]) -> str:
        if is_public_name(text) or (kind == "policy" and _is_aws_owned(text, siblings)):
            return text
        if kind == "policy" and _INPUT_LIST.fullmatch(text):
            return text
        if kind == "key-policy" and text == _PUBLIC_KEY_POLICY:
            return text
        return self._aliases.name(kind, text)


class _Needles:
    """Real values to search for: ids anywhere in a string, names as whole words of free text.

    The search for ids is linear: the last characters of each value are looked up at every position of the text, and
    only where they are known the whole value is compared.
    """

    _ENDING = 6

    def __init__(self, real: Mapping[str, Iterable[str]]) -> None:
        self._words: dict[str, str] = {}
        self._by_ending: dict[str, dict[str, str]] = {}
        self._searched: dict[tuple[str, bool], str | None] = {}
        for kind, values in real.items():
            for value in values:
                if kind in _SEARCHED_ANYWHERE:
                    if len(value) >= self._ENDING:  # shorter ones stand in other texts by chance
                        self._by_ending.setdefault(value[-self._ENDING :], {})[value] = kind
                elif kind not in _NOT_SEARCHED and len(value) >= _SHORTEST_KNOWN_NAME:
                    self._words[value] = kind

    def found(self, text: str, is_free: bool) -> str | None:
        """The kind of a real value that is in the text in some encoding, or None."""
        if (text, is_free) not in self._searched:
            kinds = (kind for variant in variants(text) if (kind := self._in(variant)))
            self._searched[text, is_free] = next(kinds, None) or (self._among(text) if is_free else None)
        return self._searched[text, is_free]

    def _in(self, text: str) -> str | None:
        n = self._ENDING
        if not self._by_ending.keys().isdisjoint(text[i : i + n] for i in range(len(text) - n + 1)):
            for ending, values in self._by_ending.items():
                if ending in text and (kind := next((k for v, k in values.items() if v in text), None)):
                    return kind
        return None

    def _among(self, text: str) -> str | None:
        found: list[str] = []

        def note(word: str) -> str:
            if word in self._words:
                found.append(self._words[word])
            return word

        edit_words(text, note)
        return found[0] if found else None


#: Kinds of value that are searched for as a part of any string.
_SEARCHED_ANYWHERE = frozenset({"account", "unique id", "e-mail", "secret", "pem", "jwt", "canonical user id"})
#: Kinds that are replaced for safety's sake, not because they are known to be somebody's.
_NOT_SEARCHED = frozenset({"text", "filter", "value", "object", "part"})


def _strings(operation: Operation, identity: dict[str, Value], answer: Answer) -> Iterator[tuple[str, str, bool]]:
    """(path, string, whether it is free text) for each string and map key of a page."""
    found: list[tuple[str, str, bool]] = []

    def note(text: str, place: _Place) -> str:
        found.append((place.member, text, _is_free_text(text, place)))
        return text

    _members(identity, operation.input, note)
    if answer.error:
        _failure(operation.service, answer.error, note)
    _members(answer.output or {}, operation.output, note)
    yield from found


def _is_free_text(text: str, place: _Place) -> bool:
    """Whether a name that stands in this text as a word would be somebody's name."""
    shape = place.shape
    if shape is None or shape.type == "timestamp" or is_alias(text) or _is_public(text, place):
        return False
    return not any(shape.name in names for names in (_NAMES, _NAMED_BY_SIBLING, _PATHS, _IDS))


def _is_public(text: str, place: _Place) -> bool:
    shape = place.shape
    return shape is not None and (text in shape.enum or shape.name in _PUBLIC or place.member in _PUBLIC_MEMBERS)


def _name_kind(shape: Shape, siblings: Mapping[str, Value]) -> str | None:
    if sibling := _NAMED_BY_SIBLING.get(shape.name):
        kind = siblings.get(sibling)
        return kind.lower() if isinstance(kind, str) else "entity"
    return _NAMES.get(shape.name)


def _is_aws_owned(policy: str, siblings: Mapping[str, Value]) -> bool:
    """Whether the ARN of a policy of AWS with that name stands beside it."""
    arn = re.compile(rf"arn:aws[a-z-]*:iam::aws:policy/(?:\S+/)?{re.escape(policy)}")
    return any(isinstance(value, str) and arn.fullmatch(value) for value in siblings.values())


# --- walking ----------------------------------------------------------------------------------------------------


def _failure(service: Service, failure: Failure, edit: _Edit) -> Failure:
    shape = service.errors.get(error_name(failure.code or ""))
    known = shape.members if shape else {}
    code = failure.code and edit(failure.code, _Place(_TEXT, "Code"))
    message = failure.message and edit(failure.message, _Place(_TEXT, "message"))
    members = {
        name: _value(value, _Place(known[name].shape if name in known else _TEXT, name), edit)
        for name, value in failure.members.items()
    }
    return replace(failure, code=code, message=message, members=members)


def _members(members: Mapping[str, Value], shape: Shape | None, edit: _Edit) -> dict[str, Value]:
    known = shape.members if shape else {}
    return {
        name: _value(value, _Place(known[name].shape if name in known else None, name, members), edit)
        for name, value in members.items()
    }


def _value(value: Value, place: _Place, edit: _Edit) -> Value:
    shape = place.shape
    match value:
        case str():
            return edit(value, place)
        case bytes():
            # Binary that is no text can't be searched: only its being there is kept.
            hidden = edit(value.hex(), _Place(None, place.member)).encode()
            return value if value.startswith(_BINARY) else _BINARY + hidden
        case list():
            below = shape.member.shape if shape and shape.member else shape if shape is _TEXT else None
            return [_value(item, replace(place, shape=below), edit) for item in value]
        case dict() if shape and shape.key and shape.value:
            key, below = _Place(shape.key.shape, place.member), shape.value.shape
            return {edit(k, key): _value(v, _Place(below, place.member, key=k), edit) for k, v in value.items()}
        case dict() if shape is None or shape is _TEXT:
            key = _Place(_TEXT, place.member)
            return {edit(k, key): _value(v, _Place(shape, k), edit) for k, v in value.items()}
        case dict():
            return _members(value, shape, edit)
        case int() if shape is None and not isinstance(value, bool) and abs(value) >= 10**11:
            return edit(str(value), place)
    return value


_BINARY = b"\xffawstape "
_TEXT = Shape(name="", type="string")
