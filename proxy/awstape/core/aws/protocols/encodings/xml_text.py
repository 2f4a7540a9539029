"""Values as XML text: the bodies of the protocols query, ec2 and rest-xml.

To read a body: `parse_xml`, then `read_xml_structure` of the root or of the element that holds the members, or
`read_xml_value` for a root of another type. To write one: `write_parent` around the lines of `write_xml_structure`, or
`write_xml_element` for a root that is a member, such as a payload.

1. A list is an element with an element for each item, a map one with an `entry` for each key. Flattened, their items
   and entries stand in the structure itself, an empty one nowhere. Any name of an item is accepted.
2. Elements that are not in the service model are kept: an element with only text is a string, one with children a
   mapping, siblings of one name a list. They are written as they are kept. An element with the name of a member that
   has another one on the wire is ignored, as is an attribute without a member.
3. Namespaces are ignored, and written where the model gives them.
4. A timestamp is written in the format of its shape, by default ISO 8601.
5. IAM percent-encodes its policy documents on the wire; values hold them plain.
6. An XML document type is refused: no AWS response has one, and entities are an attack.
7. The text written is byte for byte that of IAM: no XML declaration, two-space indent, an empty list as `<Users/>`,
   policy documents percent-encoded by RFC 3986 in upper-case hex.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from awstape.core.aws.model import Member, Shape, Value
from awstape.core.aws.protocols.encodings.scalars import format_scalar, parse_scalar
from awstape.core.aws.timestamps import format_timestamp
from awstape.core.aws.wire import WireError, limit_problem
from awstape.core.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

_NOT_XML = lazy_pattern("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Names of elements that `read_unmodelled` may find.
_ELEMENT_NAME = lazy_pattern(r"[^\W\d][\w.\-]*")
_PERCENT_ENCODED = {byte: quote(bytes([byte]), safe="-._~") for byte in range(256)}
#: The root, or a declaration of UTF-8 and the root. Any other beginning may be that of another encoding.
_BEGINS_IN_UTF8 = lazy_pattern(
    rb"""(?:<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']utf-8["'])?\s*\?>\s*)?<[a-z][a-z0-9]""", re.IGNORECASE
)
_NO_CHARACTER = "{} holds a character that XML can't represent"


# --- reading ----------------------------------------------------------------------------------------------------


def parse_xml(body: bytes) -> ET.Element:
    """The root element of a body. Raises WireError if it is not XML, has a document type or is too large."""
    from xml.etree import ElementTree as ET  # not at the top: whoever only writes responses needs none

    # Without a builder in Python, parsing takes half the time. In UTF-8 the bytes show a document type.
    is_plain = _BEGINS_IN_UTF8.match(body) and b"<!DOCTYPE" not in body
    parser = None if is_plain else _strict_parser()
    try:
        root: ET.Element = ET.fromstring(body, parser=parser)
    except (ET.ParseError, LookupError, ValueError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError("the body is not XML") from None
    if problem := limit_problem(root, iter):
        raise WireError(f"the body {problem}")
    return root


def _strict_parser() -> ET.XMLParser:
    """A parser that refuses document types."""
    from xml.etree import ElementTree as ET

    class RefuseDoctype(ET.TreeBuilder):
        def doctype(self, name: str, pubid: str, system: str) -> None:
            raise WireError("the XML body has a document type")

    return ET.XMLParser(target=RefuseDoctype())


def element_name(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def read_xml_structure(element: ET.Element, shape: Shape | None) -> dict[str, Value]:
    """The members of a structure, under their AWS names: attributes, then elements, in the order of the wire.

    Members in another place than the body are left out.
    """
    known = shape.by_element_name if shape else {}
    output = _read_attributes(element, shape) if shape and element.attrib else {}
    unknown: dict[str, list[Value]] = {}
    for child in element:
        wire_name = element_name(child)
        name, member = known.get(wire_name, (wire_name, None))
        if member is None:
            if shape is None or name not in shape.members:
                unknown.setdefault(name, []).append(read_unmodelled(child))
                output[name] = _single_or_list(unknown[name])
        elif member.flattened and member.shape.member:
            items = output.setdefault(name, [])
            assert isinstance(items, list)
            items.append(read_xml_value(child, member.shape.member.shape))
        elif member.flattened and member.shape.value:
            entries = output.setdefault(name, {})
            assert isinstance(entries, dict)
            entries.update([_read_entry(child, member.shape)])
        else:
            output[name] = read_xml_value(child, member.shape)
    return output


def _read_attributes(element: ET.Element, shape: Shape) -> dict[str, Value]:
    """The members of a structure that are attributes."""
    known = shape.by_attribute_name
    texts = ((name.rpartition("}")[2], text) for name, text in element.attrib.items())
    return {known[name][0]: parse_scalar(text, known[name][1].shape) for name, text in texts if name in known}


def read_xml_value(element: ET.Element, shape: Shape) -> Value:
    """The value of an element of any shape."""
    if shape.type == "structure":
        return read_xml_structure(element, shape)
    if shape.type == "list":
        assert shape.member
        return [read_xml_value(child, shape.member.shape) for child in element]
    if shape.type == "map":
        return dict(_read_entry(entry, shape) for entry in element)
    if len(element):
        return read_unmodelled(element)
    text = element.text or ""
    return unquote(text) if shape.percent_encoded else parse_scalar(text, shape)


def _read_entry(entry: ET.Element, shape: Shape) -> tuple[str, Value]:
    """A key of a map and its value."""
    assert shape.key and shape.value
    sides = {element_name(child): child for child in entry}
    key, value = sides.get(shape.key.wire_name), sides.get(shape.value.wire_name)
    if key is None or value is None:
        raise WireError(f"an entry of the map {shape.name} has no {shape.key.wire_name} and {shape.value.wire_name}")
    return key.text or "", read_xml_value(value, shape.value.shape)


def read_unmodelled(element: ET.Element) -> Value:
    """The value of an element that has no shape."""
    if not len(element):
        return element.text or ""
    children: dict[str, list[Value]] = {}
    for child in element:
        children.setdefault(element_name(child), []).append(read_unmodelled(child))
    return {name: _single_or_list(values) for name, values in children.items()}


def _single_or_list(values: list[Value]) -> Value:
    return values[0] if len(values) == 1 else values


# --- writing: each function yields lines, indented by two spaces per level of `depth` ---------------------------


def write_xml_structure(members: Mapping[str, Value], shape: Shape | None, depth: int) -> Iterator[str]:
    """The elements of a structure's members; those in another place than the body, or in attributes, are left out.

    Raises WireError for a character that XML cannot represent.
    """
    for name, value in members.items():
        member = shape.members.get(name) if shape else None
        if value is None:
            continue
        if member is None:
            yield from _write_unmodelled(name, value, depth)
        elif member.location != "body" or member.xml_attribute:
            continue
        elif member.flattened and isinstance(value, list) and member.shape.member:
            for item in value:
                yield from write_xml_element(member.element_name, item, member.shape.member, depth)
        elif member.flattened and isinstance(value, dict) and member.shape.value:
            yield from _write_entries(member.wire_name, value, member.shape, depth, _attributes(None, member))
        else:
            yield from write_xml_element(member.wire_name, value, member, depth)


def write_xml_element(name: str, value: Value, member: Member, depth: int) -> Iterator[str]:
    """The element of a value, with its namespace and attributes. Flattening counts for what is in it only."""
    shape = member.shape
    attributes = _attributes(value, member) if member.xml_namespace or shape.by_attribute_name else ""
    match value:
        case dict() if shape.type == "structure":
            yield from write_parent(name, depth, write_xml_structure(value, shape, depth + 1), attributes)
        case list() if shape.member:
            yield from write_parent(name, depth, _write_items(value, shape.member, depth + 1), attributes)
        case dict() if shape.value:
            yield from write_parent(name, depth, _write_entries("entry", value, shape, depth + 1), attributes)
        case dict() | list():
            yield from _write_unmodelled(name, value, depth)
        case _:
            yield write_leaf(name, _scalar_text(value, shape), depth, attributes=attributes)


def _scalar_text(value: Value, shape: Shape) -> str:
    if isinstance(value, str):
        if shape.percent_encoded:
            return _percent_encode(value)
        if shape.type == "blob":
            return format_scalar(value.encode())
    if shape.type == "timestamp":
        value = format_timestamp(value, shape.timestamp_format or "iso8601")
    return value if isinstance(value, str) else format_scalar(value)


def _write_items(items: list[Value], member: Member, depth: int) -> Iterator[str]:
    for item in items:
        yield from write_xml_element(member.wire_name, item, member, depth)


def _attributes(value: Value, member: Member) -> str:
    """The attributes in the start tag of a member: its namespace, and members that are attributes."""
    uri, prefix = member.xml_namespace or ("", "")
    namespace = _format_attributes({f"xmlns:{prefix}" if prefix else "xmlns": uri} if uri else {})
    return namespace + (structure_attributes(value, member.shape) if isinstance(value, dict) else "")


def _holds_other_character(text: str) -> bool:
    """Whether a text has a character that XML cannot represent. What is printable is a character of XML, too."""
    return not text.isprintable() and _NOT_XML.search(text) is not None


def structure_attributes(value: Mapping[str, Value], shape: Shape) -> str:
    """The attributes in the start tag of a structure: the members that are attributes."""
    known = shape.by_attribute_name.values()
    return _format_attributes(
        {each.wire_name: format_scalar(value[name]) for name, each in known if value.get(name) is not None}
    )


def _format_attributes(texts: Mapping[str, str]) -> str:
    for name, text in texts.items():
        if _holds_other_character(text):
            raise WireError(_NO_CHARACTER.format(name))
    return "".join(f' {name}="{_escape_attribute(text)}"' for name, text in texts.items())


# Those of xml.sax.saxutils would import urllib.request, which takes as long as the rest of a protocol.


def _escape(text: str) -> str:
    """The text of an element. A bare carriage return would be read as a newline."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _escape_attribute(text: str) -> str:
    """The value of an attribute, in double quotes. White space in it would be read as blanks."""
    return _escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def _percent_encode(text: str) -> str:
    """The text as IAM percent-encodes documents. It is several times as fast as `quote`."""
    return text.encode().decode("latin-1").translate(_PERCENT_ENCODED)


