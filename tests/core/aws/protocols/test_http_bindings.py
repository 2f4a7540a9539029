"""Members in path, query string, headers and status by hand, and which operation a request is for.

The cases follow Smithy's documentation of HTTP bindings; models and texts are made up, botocore is the judge.
"""

from __future__ import annotations

from typing import Any

import pytest

from awstape.catalog.service_models import build_service, load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.aws.protocols.dispatch import find_operation, read_request, read_response, write_response
from awstape.core.aws.protocols.http_bindings import MAX_PAYLOAD
from awstape.core.aws.wire import Request, Response, WireError
from support.small_models import HOST, SmallModel, reference, structure

SHAPES: dict[str, Any] = {
    "Names": {"type": "list", "member": {"shape": "string"}},
    "Times": {"type": "list", "member": {"shape": "timestamp"}},
    "Map": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "string"}},
    "MapOfLists": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "Names"}},
    "IsoTime": {"type": "timestamp", "timestampFormat": "iso8601"},
    "InHeader": {"type": "string", "location": "header", "locationName": "X-By-Shape"},
}


def header(shape: str, name: str, **traits: Any) -> dict[str, Any]:
    return reference(shape, location="header", locationName=name, **traits)


def query(shape: str, name: str, **traits: Any) -> dict[str, Any]:
    return reference(shape, location="querystring", locationName=name, **traits)


BOUND = SmallModel(
    "rest-json",
    {
        **SHAPES,
        "Input": structure(
            Id=reference("string", location="uri", locationName="the-id"),
            Path=reference("string", location="uri", locationName="Path"),
            Flag=query("boolean", "flag"),
            When=query("timestamp", "when"),
            Seconds=query("timestamp", "seconds", timestampFormat="unixTimestamp"),
            Tags=query("Names", "tag"),
            Others=reference("MapOfLists", location="querystring"),
            Since=header("timestamp", "X-Since"),
            SinceIso=header("IsoTime", "X-Since-Iso"),
            Items=header("Names", "X-Items"),
            Number=header("integer", "X-Number"),
            Json=header("string", "X-Json", jsonvalue=True),
            Meta=reference("Map", location="headers", locationName="x-meta-"),
            Text="string",
        ),
        "Output": structure(
            Status=reference("integer", location="statusCode"),
            Since=header("timestamp", "X-Since"),
            SinceIso=header("IsoTime", "X-Since-Iso"),
            Times=header("Times", "X-Times"),
            Items=header("Names", "X-Items"),
            Number=header("integer", "X-Number"),
            Flag=header("boolean", "X-Flag"),
            Json=header("string", "X-Json", jsonvalue=True),
            Meta=reference("Map", location="headers", locationName="x-meta-"),
            ByShape="InHeader",
            Text="string",
        ),
    },
    uri="/things/{the-id}/at/{Path+}?mode=fast",
)
INPUT: dict[str, Value] = {
    "Id": "a/b c+é",
    "Path": "x/y z//é",
    "Flag": True,
    "When": "2026-01-02T03:04:05Z",
    "Seconds": "1767323045",
    "Tags": ["p&q", "r"],
    "Others": {"o": ["1", "2"], "p": ["3"]},
    "Since": "Fri, 02 Jan 2026 03:04:05 GMT",
    "SinceIso": "2026-01-02T03:04:05Z",
    "Items": ["a", "b"],
    "Number": 7,
    "Json": '{"a":[1,"x"]}',
    "Meta": {"owner": "zme", "Two": "2"},
    "Text": "é",
}


def test_a_request_of_botocore_is_read_from_all_its_places() -> None:
    request = BOUND.request({**INPUT, "Json": {"a": [1, "x"]}})
    assert read_request(BOUND.service, request)[1] == INPUT


