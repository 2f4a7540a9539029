"""The protocol rest-xml by hand: bodies of S3, Route 53 and CloudFront as in AWS's documentation, and errors."""

from __future__ import annotations

from typing import Any

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import output_misfits
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paging import next_token
from awstape.core.aws.protocols.dispatch import read_request, read_response, write_failure, write_response
from awstape.core.aws.wire import Request, Response
from support.small_models import SmallModel, reference, structure

SERVICES = load_models().services
S3, ROUTE53 = SERVICES["s3"], SERVICES["route53"]
S3_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
XML = (("Content-Type", "application/xml"),)


def operation(name: str, service: str = "s3") -> Operation:
    return SERVICES[service].operations[name]


def read(op: Operation, text: str, *headers: tuple[str, str], status: int = 200) -> dict[str, Value]:
    """The output in a response; encoding it again changes nothing for botocore."""
    response = Response(status, headers, text.encode())
    answer = read_response(op, response)
    assert answer.output is not None
    encoded = write_response(op, answer, "request-id")
    assert read_response(op, encoded) == answer
    assert parse_response(op, encoded) == parse_response(op, response)
    return answer.output


def test_a_page_of_objects() -> None:
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult {S3_XMLNS}><Name>zbucket</Name><Prefix/><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>
<IsTruncated>true</IsTruncated><NextContinuationToken>1ueGcxLPRx1Tr/XYEx==</NextContinuationToken>
<Contents><Key>a &amp; b</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e1&quot;</ETag>
<Size>11</Size><StorageClass>STANDARD</StorageClass></Contents>
<Contents><Key>c</Key></Contents><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>"""
    assert read(operation("ListObjectsV2"), text) == {
        "Name": "zbucket",
        "Prefix": "",
        "KeyCount": 2,
        "MaxKeys": 2,
        "IsTruncated": True,
        "NextContinuationToken": "1ueGcxLPRx1Tr/XYEx==",
        "Contents": [
            {
                "Key": "a & b",
                "LastModified": "2026-01-02T03:04:05.000Z",
                "ETag": '"e1"',
                "Size": 11,
                "StorageClass": "STANDARD",
            },
            {"Key": "c"},
        ],
        "CommonPrefixes": [{"Prefix": "p/"}],
    }


@pytest.mark.parametrize(
    ("name", "output", "root"),
    [
        ("ListBuckets", {"Buckets": []}, "ListAllMyBucketsResult"),
        ("ListObjectsV2", {"Name": "b"}, "ListBucketResult"),
        ("GetBucketTagging", {"TagSet": []}, "Tagging"),
        ("CopyObject", {"CopyObjectResult": {"ETag": "e"}}, "CopyObjectResult"),
        ("GetBucketEncryption", {"ServerSideEncryptionConfiguration": {}}, "ServerSideEncryptionConfiguration"),
    ],
)
def test_roots_have_the_names_that_aws_gives_them(name: str, output: dict[str, Value], root: str) -> None:
    response = write_response(operation(name), Answer(output), "request-id")
    assert f"<{root} {S3_XMLNS}" in response.body.decode()


def test_the_type_of_a_grantee_is_an_attribute() -> None:
    text = f"""<AccessControlPolicy {S3_XMLNS}><Owner><ID>zid</ID></Owner><AccessControlList><Grant>
<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>zid</ID></Grantee>
<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"""
    output = read(operation("GetBucketAcl"), text)
    grant: Value = {"Grantee": {"Type": "CanonicalUser", "ID": "zid"}, "Permission": "FULL_CONTROL"}
    assert output == {"Owner": {"ID": "zid"}, "Grants": [grant]}


@pytest.mark.parametrize(
    ("text", "output"),
    [("eu-west-1", {"LocationConstraint": "eu-west-1"}), ("EU", {"LocationConstraint": "EU"}), ("", {})],
)
def test_the_location_of_a_bucket_is_the_root(text: str, output: dict[str, Value]) -> None:
    assert read(operation("GetBucketLocation"), f"<LocationConstraint {S3_XMLNS}>{text}</LocationConstraint>") == output


def test_an_object_and_what_head_tells_of_it() -> None:
    headers = (
        ("Content-Length", "6"),
        ("Content-Type", "text/plain"),
        ("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT"),
        ("x-amz-meta-owner", "zme"),
        ("x-amz-request-id", "4442587FB7D0A2F9"),
    )
    about: dict[str, Value] = {
        "ContentLength": 6,
        "ContentType": "text/plain",
        "LastModified": "Fri, 02 Jan 2026 03:04:05 GMT",
        "Metadata": {"owner": "zme"},
    }
    assert read(operation("GetObject"), "zhello", *headers) == {"Body": "zhello"} | about
    assert read(operation("HeadObject"), "", *headers) == about
    told = write_response(operation("HeadObject"), Answer(about), "request-id")
    assert (told.body, told.header("content-length")) == (b"", "6")


def test_length_and_checksum_are_those_of_the_body_that_is_sent() -> None:
    output: dict[str, Value] = {"Body": "123456789", "ContentLength": 3, "ChecksumCRC32": "AAAAAA=="}
    response = write_response(operation("GetObject"), Answer(output), "request-id")
    assert response.header("content-length") == "9"
    assert response.header("x-amz-checksum-crc32") == "y/Q5Jg=="


def test_a_part_of_an_object_has_the_status_of_one() -> None:
    output = read(operation("GetObject"), "lo", ("Content-Range", "bytes 3-4/5"), status=206)
    assert write_response(operation("GetObject"), Answer(output), "request-id").status == 206


def test_statuses_of_the_model_have_no_body() -> None:
    response = write_response(operation("DeleteObject"), Answer({"VersionId": "v"}), "request-id")
    assert (response.status, response.body, response.header("x-amz-version-id")) == (204, b"", "v")


# --- requests -----------------------------------------------------------------------------------------------------


def called(method: str, path: str, query: str = "", body: bytes = b"", headers: Any = (), service: Any = S3) -> Any:
    op, input_, protocol = read_request(service, Request(method, "localhost", path, query, headers, body))
    assert protocol == "rest-xml"
    return op.name, input_


def test_a_payload_and_flattened_lists_in_a_request() -> None:
    body = f"""<Delete {S3_XMLNS}><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object>