def _write_entries(
    name: str, value: Mapping[str, Value], shape: Shape, depth: int, attributes: str = ""
) -> Iterator[str]:
    """The elements of a map's entries, each called `name`."""
    key_side, value_side = shape.key, shape.value
    assert key_side and value_side
    for key, item in value.items():
        pair = [
            *write_xml_element(key_side.wire_name, key, key_side, depth + 1),
            *write_xml_element(value_side.wire_name, item, value_side, depth + 1),
        ]
        yield from write_parent(name, depth, pair, attributes)


def _write_unmodelled(name: str, value: Value, depth: int) -> Iterator[str]:
    """An element that has no shape, as `read_unmodelled` keeps it; a null is no element."""
    if not _ELEMENT_NAME.fullmatch(name):
        raise WireError("a member that the service model doesn't know has a name that XML can't represent")
    match value:
        case None:
            return
        case list():
            for item in value:
                yield from _write_unmodelled(name, item, depth)
        case dict():
            lines = (line for key, item in value.items() for line in _write_unmodelled(key, item, depth + 1))
            yield from write_parent(name, depth, lines)
        case _:
            yield write_leaf(name, format_scalar(value), depth, "a member that the service model doesn't know")


def write_parent(name: str, depth: int, children: Iterable[str], attributes: str = "") -> Iterator[str]:
    """An element with the lines of its children, or an empty element. attributes: as in the start tag, or empty."""
    indent = "  " * depth
    inner = list(children)
    if not inner:
        yield f"{indent}<{name}{attributes}/>"
        return
    yield f"{indent}<{name}{attributes}>"
    yield from inner
    yield f"{indent}</{name}>"


def write_leaf(name: str, text: str, depth: int, safe_name: str = "", attributes: str = "") -> str:
    """The line of an element with text.

    safe_name: how an error names the element, if its name is data. Raises WireError for a character that XML cannot
    represent.
    """
    if _holds_other_character(text):
        raise WireError(_NO_CHARACTER.format(safe_name or name))
    indent = "  " * depth
    if not text:
        return f"{indent}<{name}{attributes}/>"
    return f"{indent}<{name}{attributes}>{_escape(text)}</{name}>"
