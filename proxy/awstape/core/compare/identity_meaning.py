"""The meaning of an identity: what a request asks for, however it is spelled.

1. A timestamp means an instant, a JSON document its content (`core.text.json_documents`).
2. IAM ignores the case of names of users, groups, roles, policies and instance profiles.
   Source: "IAM user, group, role, and policy names … are not distinguished by case" in IAM's API reference, CreateRole.
3. The order of a list means nothing, except in lists whose positions an answer refers to.
4. The URL of a queue means its account and name (`core.aws.protocols.customisations.queue_urls`).
5. What SDKs set by themselves means nothing (`Member.is_incidental`).
6. A name made of aliases, `alias-A-alias-B`, means the name that is made of the real ones, `alias-A-B`.
7. Two identities differ in the members that `differing_members` names, and in no other.
8. Two spellings of a write are one track, under the spelling that came first (`WriteSpellings`), so that its takes have
   an order. Here the order of a list counts: two orders in one recording may mean two things.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from awstape.core.aws.model import Models, Operation, Shape, Value, child_shape
from awstape.core.aws.protocols.customisations.queue_urls import find_queue, is_queue_url
from awstape.core.aws.timestamps import canonical_timestamp
from awstape.core.cassette.cassette import After, Cassette, Track
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.name_codes import join_aliases
from awstape.core.redaction.string_walk import StringContext, edit_member_strings
from awstape.core.text.json_documents import canonical_document

_NAMES_WITHOUT_CASE = frozenset(
    """
    existingUserNameType groupNameType instanceProfileNameType policyNameType roleNameType userNameType
    """.split()
)
#: An answer counts the policies of a simulation; those of an organization go from its root to the account.
_ORDERED_LISTS = frozenset({"SimulationPolicyListType", "OrganizationPolicyListType", "replacementValueListType"})


def member_meanings(operation: Operation, identity: Mapping[str, Value], *, with_order: bool = False) -> dict[str, str]:
    """Member → a text that is the same for two values of the member exactly where they mean the same.

    with_order: whether the order of every list counts.
    """
    members = operation.input.members if operation.input else {}
    incidental = {name for name, member in members.items() if member.is_incidental}
    counting = {name: value for name, value in identity.items() if name not in incidental}
    meant = edit_member_strings(counting, operation.input, string_meaning)
    shapes = {name: child_shape(operation.input, name) for name in meant}
    return {name: _to_json(_canonical(value, shapes[name], with_order)) for name, value in meant.items()}


def meaning_key(meanings: Mapping[str, str]) -> str:
    """One text of an identity's `member_meanings`, which does not depend on the order of the members."""
    return json.dumps(meanings, sort_keys=True)


def differing_members(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The members in which two identities differ, by their `member_meanings`: none if they mean the same."""
    return [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]


def write_meaning(models: Models, track: Track) -> Hashable:
    """What is the same for two tracks of writes of one account exactly where they mean the same.

    A track of a read is its own meaning.
    """
    operation = models.operation(track.service, track.operation)
    if operation.is_read:
        return track
    meaning = meaning_key(member_meanings(operation, track.identity, with_order=True))
    return track.service, track.operation, track.region, track.account, meaning


class WriteSpellings:
    """The spelling of each write that came first."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._first: dict[Hashable, Track] = {}

    def find_first(self, track: Track) -> Track:
        """The track of the write as it was spelled first, noted if it is this one; a read is its own track."""
        meaning = write_meaning(self._models, track)
        return track if meaning is track else replace(self._first.setdefault(meaning, track), principal=track.principal)

    def respell(self, cassette: Cassette) -> Cassette:
        """The cassette with every write under its first spelling; several tracks of one write are joined."""
        first = {track: self.find_first(track) for track, _ in cassette.tracks()}
        moved: dict[After, After] = {}
        if len(set(first.values())) < len(first):
            counts = Counter[Track]()
            for place in _order_of_takes(cassette):
                counts[first[place.track]] += 1
                moved[place] = After(first[place.track], counts[first[place.track]])

        def follow(place: After) -> After:
            return moved.get(place) or After(self.find_first(place.track), place.take)

        places = [follow(place) for place in _places(cassette)]
        takes = [replace(take, after=follow(take.after)) if take.after else take for take in cassette.takes]
        placed = sorted(zip(places, takes, strict=True), key=lambda each: each[0].take)
        return cassette.with_takes(
            take if take.track == place.track else replace(take, track=place.track) for place, take in placed
        )


def _places(cassette: Cassette) -> list[After]:
    """The track and the number of each take."""
    return [After(track, number) for track, takes in cassette.tracks() for number in range(1, len(takes) + 1)]


def _order_of_takes(cassette: Cassette) -> list[After]:
    """The takes in the order in which reads came after them; in that of the cassette if the reads contradict it."""
    places = dict.fromkeys(_places(cassette))
    sorter = TopologicalSorter[After](dict.fromkeys(places, ()))
    for track, takes in cassette.tracks():
        stories = [After(track, number) for number in range(1, len(takes) + 1)], [take.after for take in takes]
        for story in stories:
            for before, place in pairwise(dict.fromkeys(each for each in story if each in places)):
                sorter.add(place, before)
    try:
        return list(sorter.static_order())
    except CycleError:  # as in a cassette that was edited
        return list(places)


def string_meaning(text: str, context: StringContext) -> str:
    """A text that is the same for two strings in the same context exactly where they mean the same."""
    shape = context.shape
    if shape is not None and shape.type == "timestamp":
        return canonical_timestamp(text) or text
    if is_queue_url(context.place.service, context.member):
        text = find_queue(text) or text
    text = join_aliases(text)
    if shape is not None and shape.name in _NAMES_WITHOUT_CASE:
        return text.lower()
    if text.startswith("<") and is_alias(text):  # a secret: one document in several spellings
        return text.lower()
    document = canonical_document(text)
    return text if document is None else f"JSON {document}"


def readable_value(value: Value, shape: Shape | None) -> Value:
    """A value as a message shows it: documents as JSON, and lists without an order sorted."""
    if isinstance(value, str) and (document := canonical_document(value)) is not None:
        read: Value = json.loads(document)
        return read
    if isinstance(value, list):
        items: Iterable[Value] = (readable_value(item, child_shape(shape, 0)) for item in value)
        return sorted(items, key=_to_json) if _is_set(shape) else list(items)
    if isinstance(value, dict):
        return {name: readable_value(item, child_shape(shape, name)) for name, item in value.items()}
    return value


def _canonical(value: Value, shape: Shape | None, with_order: bool) -> Value:
    """A value whose strings were replaced by their meaning, with numeric timestamps and sets in canonical form."""
    if isinstance(value, list):
        items = [_canonical(item, child_shape(shape, 0), with_order) for item in value]
        return sorted(items, key=_to_json) if _is_set(shape) and not with_order else items
    if isinstance(value, dict):
        return {name: _canonical(item, child_shape(shape, name), with_order) for name, item in value.items()}
    if isinstance(value, int | float) and shape is not None and shape.type == "timestamp":
        return canonical_timestamp(value) or value
    return value


def _is_set(shape: Shape | None) -> bool:
    return shape is not None and shape.name not in _ORDERED_LISTS


def _to_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
