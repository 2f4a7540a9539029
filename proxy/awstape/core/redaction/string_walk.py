"""Walks every string of a decoded value, with its context: applies an edit to identities, answers and whole cassettes.

1. Strings are members, items, map keys, map values, the names of members that the model doesn't know, the accounts of
   tracks and the names of their principals.
2. Binary that is no text can't be searched: the edit gets its hexadecimal digits, and what it returns is kept as a
   marked text.
3. Numbers with twelve digits in a row are edited like a string, since they could be an account id. So are numbers that
   the model marks as sensitive, and those of seven digits or more that it doesn't know.
4. Page tokens are not edited.
5. The time at which credentials expire is edited in any form, as a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Literal

from awstape.core.aws.call import Answer, Failure, error_name
from awstape.core.aws.conform import unmodelled_members
from awstape.core.aws.member_paths import MapKey, Path
from awstape.core.aws.model import Models, Operation, Service, Shape, Value
from awstape.core.cassette.cassette import Cassette, Page, Take, Track, with_pages
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.private_values.secret_labels import is_secret_key
from awstape.core.text.lazy_pattern import lazy_pattern

#: The shape of free text that the model gives no shape.
TEXT = Shape(name="", type="string")
_NUMBER = lazy_pattern(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
#: A number without a model that may be a customer's; of twelve digits, it may be an account.
_LONG_NUMBER = lazy_pattern(r"-?(?!\d{12}(?!\d))\d{7}", re.ASCII)
_ACCOUNT_LIKE = lazy_pattern(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
#: Members that errors of all services may have, though no model names them. Other names may be made of data.
_OF_EVERY_ERROR = frozenset({"Type", "Code", "code", "__type"})
#: Members of credentials.
_KEY_ID, _SECRET_KEY = lazy_pattern("[aA]ccessKeyId$"), lazy_pattern("[sS]ecret(Access)?Key$")
_BINARY_MARK = b"\xffawstape "
#: Member of a pair → the siblings that may name what it is, as the key of a map names its value.
_PAIRS: Mapping[str, tuple[str, ...]] = {
    "ContextKeyValues": ("ContextKeyName",),
    "TagValue": ("TagKey",),
    "Value": ("Key", "Name"),
    "Values": ("Name", "Key"),
    "value": ("key", "name"),
    "values": ("name", "key"),
}


class Place:
    """What the service model says of a string: its shape and the members on the way to it, without indices and keys.

    There is one object for each place, so that what holds for a place is found out once (`core.redaction.redactor`).
    shape: None if the model has none. names: the names of the members on the way. member_name: the last of them, in
    which the string is directly or through lists and maps. above: the place of the value around it, and step: how it
    goes on from there, as in `data`; empty for a member. service: whose model it is of, None if of none. key_members:
    the siblings that may name what it is. is_sensitive: whether it is marked so, or the list or map that it is in.
    """

    __slots__ = (
        "_below",
        "_members",
        "above",
        "is_sensitive",
        "key_members",
        "member_name",
        "names",
        "service",
        "shape",
        "step",
    )

    def __init__(
        self,
        shape: Shape | None,
        names: tuple[str, ...] = (),
        above: Place | None = None,
        step: str = "",
        service: Service | None = None,
    ) -> None:
        self.shape, self.names, self.above, self.step = shape, names, above, step
        self.member_name = names[-1] if names else ""
        self.service: Service | None = (shape and shape.service) or (above.service if above else service)
        self.key_members = _PAIRS.get(self.member_name, ()) if not step else ()
        is_in_sensitive = step in ("[]", "*") and above is not None and above.is_sensitive
        self.is_sensitive: bool = is_in_sensitive or (shape is not None and shape.sensitive)
        self._below: dict[str, Place] = {}
        self._members: dict[str, Place] | None = None

    @property
    def members(self) -> dict[str, Place]:
        """The places of all members that the model knows."""
        if self._members is None:
            known = self.shape.members if self.shape else {}
            self._members = {name: self.member(name, member.shape) for name, member in known.items()}
        return self._members

    def member(self, name: str, shape: Shape) -> Place:
        """The place of a member of this structure."""
        if (place := self._below.get(name)) is None:
            place = self._below[name] = Place(shape, (*self.names, name), self)
        return place

    def data(self, step: str, shape: Shape | None) -> Place:
        """The place of what has no name in the model: `[]` an item, `{}` a key of a map, `*` its value, `#` a number
        that may be an account, `0` any other number, `?` what is not in the model, `01` bytes, and others.
        """
        if (place := self._below.get(step)) is None:
            place = self._below[step] = Place(shape, self.names, self, step)
        return place


@cache
def root_place(shape: Shape | None) -> Place:
    """The place of a whole input, output or text."""
    return Place(shape)


@cache
def find_credential_part(place: Place) -> Literal["id", "secret", "expiration"] | None:
    """What of credentials is in a place: of a structure with an access key id and its secret; None for other places."""
    shape = place.above.shape if place.above and not place.step else None
    if shape is None or not all(any(map(part.search, shape.members)) for part in (_KEY_ID, _SECRET_KEY)):
        return None
    if _KEY_ID.search(place.member_name):
        return "id"
    if "xpir" in place.member_name:
        return "expiration"
    return "secret" if re.search("[sS]ecret|[tT]oken", place.member_name) else None


class StringContext:
    """The context of a string: its place, its path, its siblings, and the key of its map, or of its pair of members."""

    __slots__ = ("key", "path", "place", "siblings")

    def __init__(
        self, place: Place, path: Path = (), siblings: Mapping[str, Value] = MappingProxyType({}), key: str = ""
    ) -> None:
        self.place, self.path, self.siblings, self.key = place, path, siblings, key

    @property
    def shape(self) -> Shape | None:
        return self.place.shape

    @property
    def member(self) -> str:
        """As in `Place`."""
        return self.place.member_name


#: The context of a track's account.
ACCOUNT_CONTEXT = StringContext(Place(TEXT, ("account",)), ("account",))
#: Kind of a principal → the context of its name, as of a member with the same alias.
_PRINCIPAL_CONTEXTS = {
    kind: StringContext(Place(Shape(name=shape, type="string"), ("principal",)), ("principal",))
    for kind, shape in (("role", "roleNameType"), ("user", "userNameType"), ("federated-user", "userNameType"))
}
_HOLE = StringContext(Place(TEXT, ("hole",)), ("hole",))
StringEdit = Callable[[str, StringContext], str]
"""(text, its context) → the text that replaces it."""
KnownEdits = Mapping[object, Mapping[str, str]]
"""Place → text → the text that replaces it, whatever else its context is."""
_NOTHING_KNOWN: KnownEdits = MappingProxyType({})


def edit_cassette_strings(
    models: Models, cassette: Cassette, edit_identity: StringEdit, edit_answer: StringEdit
) -> Cassette:
    """The cassette with one edit applied to every string of its tracks, another to every string of its answers."""
    takes = edit_take_strings(models, cassette.takes, edit_identity, edit_answer)
    return Cassette.of(takes, cassette.keys, edit_account(cassette.account, edit_identity), cassette.apart)


def edit_take_strings(
    models: Models, takes: Iterable[Take], edit_identity: StringEdit, edit_answer: StringEdit
) -> Iterator[Take]:
    """As `edit_cassette_strings`, for single takes, in their order."""
    for take in takes:
        operation = models.operation(take.track.service, take.track.operation)
        track = edit_track_strings(models, take.track, edit_identity)
        after = take.after and replace(take.after, track=edit_track_strings(models, take.after.track, edit_identity))
        take = with_pages(take, tuple(edit_page_strings(operation, page, edit_answer) for page in take.pages))
        yield take if track is take.track and after == take.after else replace(take, track=track, after=after)


def edit_track_strings(models: Models, track: Track, edit: StringEdit) -> Track:
    """The track with its caller and every string of its identity edited."""
    operation = models.operation(track.service, track.operation)
    identity = edit_member_strings(track.identity, operation.input, edit)
    account = edit_account(track.account, edit)
    principal = track.principal and edit_principal(track.principal, edit)
    is_same = identity == track.identity and (account, principal) == (track.account, track.principal)
    return track if is_same else replace(track, identity=identity, account=account, principal=principal)


def edit_account(account: str | None, edit: StringEdit) -> str | None:
    """The account of a track, edited."""
    return account and edit(account, ACCOUNT_CONTEXT)


def edit_principal(principal: str, edit: StringEdit) -> str:
    """A principal, with its name edited; any other text as it is."""
    kind, _, name = principal.partition("/")
    context = _PRINCIPAL_CONTEXTS.get(kind)
    return f"{kind}/{edit(name, context)}" if context and name else principal


def edit_page_strings(operation: Operation, page: Page, edit: StringEdit) -> Page:
    """The page with every string of its answer edited, or the reason of its hole."""
    if page.hole is not None:
        return replace(page, hole=edit(page.hole, _HOLE))
    answer = edit_answer_strings(operation, page.answer, edit)
    return page if answer is page.answer else replace(page, answer=answer)


def edit_answer_strings(
    operation: Operation, answer: Answer, edit: StringEdit, known: KnownEdits = _NOTHING_KNOWN
) -> Answer:
    """The answer with every string in it edited. Its `unmodelled` list follows the edited names."""
    if answer.error:
        return replace(answer, error=edit_failure_strings(operation.service, answer.error, edit))
    output = _edit_members(answer.output or {}, root_place(operation.output), edit, (), known)
    if output == answer.output:
        return answer
    return replace(answer, output=output, unmodelled=unmodelled_members(operation, output) if answer.unmodelled else ())


def edit_failure_strings(service: Service, failure: Failure, edit: StringEdit) -> Failure:
    """The failure with every string in it edited. Paths are those of `error` in a cassette."""
    shape = service.errors.get(error_name(failure.code or ""))
    place, known = _error_place(service, shape), shape.members if shape else {}
    code = failure.code and edit(failure.code, StringContext(_text_of_error(service, "code"), ("code",)))
    message = failure.message and edit(failure.message, StringContext(_text_of_error(service, "message"), ("message",)))
    members = {}
    for name, value in failure.members.items():
        if name in known or name in _OF_EVERY_ERROR:
            context = StringContext(place.member(name, known[name].shape if name in known else TEXT), ("members", name))
        else:
            context = StringContext(place.data("#", TEXT), ("members", MapKey(name)))
        key = name if name in known else _edit_name(name, place, ("members",), edit)
        members[key] = edit_value_strings(value, context, edit)
    return replace(failure, code=code, message=message, members=members)


@cache
def _error_place(service: Service, shape: Shape | None) -> Place:
    return Place(shape, ("members",), service=service)


@cache
def _text_of_error(service: Service, name: str) -> Place:
    return Place(TEXT, (name,), service=service)


def edit_member_strings(
    members: Mapping[str, Value], shape: Shape | None, edit: StringEdit, path: Path = ()
) -> dict[str, Value]:
    """The members of a structure with every string in them edited, and with every name that is not in the model."""
    return _edit_members(members, root_place(shape), edit, path, _NOTHING_KNOWN)


def _edit_members(
    members: Mapping[str, Value], place: Place, edit: StringEdit, path: Path, known: KnownEdits, key_around: str = ""
) -> dict[str, Value]:
    """key_around: the key of the structure in its map, if that says that all in it is a secret."""
    places = place.members
    edited: dict[str, Value] = {}
    for name, value in members.items():
        below = places.get(name)
        if below is None:
            edited_name = _edit_name(name, place, path, edit)
            context = StringContext(place.data("?", None), (*path, MapKey(name)), members)
            edited[edited_name] = edit_value_strings(value, context, edit, known)
        elif value is True or value is False:
            edited[name] = value
        elif (
            not below.key_members and not key_around and type(value) is str and below in known and value in known[below]
        ):
            edited[name] = known[below][value]
        else:
            key = (_find_key(below, members) if below.key_members else "") or key_around
            context = StringContext(below, (*path, name), members, key)
            edited[name] = edit_value_strings(value, context, edit, known)
    return edited


def edit_value_strings(
    value: Value, context: StringContext, edit: StringEdit, known: KnownEdits = _NOTHING_KNOWN
) -> Value:
    """The value with every string in it edited, and every number that could be an account id."""
    place, path = context.place, context.path
    shape = place.shape
    match value:
        case str():
            return edit(value, context)
        case bytes():
            alias = value.removeprefix(_BINARY_MARK).decode("latin-1")
            text = alias if is_alias(alias) else value.hex()
            edited = edit(text, StringContext(place.data("01", None), path))
            return value if edited == text else _BINARY_MARK + edited.encode()
        case list():
            item = place.data("[]", shape.member.shape if shape and shape.member else shape if shape is TEXT else None)
            return [
                edit_value_strings(each, StringContext(item, (*path, i), context.siblings, context.key), edit, known)
                for i, each in enumerate(value)
            ]
        case dict() if shape is None or shape is TEXT or (shape.key and shape.value):
            key = place.data("{}", shape.key.shape if shape and shape.key else TEXT)
            below = place.data("*", shape.value.shape if shape and shape.value else shape)
            return {
                edit(name, StringContext(key, (*path, MapKey(name)))): edit_value_strings(
                    each, StringContext(below, (*path, MapKey(name)), key=name), edit, known
                )
                for name, each in value.items()
            }
        case dict():
            key_around = context.key if place.step == "*" and is_secret_key(context.key) else ""
            return _edit_members(value, place, edit, path, known, key_around)
        case bool():
            return value
        case int() | float() if find_credential_part(place) == "expiration":
            return int(edit(str(int(value)), context))
        case int() | float():
            return _edit_number(value, context, edit)
    return value


def _edit_number(value: float, context: StringContext, edit: StringEdit) -> Value:
    place, shape, text = context.place, context.shape, repr(value)
    if place.is_sensitive:
        edited = edit(text, context)
    elif shape is None and _LONG_NUMBER.match(text):
        edited = edit(text, StringContext(place.data("0", TEXT), context.path, key=context.key))
    elif digits := _ACCOUNT_LIKE.search(text):
        edited = edit(digits[0], StringContext(place.data("#", TEXT), context.path))
        return int(edited) if shape and shape is not TEXT and edited.isdigit() else edited
    else:
        return value
    return type(value)(edited) if _NUMBER.fullmatch(edited) else edited


def _edit_name(name: str, place: Place, path: Path, edit: StringEdit) -> str:
    """The name of a member that the model doesn't know."""
    return edit(name, StringContext(place.data("{}", TEXT), (*path, MapKey(name))))


def _find_key(place: Place, members: Mapping[str, Value]) -> str:
    """What a member of a pair is, by its siblings."""
    keys = (members.get(sibling) for sibling in place.key_members)
    return next((key for key in keys if isinstance(key, str)), "")