<Quiet>true</Quiet></Delete>""".encode()
    checksums = (("Content-MD5", "zzz=="), ("x-amz-sdk-checksum-algorithm", "CRC32"), ("x-amz-checksum-crc32", "zz=="))
    objects: Value = [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]
    expected = {"Bucket": "zb", "Delete": {"Objects": objects, "Quiet": True}}
    assert called("POST", "/zb", "delete", body, checksums) == ("DeleteObjects", expected)


def test_the_checksum_of_an_object_in_parts_is_no_checksum_of_the_request() -> None:
    headers = (("x-amz-checksum-crc32", "zz=="),)
    name, input_ = called("POST", "/zb/k", "uploadId=u", b"<CompleteMultipartUpload/>", headers)
    assert name == "CompleteMultipartUpload"
    assert input_["ChecksumCRC32"] == "zz=="


def test_a_request_without_payload_has_a_root_as_well() -> None:
    body = b"""<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>z.example</Name>
<CallerReference>r</CallerReference><HostedZoneConfig><PrivateZone>false</PrivateZone></HostedZoneConfig>
</CreateHostedZoneRequest>"""
    assert called("POST", "/2013-04-01/hostedzone", "", body, service=ROUTE53) == (
        "CreateHostedZone",
        {"Name": "z.example", "CallerReference": "r", "HostedZoneConfig": {"PrivateZone": False}},
    )


# --- errors -------------------------------------------------------------------------------------------------------


def failed(op: Operation, response: Response) -> Failure:
    """The error in a response; encoding it again changes nothing for botocore."""
    answer = read_response(op, response)
    assert answer.error
    encoded = write_response(op, answer, "request-id")
    assert read_response(op, encoded) == answer
    assert parse_response(op, encoded) == parse_response(op, response)
    return answer.error


def test_an_error_of_s3_is_the_root() -> None:
    text = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message><Key>zk</Key>
<RequestId>4442587FB7D0A2F9</RequestId><HostId>zz==</HostId></Error>"""
    error = failed(operation("GetObject"), Response(404, XML, text))
    assert error == Failure(404, "NoSuchKey", "The key does not exist.", {"Key": "zk"})


NODE = structure(Text="string", Kind=reference("string", xmlAttribute=True, locationName="kind"))


@pytest.mark.parametrize("payload", [False, True])
def test_members_of_a_root_are_attributes(*, payload: bool) -> None:
    output = {**structure(Body="Node"), "payload": "Body"} if payload else NODE
    model = SmallModel("rest-xml", {"Node": NODE, "Output": output})
    response = Response(200, XML, b'<Any kind="a &quot;b&quot;"><Text>t</Text></Any>')
    answer = read_response(model.operation, response)
    node: Value = {"Kind": 'a "b"', "Text": "t"}
    assert answer.output == ({"Body": node} if payload else node)
    written = write_response(model.operation, answer, "request-id")
    assert read_response(model.operation, written) == answer
    assert model.parse(written) == model.parse(response)


def test_a_request_may_have_a_name_without_a_namespace() -> None:
    model = SmallModel("rest-xml", {"Input": structure(Text="string")})
    model.data["operations"]["Run"]["input"]["locationName"] = "RunRequest"
    request = model.request({"Text": "t"})
    assert request.body == b"<RunRequest><Text>t</Text></RunRequest>"
    assert read_request(model.service, request)[1] == {"Text": "t"}


