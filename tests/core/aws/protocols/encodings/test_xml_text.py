"""XML text of every trait that a service model can give to a member, read and written again."""

from __future__ import annotations

import sys

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.aws.model import Member, Shape, Value
from awstape.core.aws.protocols.encodings.xml_text import (
    parse_xml,
    read_xml_structure,
    write_leaf,
    write_parent,
    write_xml_element,
    write_xml_structure,
)
from awstape.core.aws.wire import WireError
from support.small_models import SmallModel, reference, structure

XSI = "http://www.w3.org/2001/XMLSchema-instance"
SHAPES = {
    "Names": {"type": "list", "member": {"shape": "string"}},
    "Items": {"type": "list", "member": reference("string", locationName="item")},
    "NamesOfNames": {"type": "list", "member": {"shape": "Names"}},
    "Map": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "integer"}},
    "NamedMap": {
        "type": "map",
        "key": reference("string", locationName="K"),
        "value": reference("Names", locationName="V"),
    },
    "HttpDate": {"type": "timestamp", "timestampFormat": "rfc822"},
    "Epoch": {"type": "timestamp", "timestampFormat": "unixTimestamp"},
    "Grantee": {
        "type": "structure",
        "members": {
            "ID": {"shape": "string"},
            "Type": {"shape": "string", "locationName": "xsi:type", "xmlAttribute": True},
        },
        "xmlNamespace": {"prefix": "xsi", "uri": XSI},
    },
    "Grants": {"type": "list", "member": reference("Grantee", locationName="Grant")},
    "Node": structure(Name="string", Node="Node"),
}

#: Member (with traits), text, value.
CASES: dict[str, tuple[dict[str, object], str, Value]] = {
    "a list": (reference("Names"), "<X><member>a</member><member>b</member></X>", ["a", "b"]),
    "an empty list": (reference("Names"), "<X/>", []),
    "a list of lists": (reference("NamesOfNames"), "<X><member><member>a</member></member><member/></X>", [["a"], []]),
    "a list with named items": (reference("Items"), "<X><item>a</item></X>", ["a"]),
    "a renamed list": (reference("Items", locationName="y"), "<y><item>a</item></y>", ["a"]),
    "a flattened list": (reference("Names", flattened=True), "<X>a</X><X/>", ["a", ""]),
    "a renamed flattened list": (reference("Names", flattened=True, locationName="y"), "<y>a</y>", ["a"]),
    "a flattened list with named items": (reference("Items", flattened=True), "<item>a</item><item/>", ["a", ""]),
    "a map": (reference("Map"), "<X><entry><key>a</key><value>1</value></entry></X>", {"a": 1}),
    "a map with named sides": (
        reference("NamedMap"),
        "<X><entry><K>a</K><V><member>b</member></V></entry></X>",
        {"a": ["b"]},
    ),
    "a flattened map": (
        reference("Map", flattened=True),
        "<X><key>a</key><value>1</value></X><X><key>b</key><value>2</value></X>",
        {"a": 1, "b": 2},
    ),
    "a renamed flattened map": (
        reference("NamedMap", flattened=True, locationName="KVP"),
        "<KVP><K>a</K><V/></KVP>",
        {"a": []},
    ),
    "a number": (reference("integer"), "<X>-7</X>", -7),
    "a fraction": (reference("double"), "<X>0.25</X>", 0.25),
    "a whole double": (reference("double"), "<X>10</X>", 10),
    "a small double": (reference("double"), "<X>1e-05</X>", 1e-05),
    "no number": (reference("float"), "<X>NaN</X>", "NaN"),
    "infinity": (reference("double"), "<X>-Infinity</X>", "-Infinity"),
    "a boolean": (reference("boolean"), "<X>true</X>", True),
    "a blob": (reference("blob"), "<X>dmFsdWU=</X>", "value"),
    "a blob of bytes": (reference("blob"), "<X>/w==</X>", b"\xff"),
    "a timestamp": (reference("timestamp"), "<X>2014-04-29T18:30:38Z</X>", "2014-04-29T18:30:38Z"),
    "a timestamp with an offset": (
        reference("timestamp"),
        "<X>2019-12-16T22:48:18-01:00</X>",
        "2019-12-16T22:48:18-01:00",
    ),
    "an HTTP date": (reference("HttpDate"), "<X>Tue, 29 Apr 2014 18:30:38 GMT</X>", "Tue, 29 Apr 2014 18:30:38 GMT"),
    "an attribute": (
        reference("Grantee"),
        f'<X xmlns:xsi="{XSI}" xsi:type="CanonicalUser"><ID>a</ID></X>',
        {"Type": "CanonicalUser", "ID": "a"},
    ),
    "only an attribute": (
        reference("Grantee"),
        f'<X xmlns:xsi="{XSI}" xsi:type="Group &lt;&amp;&gt;"/>',
        {"Type": "Group <&>"},
    ),
    "attributes in a list": (
        reference("Grants"),
        f'<X><Grant xmlns:xsi="{XSI}" xsi:type="a"/><Grant xmlns:xsi="{XSI}"/></X>',
        [{"Type": "a"}, {}],
    ),
    "a namespace": (reference("string", xmlNamespace={"uri": "urn:z"}), '<X xmlns="urn:z">a</X>', "a"),
    "a namespace with a prefix": (
        reference("Names", xmlNamespace={"uri": "http://z.example", "prefix": "z"}),
        '<X xmlns:z="http://z.example"><member>a</member></X>',
        ["a"],
    ),
    "a namespace on a flattened map": (
        reference("Map", flattened=True, xmlNamespace={"uri": "http://z.example"}),
        '<X xmlns="http://z.example"><key>a</key><value>1</value></X>',
        {"a": 1},
    ),
    "a structure in itself": (
        reference("Node"),
        "<X><Node><Node/><Name>a</Name></Node></X>",
        {"Node": {"Node": {}, "Name": "a"}},
    ),
}  # fmt: skip