def test_a_request_by_hand_is_read_from_all_its_places() -> None:
    headers = (
        ("x-since", "Fri, 02 Jan 2026 03:04:05 GMT"),
        ("X-ITEMS", ' a, "b, \\"c\\"" ,d'),
        ("x-items", "e"),
        ("X-Meta-Owner", "zme"),
        ("X-Json", "eyJhIjoxfQ=="),
    )
    request = Request("POST", HOST, "/things/1%2F2/at/x/y%20z", "mode=fast&tag=1&tag=2&o=1", headers, b"")
    assert read_request(BOUND.service, request)[1] == {
        "Id": "1/2",
        "Path": "x/y z",
        "Tags": ["1", "2"],
        "Others": {"o": ["1"]},
        "Since": "Fri, 02 Jan 2026 03:04:05 GMT",
        "Items": ["a", 'b, "c"', "d", "e"],
        "Json": '{"a":1}',
        "Meta": {"Owner": "zme"},
    }


OUTPUT: dict[str, Value] = {
    "Status": 202,
    "Since": "Fri, 02 Jan 2026 03:04:05 GMT",
    "SinceIso": "2026-01-02T03:04:05Z",
    "Items": ["a", "b"],
    "Number": -7,
    "Flag": False,
    "Json": '{"a":[1,"x"]}',
    "Meta": {"Owner": "zme"},
    "ByShape": "s",
}


def test_an_output_is_in_status_and_headers() -> None:
    response = write_response(BOUND.operation, Answer(OUTPUT), "request-id")
    assert (response.status, response.body) == (202, b"{}")
    assert {name: response.header(name) for name in ("X-Since", "X-Items", "X-Flag", "X-Json", "x-meta-Owner")} == {
        "X-Since": "Fri, 02 Jan 2026 03:04:05 GMT",
        "X-Items": "a,b",
        "X-Flag": "false",
        "X-Json": "eyJhIjpbMSwieCJdfQ==",
        "x-meta-Owner": "zme",
    }
    assert read_response(BOUND.operation, response) == Answer(OUTPUT)
    parsed = BOUND.parse(response)
    assert (parsed["Status"], parsed["Json"], parsed["Meta"]) == (202, {"a": [1, "x"]}, {"Owner": "zme"})


def test_a_time_of_another_format_is_written_in_that_of_the_header() -> None:
    output: dict[str, Value] = {"Since": "2026-01-02T03:04:05Z", "SinceIso": "Fri, 02 Jan 2026 03:04:05 GMT"}
    response = write_response(BOUND.operation, Answer(output), "request-id")
    assert response.header("x-since") == "Fri, 02 Jan 2026 03:04:05 GMT"
    assert response.header("x-since-iso") == "2026-01-02T03:04:05Z"


def test_http_dates_and_quoted_items_in_a_list() -> None:
    dates: list[Value] = ["Fri, 02 Jan 2026 03:04:05 GMT", "Sat, 03 Jan 2026 03:04:05 GMT"]
    output: dict[str, Value] = {"Status": 200, "Times": dates, "Items": ['a,"b', "c\\d,", "e"]}
    response = write_response(BOUND.operation, Answer(output), "request-id")
    assert response.header("x-times") == "Fri, 02 Jan 2026 03:04:05 GMT,Sat, 03 Jan 2026 03:04:05 GMT"
    assert response.header("x-items") == '"a,\\"b","c\\\\d,",e'
    assert read_response(BOUND.operation, response).output == output


def test_an_empty_header_is_an_empty_list() -> None:
    request = BOUND.request({"Id": "1", "Path": "p", "Number": 7})
    headers = (*request.headers, ("X-Items", ""))
    request = Request("POST", HOST, request.path, request.query, headers, request.body)
    assert read_request(BOUND.service, request)[1] == {"Id": "1", "Path": "p", "Items": [], "Number": 7}
    response = Response(200, (("x-items", ""),), b"{}")
    answer = read_response(BOUND.operation, response)
    assert answer.output == {"Status": 200, "Items": []}
    assert BOUND.parse(write_response(BOUND.operation, answer, "request-id"))["Items"] == BOUND.parse(response)["Items"]


def test_a_header_that_two_maps_hold_is_written_once() -> None:
    maps = structure(
        All=reference("Map", location="headers", locationName=""),
        Meta=reference("Map", location="headers", locationName="x-meta-"),
    )
    model = SmallModel("rest-json", {**SHAPES, "Output": maps})
    read = read_response(model.operation, Response(200, (("X-Meta-Owner", "zme"), ("x-meta-size", "7")), b"{}"))
    expected = {"All": {"X-Meta-Owner": "zme", "x-meta-size": "7"}, "Meta": {"Owner": "zme", "size": "7"}}
    assert read.output == expected
    written = write_response(model.operation, read, "request-id")
    assert [name for name, _ in written.headers if name.lower().startswith("x-meta-")] == [
        "X-Meta-Owner",
        "x-meta-size",
    ]