def test_members_of_an_error_have_their_types() -> None:
    text = b"<Error><Code>InvalidObjectState</Code><Message>m</Message><StorageClass>GLACIER</StorageClass></Error>"
    error = failed(operation("GetObject"), Response(403, XML, text))
    assert error.members == {"StorageClass": "GLACIER"}


def test_an_error_of_other_services_is_within_a_response() -> None:
    text = b"""<?xml version="1.0"?>
<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code>
<Message>No hosted zone found with ID: Z1</Message></Error><RequestId>b25f48e8-84fd</RequestId></ErrorResponse>"""
    error = failed(operation("GetHostedZone", "route53"), Response(404, XML, text))
    expected = {"Type": "Sender"}
    assert error == Failure(404, "NoSuchHostedZone", "No hosted zone found with ID: Z1", dict(expected))
    assert b"<ErrorResponse xmlns=" in write_failure(ROUTE53, error, "request-id").body


@pytest.mark.parametrize("status", [304, 403, 404, 412])
def test_an_error_without_a_body_is_a_status(status: int) -> None:
    assert failed(operation("HeadObject"), Response(status)) == Failure(status)


def test_the_region_to_which_a_client_has_to_turn_is_kept() -> None:
    response = Response(301, (("x-amz-bucket-region", "eu-west-1"),))
    error = failed(operation("HeadBucket"), response)
    assert error == Failure(301, members={"x-amz-bucket-region": "eu-west-1"})
    assert write_failure(S3, error, "request-id").header("x-amz-bucket-region") == "eu-west-1"


def test_an_error_that_came_too_late_for_its_status() -> None:
    text = b'<?xml version="1.0"?>\n\n<Error><Code>InternalError</Code><Message>Try again.</Message></Error>'
    answer = read_response(operation("CopyObject"), Response(200, XML, b"  " + text))
    assert answer == Answer(error=Failure(500, "InternalError", "Try again."))


def test_ids_are_in_the_headers_that_clients_read() -> None:
    s3 = write_response(operation("ListBuckets"), Answer({}), "request-id")
    assert (s3.header("x-amz-request-id"), bool(s3.header("x-amz-id-2"))) == ("request-id", True)
    route53 = write_response(operation("ListHostedZones", "route53"), Answer({}), "request-id")
    assert route53.header("x-amzn-requestid") == "request-id"


ODD_SCALARS = {
    "a boolean with a capital": ("IsTruncated", "True", "True"),
    "a boolean that is a number": ("IsTruncated", "0", "0"),
    "an empty boolean": ("IsTruncated", "", ""),
    "a number in white space": ("MaxKeys", " 7\n", 7),
    "a number with zeros before it": ("MaxKeys", "007", 7),
    "a string in white space": ("Name", " a ", " a "),
    "a string in sections": ("Name", "a<![CDATA[&b]]>c", "a&bc"),
    "a string with a comment in it": ("Name", "a<!-- x -->b", "ab"),
    "a value of an enum that is new": ("EncodingType", "zip", "zip"),
}


@pytest.mark.parametrize(("name", "text", "value"), ODD_SCALARS.values(), ids=ODD_SCALARS)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "with a byte order mark"])
def test_scalars_in_odd_spellings(name: str, text: str, value: Value, mark: str) -> None:
    body = f"{mark}<ListBucketResult {S3_XMLNS}><{name}>{text}</{name}></ListBucketResult>"
    output = read(operation("ListObjects"), body)
    assert output == {name: value}
    assert not list(output_misfits(operation("ListObjects"), output))


@pytest.mark.parametrize(("text", "is_on"), [("True", True), ("FALSE", False), ("1", True), ("", False)])
def test_a_boolean_in_an_odd_spelling_is_one_in_other_protocols(text: str, is_on: bool) -> None:
    """Clients of XML read it in different ways, so there it comes back to the letter."""
    describe = SERVICES["cloudwatch"].operations["DescribeAlarms"]
    answer = Answer({"MetricAlarms": [{"ActionsEnabled": text}]})
    for protocol in ("json", "smithy-rpc-v2-cbor"):
        response = write_response(describe, answer, "id", protocol)
        assert parse_response(describe, response, protocol)["MetricAlarms"] == [{"ActionsEnabled": is_on}]
    assert read_response(describe, write_response(describe, answer, "id", "query"), "query") == answer


@pytest.mark.parametrize(("text", "token"), [("True", "a"), ("1", "a"), ("False", None), ("", None)])
def test_a_boolean_in_an_odd_spelling_tells_the_last_page(text: str, token: str | None) -> None:
    list_users = SERVICES["iam"].operations["ListUsers"]
    assert next_token(list_users, {"Users": [], "IsTruncated": text, "Marker": "a"}) == token