def output_shape(member: object) -> Shape:
    shape = SmallModel("query", {**SHAPES, "Output": structure(X=member)}).operation.output
    assert shape
    return shape


def lines_as_one(lines: list[str]) -> str:
    return "".join(line.strip() for line in lines)


@pytest.mark.parametrize(("member", "text", "value"), CASES.values(), ids=CASES)
def test_a_member_is_read_and_written(member: object, text: str, value: Value) -> None:
    shape = output_shape(member)
    assert read_xml_structure(parse_xml(f"<Z>{text}</Z>".encode()), shape) == {"X": value}
    assert lines_as_one(list(write_xml_structure({"X": value}, shape, 0))) == text


def test_lines_are_indented() -> None:
    lines = write_xml_structure({"X": {"a": ["b"]}}, output_shape(reference("NamedMap")), 1)
    assert [(len(line) - len(line.lstrip()), line.strip()) for line in lines] == [
        (2, "<X>"),
        (4, "<entry>"),
        (6, "<K>a</K>"),
        (6, "<V>"),
        (8, "<member>b</member>"),
        (6, "</V>"),
        (4, "</entry>"),
        (2, "</X>"),
    ]


def test_an_empty_flattened_list_or_map_is_nowhere() -> None:
    for shape, value in (("Names", []), ("Map", {})):
        assert list(write_xml_structure({"X": value}, output_shape(reference(shape, flattened=True)), 0)) == []


@pytest.mark.parametrize("name", ["member", "item", "X", "zother"])
def test_the_items_of_a_list_may_have_any_name(name: str) -> None:
    element = parse_xml(f"<Z><X><{name}>a</{name}></X></Z>".encode())
    assert read_xml_structure(element, output_shape(reference("Items"))) == {"X": ["a"]}


def test_a_flattened_list_with_named_items_may_have_its_own_name() -> None:
    """By Smithy's `xmlFlattened` the name of the items does not count."""
    shape = output_shape(reference("Items", flattened=True, locationName="y"))
    assert read_xml_structure(parse_xml(b"<Z><y>a</y><y>b</y></Z>"), shape) == {"X": ["a", "b"]}