def test_an_output_has_members_of_path_and_query_string_in_its_body() -> None:
    both = structure(Id=reference("string", location="uri", locationName="Id"), Size=query("integer", "size"))
    model = SmallModel("rest-json", {"Input": both, "Output": both}, uri="/things/{Id}")
    assert read_request(model.service, model.request({"Id": "1", "Size": 2}))[1] == {"Id": "1", "Size": 2}
    response = Response(200, (), b'{"Id":"1","size":2}')
    answer = read_response(model.operation, response)
    assert answer == Answer({"Id": "1", "Size": 2})
    assert model.parse(write_response(model.operation, answer, "request-id")) == model.parse(response) == answer.output


# --- payloads -----------------------------------------------------------------------------------------------------


def payload(shape: str, **shapes: Any) -> SmallModel:
    fields = {**structure(Body=shape, Kind=header("string", "Content-Type")), "payload": "Body"}
    return SmallModel("rest-json", {"Inner": structure(A="string"), "Input": fields, "Output": fields, **shapes})


@pytest.mark.parametrize(
    ("value", "body"), [("té", "té".encode()), (b"\xff", b"\xff"), ("", b""), ('{"a":1}', b'{"a":1}')]
)
def test_a_blob_is_the_body_as_it_is(value: Value, body: bytes) -> None:
    model = payload("blob")
    response = write_response(model.operation, Answer({"Body": value}), "request-id")
    assert (response.body, response.header("content-type")) == (body, None)
    assert read_response(model.operation, response).output == {"Body": value}
    request = Request("POST", HOST, "/", "", (("Content-Type", "text/x"),), body)
    assert read_request(model.service, request)[1] == ({"Body": value} if body else {}) | {"Kind": "text/x"}


def test_a_string_that_is_the_body_is_utf_8() -> None:
    with pytest.raises(WireError, match="UTF-8"):
        read_response(payload("string").operation, Response(200, (), b"\xff"))


@pytest.mark.parametrize(("value", "body"), [({"A": "x"}, b'{"A":"x"}'), ({}, b"{}"), (None, b"")])
def test_a_structure_is_the_body(value: Value, body: bytes) -> None:
    model = payload("Inner")
    output: dict[str, Value] = {} if value is None else {"Body": value}
    response = write_response(model.operation, Answer(output), "request-id")
    assert response.body == body
    assert read_response(model.operation, response) == Answer(output)


@pytest.mark.parametrize(("value", "body"), [([1, None], b"[1,null]"), ("x", b'"x"'), ({"a": {}}, b'{"a":{}}')])
def test_a_document_is_the_body(value: Value, body: bytes) -> None:
    model = payload("Any", Any={"type": "structure", "members": {}, "document": True})
    response = write_response(model.operation, Answer({"Body": value}), "request-id")
    assert response.body == body
    assert read_response(model.operation, response) == Answer({"Body": value})


def test_an_operation_gives_the_payload_of_a_shape() -> None:
    model = SmallModel(
        "rest-json", {"Input": structure(Body="blob"), "Output": structure(Body="string", Rest="string")}
    )
    for side in ("input", "output"):
        model.data["operations"]["Run"][side]["payload"] = "Body"
    request = model.request({"Body": b"{"})
    assert request.body == b"{"
    assert read_request(model.service, request)[1] == {"Body": "{"}
    response = write_response(model.operation, Answer({"Body": "[a"}), "request-id")
    assert response.body == b"[a"
    assert read_response(model.operation, response) == Answer({"Body": "[a"})


def test_a_large_body_is_not_recorded() -> None:
    model = payload("blob")
    with pytest.raises(WireError, match="Run has a body above 1 MiB"):
        read_response(model.operation, Response(200, (), b"x" * (MAX_PAYLOAD + 1)))


