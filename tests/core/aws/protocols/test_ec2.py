"""The protocol of EC2 by hand; texts as in EC2's API reference and Smithy's documentation of the protocol ec2-query."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Value
from awstape.core.aws.protocols.dispatch import read_request, read_response, write_response
from awstape.core.aws.protocols.error_formats import write_error
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError, read_parameters
from support.small_models import FORM, HOST, SmallModel, reference, structure

MODELS = load_models(("ec2",))
EC2 = MODELS.services["ec2"]
XMLNS = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15"'
MODEL = SmallModel(
    "ec2",
    {
        "Input": structure(
            Text="string",
            When="timestamp",
            QueryName=reference("string", queryName="A"),
            Both=reference("string", queryName="B", locationName="IgnoreMe"),
            Renamed=reference("string", locationName="c"),
            Names="Names",
            RenamedList=reference("NamedItems", locationName="hi"),
            Nested=reference("Nested", locationName="nested"),
            Tags=reference("Tags", locationName="tagSet"),
            Bytes=reference("blob", locationName="bytes"),
            Fraction="double",
        ),
        "Names": {"type": "list", "member": {"shape": "string"}},
        "NamedItems": {"type": "list", "member": reference("string", locationName="item")},
        "Nested": structure(Flag="boolean", Names=reference("NamedItems", locationName="names"), Nested="Nested"),
        "Tags": {"type": "list", "member": reference("Tag", locationName="item")},
        "Tag": structure(Key=reference("string", locationName="key")),
    },
)
#: Parameters as botocore sends them, input.
REQUESTS: dict[str, tuple[list[tuple[str, str]], dict[str, Value]]] = {
    "text": ([("Text", "a")], {"Text": "a"}),
    "a timestamp": ([("When", "2015-01-25T08:00:00Z")], {"When": "2015-01-25T08:00:00Z"}),
    "a query name": ([("A", "a")], {"QueryName": "a"}),
    "a query name before a wire name": ([("B", "a")], {"Both": "a"}),
    "a wire name": ([("C", "a")], {"Renamed": "a"}),
    "a list": ([("Names.1", "a"), ("Names.2", "b")], {"Names": ["a", "b"]}),
    "a list with named items": ([("Hi.1", "a")], {"RenamedList": ["a"]}),
    "a structure": (
        [("Nested.Flag", "true"), ("Nested.Names.1", "a"), ("Nested.Nested.Flag", "false")],
        {"Nested": {"Flag": True, "Names": ["a"], "Nested": {"Flag": False}}},
    ),
    "a list of structures": ([("TagSet.1.Key", "a"), ("TagSet.2.Key", "")], {"Tags": [{"Key": "a"}, {"Key": ""}]}),
    "a blob": ([("Bytes", "/w==")], {"Bytes": b"\xff"}),
    "a fraction": ([("Fraction", "10.8")], {"Fraction": 10.8}),
}
#: Parameters of other clients, input.
OTHER_REQUESTS: dict[str, tuple[list[tuple[str, str]], dict[str, Value]]] = {
    "a name with a small letter": ([("c", "a"), ("nested.Flag", "true")], {"Renamed": "a", "Nested": {"Flag": True}}),
    "a list below `member`": ([("Nested.Names.member.1", "a")], {"Nested": {"Names": ["a"]}}),
    "an empty list": ([("Names", "")], {"Names": []}),
}


def form(parameters: list[tuple[str, str]], action: str = "Run", host: str = HOST) -> Request:
    text = urlencode([("Action", action), ("Version", "2020-01-08"), *parameters])
    return Request("POST", host, "/", "", FORM, text.encode())


@pytest.mark.parametrize(
    ("parameters", "expected"), [*REQUESTS.values(), *OTHER_REQUESTS.values()], ids=[*REQUESTS, *OTHER_REQUESTS]
)
def test_a_request_is_read(parameters: list[tuple[str, str]], expected: dict[str, Value]) -> None:
    operation, input_, protocol = read_request(MODEL.service, form(parameters))
    assert (operation.name, protocol) == ("Run", "ec2")
    assert input_ == expected


@pytest.mark.parametrize(("parameters", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_botocore_sends_that_request(parameters: list[tuple[str, str]], expected: dict[str, Value]) -> None:
    sent = read_parameters(MODEL.request(expected))
    assert sorted(sent) == sorted([("Action", "Run"), ("Version", "2020-01-08"), *parameters])


def call(action: str, *parameters: tuple[str, str]) -> tuple[str, str | None, dict[str, Value]]:
    made = recognise_call(MODELS, form(list(parameters), action, "ec2.eu-west-1.amazonaws.com"))
    assert made
    return made.operation.name, made.region, made.input


def test_calls_of_ec2() -> None:
    assert call(
        "DescribeInstances",
        ("InstanceId.1", "i-1234567890abcdef0"),
        ("Filter.1.Name", "instance-type"),
        ("Filter.1.Value.1", "m1.small"),
        ("Filter.1.Value.2", "m1.large"),
        ("DryRun", "true"),
    ) == (
        "DescribeInstances",
        "eu-west-1",
        {
            "InstanceIds": ["i-1234567890abcdef0"],
            "Filters": [{"Name": "instance-type", "Values": ["m1.small", "m1.large"]}],
            "DryRun": True,
        },
    )
    assert call("CreateTags", ("ResourceId.1", "ami-1a2b3c4d"), ("Tag.1.Key", "webserver"), ("Tag.1.Value", "")) == (
        "CreateTags",
        "eu-west-1",
        {"Resources": ["ami-1a2b3c4d"], "Tags": [{"Key": "webserver", "Value": ""}]},
    )
    assert call("DeleteSubnet", ("SubnetId", "subnet-1"), ("dryRun", "true"))[2] == {
        "SubnetId": "subnet-1",
        "DryRun": True,
    }
    with pytest.raises(WireError, match="ec2 has no such operation; did you mean DescribeRegions"):
        call("DescribeRegion")


RESPONSES: dict[str, tuple[str, str, dict[str, Value]]] = {
    "a list": (
        "DescribeRegions",
        f"""<DescribeRegionsResponse {XMLNS}>
            <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>
            <regionInfo>
                <item>
                    <regionName>us-east-1</regionName>
                    <regionEndpoint>ec2.us-east-1.amazonaws.com</regionEndpoint>
                </item>
                <item/>
            </regionInfo>
        </DescribeRegionsResponse>""",
        {"Regions": [{"RegionName": "us-east-1", "Endpoint": "ec2.us-east-1.amazonaws.com"}, {}]},
    ),
    "nested lists": (
        "DescribeInstances",
        f"""<DescribeInstancesResponse {XMLNS}>
            <requestId>8f7724cf-496f-496e-8fe3-example</requestId>
            <reservationSet>
                <item>
                    <reservationId>r-1234567890abcdef0</reservationId>
                    <groupSet/>
                    <instancesSet>
                        <item>
                            <instanceId>i-1234567890abcdef0</instanceId>
                            <amiLaunchIndex>0</amiLaunchIndex>
                            <ebsOptimized>false</ebsOptimized>
                            <launchTime>2018-05-08T16:46:19.000Z</launchTime>
                            <instanceState><code>16</code><name>running</name></instanceState>
                            <tagSet><item><key>Server</key><value>&lt;Prod &amp; Test&gt;</value></item></tagSet>
                        </item>
                    </instancesSet>
                </item>
            </reservationSet>
            <nextToken>abc=</nextToken>
        </DescribeInstancesResponse>""",
        {
            "Reservations": [
                {
                    "ReservationId": "r-1234567890abcdef0",
                    "Groups": [],
                    "Instances": [
                        {
                            "InstanceId": "i-1234567890abcdef0",
                            "AmiLaunchIndex": 0,
                            "EbsOptimized": False,
                            "LaunchTime": "2018-05-08T16:46:19.000Z",
                            "State": {"Code": 16, "Name": "running"},
                            "Tags": [{"Key": "Server", "Value": "<Prod & Test>"}],
                        }
                    ],
                }
            ],
            "NextToken": "abc=",
        },
    ),
    "no output": (
        "DeleteSubnet",
        f"<DeleteSubnetResponse {XMLNS}><requestId>r</requestId><return>true</return></DeleteSubnetResponse>",
        {},
    ),
    "a request id of another spelling": ("DeleteSubnet", "<X><RequestId>r</RequestId></X>", {}),
    "a modelled return": (
        "AttachClassicLinkVpc",
        f"<AttachClassicLinkVpcResponse {XMLNS}><return>true</return></AttachClassicLinkVpcResponse>",
        {"Return": True},
    ),
    "a number with a fraction": (
        "DescribeSpotPriceHistory",
        f"<DescribeSpotPriceHistoryResponse {XMLNS}><spotPriceHistorySet><item><spotPrice>0.032</spotPrice></item>"
        "</spotPriceHistorySet><nextToken/></DescribeSpotPriceHistoryResponse>",
        {"SpotPriceHistory": [{"SpotPrice": "0.032"}], "NextToken": ""},
    ),
}


@pytest.mark.parametrize(("name", "body", "output"), RESPONSES.values(), ids=RESPONSES)
def test_a_response_is_read_and_written(name: str, body: str, output: dict[str, Value]) -> None:
    operation = EC2.operations[name]
    response = Response(200, (), body.encode())
    answer = read_response(operation, response)
    assert answer == Answer(output)
    again = write_response(operation, answer, "request-id")
    assert read_response(operation, again) == answer
    assert parse_response(operation, again) == parse_response(operation, response)


def test_what_is_beside_the_model_is_kept() -> None:
    body = b"<X><requestId>r</requestId><zNew><item>1</item></zNew><return>false</return></X>"
    answer = read_response(EC2.operations["DeleteSubnet"], Response(200, (), body))
    assert answer == Answer({"zNew": {"item": "1"}, "return": "false"}, unmodelled=("zNew", "return"))
    assert (
        read_response(EC2.operations["DeleteSubnet"], write_response(EC2.operations["DeleteSubnet"], answer, "r"))
        == answer
    )


def test_the_text_is_that_of_aws() -> None:
    written = write_response(EC2.operations["DeleteSubnet"], Answer({}), "r")
    assert written.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<DeleteSubnetResponse {XMLNS}>\n  <requestId>r</requestId>\n  <return>true</return>\n</DeleteSubnetResponse>"
    )
    error = Failure(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
    written = write_response(EC2.operations["DeleteSubnet"], Answer(error=error), "r")
    assert (written.status, written.body.decode()) == (
        412,
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n  <Errors>\n    <Error>\n'
        "      <Code>DryRunOperation</Code>\n"
        "      <Message>Request would have succeeded, but DryRun flag is set.</Message>\n"
        "    </Error>\n  </Errors>\n  <RequestID>r</RequestID>\n</Response>",
    )


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>'
            "<Message>The instance ID 'i-1a2b3c4d' does not exist</Message></Error></Errors>"
            "<RequestID>ea966190-f9aa-478e-9ede-example</RequestID></Response>",
            Failure(400, "InvalidInstanceID.NotFound", "The instance ID 'i-1a2b3c4d' does not exist"),
        ),
        (
            "<Response><Errors><Error><Code>A</Code><Message/><TopLevel>t</TopLevel></Error></Errors></Response>",
            Failure(400, "A", "", {"TopLevel": "t"}),
        ),
    ],
)
def test_an_error_is_read_and_written(body: str, failure: Failure) -> None:
    operation = EC2.operations["DescribeInstances"]
    response = Response(400, (), body.encode())
    assert read_response(operation, response) == Answer(error=failure)
    again = write_response(operation, Answer(error=failure), "r")
    assert parse_response(operation, again) == parse_response(operation, response)


def test_an_error_of_a_gateway_is_only_a_status() -> None:
    operation = EC2.operations["DescribeInstances"]
    assert read_response(operation, Response(503)) == Answer(error=Failure(503))
    assert write_response(operation, Answer(error=Failure(503)), "r").body == b""


def test_an_unsigned_request_gets_an_error_of_ec2() -> None:
    response = write_error(form([], "Zzz", "localhost"), EC2, None, Failure(400, "InvalidAction", "a"), "r")
    assert b"<Response>\n  <Errors>\n    <Error>\n      <Code>InvalidAction</Code>" in response.body
    assert parse_response(EC2.operations["DescribeRegions"], response)["Error"] == {
        "Code": "InvalidAction",
        "Message": "a",
    }