@pytest.mark.parametrize("text", ["2014-04-29T18:30:38Z", "1398796238", "Tue, 29 Apr 2014 18:30:38 GMT"])
def test_a_timestamp_of_any_format_is_written_in_that_of_its_shape(text: str) -> None:
    for shape, written in (
        ("timestamp", "2014-04-29T18:30:38Z"),
        ("HttpDate", "Tue, 29 Apr 2014 18:30:38 GMT"),
        ("Epoch", "1398796238"),
    ):
        assert (
            lines_as_one(list(write_xml_structure({"X": text}, output_shape(reference(shape)), 0)))
            == f"<X>{written}</X>"
        )


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.0E-5", 1e-05), ("10.0", 10.0), ("+1", 1.0), ("007", 7.0), (".5", 0.5), ("1e999", "1e999"), ("0x1", "0x1")],
)
def test_a_double_is_a_number_in_any_spelling(text: str, value: Value) -> None:
    read = read_xml_structure(parse_xml(f"<Z><X>{text}</X></Z>".encode()), output_shape(reference("double")))["X"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("007", 7),
        ("+7", 7),
        ("-0", 0),
        ("011122223333", "011122223333"),
        ("7.0", "7.0"),
        ("", ""),
    ],
)
def test_an_integer_is_a_number_unless_it_may_be_an_account(text: str, value: Value) -> None:
    read = read_xml_structure(parse_xml(f"<Z><X>{text}</X></Z>".encode()), output_shape(reference("integer")))["X"]
    assert read == value
    assert type(read) is type(value)


def test_a_name_of_the_model_counts_only_as_it_is_on_the_wire() -> None:
    shape = output_shape(reference("string", locationName="y"))
    assert read_xml_structure(parse_xml(b"<Z><X>a</X><y>b</y><zNew>c</zNew></Z>"), shape) == {"X": "b", "zNew": "c"}
    assert read_xml_structure(parse_xml(b'<Z X="a" y="a" zNew="a"/>'), shape) == {}


def test_members_in_another_place_are_neither_read_nor_written() -> None:
    shape = output_shape(reference("string", location="header", locationName="x-z"))
    assert list(write_xml_structure({"X": "a"}, shape, 0)) == []
    assert read_xml_structure(parse_xml(b"<Z><X>a</X></Z>"), shape) == {}


def test_a_payload_is_the_root() -> None:
    shape = output_shape(reference("Grantee", locationName="AccessControl"))
    lines = write_xml_element("AccessControl", {"ID": "a", "Type": "b"}, shape.members["X"], 0)
    assert lines_as_one(list(lines)) == f'<AccessControl xmlns:xsi="{XSI}" xsi:type="b"><ID>a</ID></AccessControl>'
    assert list(write_parent("R", 0, [], ' xmlns="u"')) == ['<R xmlns="u"/>']


@pytest.mark.parametrize("name", ["", "a b", "$a", "1", "a:b", "<a", "-"])
def test_a_member_with_a_name_that_no_element_has_is_refused(name: str) -> None:
    with pytest.raises(WireError, match="has a name that XML can't represent"):
        list(write_xml_structure({name: "x"}, None, 0))


def test_a_character_that_xml_has_not_is_refused_in_an_attribute() -> None:
    with pytest.raises(WireError, match="xsi:type holds a character"):
        list(write_xml_structure({"X": {"Type": "\x00"}}, output_shape(reference("Grantee")), 0))


def test_every_character_that_xml_has_not_is_refused() -> None:
    for code in range(sys.maxunicode + 1):
        is_xml = code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
        if not is_xml:
            with pytest.raises(WireError):
                write_leaf("X", f"a{chr(code)}", 0)
        elif not chr(code).isprintable():
            write_leaf("X", f"a{chr(code)}", 0)


def test_the_prefix_of_each_attribute_of_the_models_is_declared() -> None:
    """Else the text that is written would not be XML."""
    for service in load_models(("s3", "s3control", "route53", "cloudfront", "ec2", "sns")).recognised:
        seen: set[Shape] = set()
        for member in [m for operation in service.operations.values() for m in below(operation.output, seen)]:
            prefixes = {m.wire_name.rpartition(":")[0] for _, m in member.shape.by_attribute_name.values()}
            assert prefixes - {""} <= {member.xml_namespace[1] if member.xml_namespace else ""}


def below(shape: Shape | None, seen: set[Shape]) -> list[Member]:
    """All members below a shape."""
    if shape is None or shape in seen:
        return []
    seen.add(shape)
    members = [m for m in (*shape.members.values(), shape.member, shape.key, shape.value) if m]
    return members + [deeper for m in members for deeper in below(m.shape, seen)]
