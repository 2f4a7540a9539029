"""Values as XML text, as IAM reads and writes it.

1. Elements that are not in the service model are kept: an element with only text is a string, one with children a
   mapping, siblings of one name a list. They are written as they are kept.
2. IAM percent-encodes its policy documents on the wire; values hold them plain.
3. An XML document type is refused: no AWS response has one, and entities are an attack.
4. The text written is byte for byte that of AWS: no XML declaration, two-space indent, an empty list as `<Users/>`,
   policy documents percent-encoded by RFC 3986 in upper-case hex.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from awstape.core.aws.model import Member, Shape, Value
from awstape.core.aws.protocols.encodings.scalars import format_scalar, parse_scalar
from awstape.core.aws.wire import WireError, limit_problem

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PERCENT_ENCODED = {byte: quote(bytes([byte]), safe="-._~") for byte in range(256)}
#: The root, or a declaration of UTF-8 and the root. Any other beginning may be that of another encoding.
_BEGINS_IN_UTF8 = re.compile(
    rb"""(?:<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']utf-8["'])?\s*\?>\s*)?<[a-z][a-z0-9]""", re.IGNORECASE
)
_CARRIAGE_RETURN = {"\r": "&#13;"}


# --- reading ----------------------------------------------------------------------------------------------------


class _RefuseDoctype(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str, system: str) -> None:
        raise WireError("the XML body has a document type")


def parse_xml(body: bytes) -> ET.Element:
    """The root element of a body. Raises WireError if it is not XML, has a document type or is too large."""
    # Without a builder in Python, parsing takes half the time. In UTF-8 the bytes show a document type.
    is_plain = _BEGINS_IN_UTF8.match(body) and b"<!DOCTYPE" not in body
    parser = None if is_plain else ET.XMLParser(target=_RefuseDoctype())
    try:
        root: ET.Element = ET.fromstring(body, parser=parser)
    except (ET.ParseError, LookupError, ValueError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError("the body is not XML") from None
    if problem := limit_problem(root, iter):
        raise WireError(f"the body {problem}")
    return root


def element_name(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def read_xml_structure(element: ET.Element, shape: Shape | None) -> dict[str, Value]:
    """The members of a structure, under their AWS names, in the order of the elements."""
    known = shape.by_wire_name if shape else {}
    output: dict[str, Value] = {}
    unknown: dict[str, list[Value]] = {}
    for child in element:
        name, member = known.get(element_name(child), (element_name(child), None))
        if member is None:
            unknown.setdefault(name, []).append(read_unmodelled(child))
            output[name] = _single_or_list(unknown[name])
        elif member.flattened:
            items = output.setdefault(name, [])
            assert isinstance(items, list) and member.shape.member
            items.append(_read_value(child, member.shape.member.shape))
        else:
            output[name] = _read_value(child, member.shape)
    return output


def _read_value(element: ET.Element, shape: Shape) -> Value:
    if shape.type == "structure":
        return read_xml_structure(element, shape)
    if shape.type == "list":
        assert shape.member
        return [_read_value(child, shape.member.shape) for child in element]
    if shape.type == "map":
        return _read_map(element, shape)
    if len(element):
        return read_unmodelled(element)
    text = element.text or ""
    return unquote(text) if shape.percent_encoded else parse_scalar(text, shape)


def _read_map(element: ET.Element, shape: Shape) -> dict[str, Value]:
    assert shape.key and shape.value
    output: dict[str, Value] = {}
    for entry in element:
        sides = {element_name(child): child for child in entry}
        key, value = sides.get(shape.key.wire_name), sides.get(shape.value.wire_name)
        if key is None or value is None:
            raise WireError(
                f"an entry of the map {shape.name} has no {shape.key.wire_name} and {shape.value.wire_name}"
            )
        output[key.text or ""] = _read_value(value, shape.value.shape)
    return output


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
    """The elements of a structure's members. Raises WireError for a character that XML cannot represent."""
    for name, value in members.items():
        member = shape.members.get(name) if shape else None
        if value is None:
            continue
        if member is None:
            yield from _write_unmodelled(name, value, depth)
        elif member.flattened and isinstance(value, list) and member.shape.member:
            for item in value:
                yield from _write_value(member.wire_name, item, member.shape.member.shape, depth)
        else:
            yield from _write_value(member.wire_name, value, member.shape, depth)


def _write_value(name: str, value: Value, shape: Shape, depth: int) -> Iterator[str]:
    match value:
        case dict() if shape.type == "structure":
            yield from write_parent(name, depth, write_xml_structure(value, shape, depth + 1))
        case list() if shape.member:
            element = shape.member
            lines = (line for item in value for line in _write_value(element.wire_name, item, element.shape, depth + 1))
            yield from write_parent(name, depth, lines)
        case dict() if shape.key and shape.value:
            yield from write_parent(name, depth, _write_entries(value, shape.key, shape.value, depth + 1))
        case dict() | list():
            yield from _write_unmodelled(name, value, depth)
        case str() if shape.type == "blob":
            yield write_leaf(name, format_scalar(value.encode()), depth)
        case str() if shape.percent_encoded:
            yield write_leaf(name, _percent_encode(value), depth)
        case _:
            yield write_leaf(name, format_scalar(value), depth)


def _percent_encode(text: str) -> str:
    """The text as IAM percent-encodes documents. It is several times as fast as `quote`."""
    return text.encode().decode("latin-1").translate(_PERCENT_ENCODED)


def _write_entries(value: Mapping[str, Value], key_member: Member, value_member: Member, depth: int) -> Iterator[str]:
    for key, item in value.items():
        pair = [
            write_leaf(key_member.wire_name, key, depth + 1),
            *_write_value(value_member.wire_name, item, value_member.shape, depth + 1),
        ]
        yield from write_parent("entry", depth, pair)


def _write_unmodelled(name: str, value: Value, depth: int) -> Iterator[str]:
    """An element that has no shape, as `read_unmodelled` keeps it; a null is no element."""
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


def write_parent(name: str, depth: int, children: Iterator[str] | list[str]) -> Iterator[str]:
    """An element with the lines of its children, or an empty element."""
    indent = "  " * depth
    inner = list(children)
    if not inner:
        yield f"{indent}<{name}/>"
        return
    yield f"{indent}<{name}>"
    yield from inner
    yield f"{indent}</{name}>"


def write_leaf(name: str, text: str, depth: int, safe_name: str = "") -> str:
    """The line of an element with text.

    safe_name: how an error names the element, if its name is data. Raises WireError for a character that XML cannot
    represent.
    """
    if _NOT_XML.search(text):
        raise WireError(f"{safe_name or name} holds a character that XML can't represent")
    indent = "  " * depth
    # A bare carriage return would be read as a newline.
    return f"{indent}<{name}>{escape(text, _CARRIAGE_RETURN)}</{name}>" if text else f"{indent}<{name}/>"