def test_the_digest_of_a_large_body_stands_for_it_in_a_request() -> None:
    model = payload("blob")

    def read(body: bytes) -> Value:
        return next(iter(read_request(model.service, Request("POST", HOST, "/", "", (), body))[1].values()))

    large = b"x" * (MAX_PAYLOAD + 1)
    digest = read(large)
    assert isinstance(digest, bytes) and len(digest) == 32
    assert read(large) == digest != read(large + b"x")
    assert read(large[1:]) == "x" * MAX_PAYLOAD


def test_a_stream_of_events_is_not_recorded() -> None:
    events = {**structure(Part=reference("Part")), "eventstream": True}
    model = payload("Events", Events=events, Part={**structure(Bytes="blob"), "event": True})
    with pytest.raises(WireError, match="Run has a stream of events, which can't be recorded"):
        read_request(model.service, Request("POST", HOST, "/"))


# --- routes -------------------------------------------------------------------------------------------------------


def routes(*uris: str, method: str = "GET") -> Any:
    data = SmallModel("rest-json", {}).data
    data["operations"] = {uri: {"name": uri, "http": {"method": method, "requestUri": uri}} for uri in uris}
    return build_service("zservice", data, {})


@pytest.mark.parametrize(
    ("path", "query", "uri"),
    [
        ("/a/b", "", "/a/b"),
        ("/a/b/", "", "/a/b"),
        ("/a/c", "", "/a/{x}"),
        ("/a/c", "list", "/a/{x}?list"),
        ("/a/c", "list=&type=1", "/a/{x}?list"),
        ("/a/c", "list&type=2", "/a/{x}?list&type=2"),
        ("/a/c", "type=2", "/a/{x}"),
        ("/a/c/d", "", "/a/{x+}"),
        ("/a/c/d/tags", "", "/a/{x+}/tags"),
        ("/a/c/", "", "/a/{x}"),
        ("/e/", "", "/e/?op"),
        ("/", "", "/"),
    ],
)
def test_the_most_specific_route_is_meant(path: str, query: str, uri: str) -> None:
    uris = "/ /a/{x+} /a/{x} /a/{x}?list /a/{x}?list&type=2 /a/b /a/{x+}/tags /e /e/?op".split()
    found = find_operation(routes(*uris), Request("GET", HOST, path, "op" if uri.endswith("?op") else query))
    assert found
    assert found.name == uri


@pytest.mark.parametrize(
    ("method", "target", "headers", "name"),
    [
        ("PUT", "/b/k", (), "PutObject"),
        ("PUT", "/b/k", (("x-amz-copy-source", "c/k"),), "CopyObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", (), "UploadPart"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", (("X-Amz-Copy-Source", "c/k"),), "UploadPartCopy"),
        ("GET", "/b/k?uploadId=u", (), "ListParts"),
        ("GET", "/b/k/with/x%2Fy/", (), "GetObject"),
        ("GET", "/b/k?x-id=GetObject", (), "GetObject"),
        ("GET", "/b?list-type=2&prefix=p", (), "ListObjectsV2"),
        ("GET", "/b?prefix=p", (), "ListObjects"),
        ("GET", "/b/", (), "ListObjects"),
        ("GET", "/b?analytics", (), "ListBucketAnalyticsConfigurations"),
        ("GET", "/b?analytics&id=1", (), "GetBucketAnalyticsConfiguration"),
        ("GET", "/b?lifecycle", (), "GetBucketLifecycleConfiguration"),
        ("GET", "/", (), "ListBuckets"),
        ("GET", "/?x-id=ListDirectoryBuckets", (), "ListDirectoryBuckets"),
        ("DELETE", "/b/k", (), "DeleteObject"),
        ("DELETE", "/b/k?uploadId=u", (), "AbortMultipartUpload"),
        ("POST", "/b?delete", (), "DeleteObjects"),
        ("HEAD", "/b", (), "HeadBucket"),
    ],
)
def test_operations_of_s3_are_told_apart(method: str, target: str, headers: Any, name: str) -> None:
    path, _, query = target.partition("?")
    found = find_operation(load_models().services["s3"], Request(method, HOST, path, query, headers))
    assert found
    assert found.name == name
