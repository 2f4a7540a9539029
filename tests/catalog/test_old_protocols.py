"""SQS by the protocol query, which older SDKs speak to it: by hand, as in AWS's documentation of that time."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Value
from awstape.core.aws.protocols.dispatch import read_response, write_failure, write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError

MODELS = load_models(("sqs",))
SQS = MODELS.services["sqs"]
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
XMLNS = 'xmlns="http://queue.amazonaws.com/doc/2012-11-05/"'

REQUESTS: dict[str, tuple[dict[str, str], dict[str, Value]]] = {
    "AddPermission": (
        {"QueueUrl": URL, "Label": "l", "AWSAccountId.1": "111122223333", "ActionName.1": "SendMessage"},
        {"QueueUrl": URL, "Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]},
    ),
    "CreateQueue": (
        {
            "QueueName": "q",
            "Attribute.1.Name": "DelaySeconds",
            "Attribute.1.Value": "5",
            "Tag.1.Key": "team",
            "Tag.1.Value": "a",
        },
        {"QueueName": "q", "Attributes": {"DelaySeconds": "5"}, "tags": {"team": "a"}},
    ),
    "DeleteMessageBatch": (
        {"QueueUrl": URL, "DeleteMessageBatchRequestEntry.1.Id": "a", "DeleteMessageBatchRequestEntry.2.Id": "b"},
        {"QueueUrl": URL, "Entries": [{"Id": "a"}, {"Id": "b"}]},
    ),
    "ListQueues": ({"QueueNamePrefix": "q", "MaxResults": "7"}, {"QueueNamePrefix": "q", "MaxResults": 7}),
    "ReceiveMessage": (
        {
            "QueueUrl": URL,
            "AttributeName.1": "All",
            "MessageAttributeName.1": "color",
            "MessageSystemAttributeName.1": "SenderId",
        },
        {
            "QueueUrl": URL,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["color"],
            "MessageSystemAttributeNames": ["SenderId"],
        },
    ),
    "SendMessage": (
        {
            "QueueUrl": URL,
            "MessageBody": "hello",
            "MessageAttribute.1.Name": "color",
            "MessageAttribute.1.Value.StringValue": "red",
            "MessageAttribute.1.Value.DataType": "String",
        },
        {
            "QueueUrl": URL,
            "MessageBody": "hello",
            "MessageAttributes": {"color": {"StringValue": "red", "DataType": "String"}},
        },
    ),
    "UntagQueue": ({"QueueUrl": URL, "TagKey.1": "team"}, {"QueueUrl": URL, "TagKeys": ["team"]}),
}

RESPONSES: dict[str, tuple[str, dict[str, Value]]] = {
    "ListQueues": (f"<QueueUrl>{URL}</QueueUrl><QueueUrl>{URL}2</QueueUrl>", {"QueueUrls": [URL, f"{URL}2"]}),
    "GetQueueAttributes": (
        "<Attribute><Name>DelaySeconds</Name><Value>5</Value></Attribute>"
        "<Attribute><Name>VisibilityTimeout</Name><Value>30</Value></Attribute>",
        {"Attributes": {"DelaySeconds": "5", "VisibilityTimeout": "30"}},
    ),
    "ListQueueTags": ("<Tag><Key>team</Key><Value>a</Value></Tag>", {"Tags": {"team": "a"}}),
    "ListDeadLetterSourceQueues": (f"<QueueUrl>{URL}</QueueUrl>", {"queueUrls": [URL]}),
    "ReceiveMessage": (
        "<Message><MessageId>5fea7756</MessageId><Body>a &amp; b</Body>"
        "<Attribute><Name>SentTimestamp</Name><Value>1238099229000</Value></Attribute>"
        "<MessageAttribute><Name>color</Name><Value><BinaryValue>AP8=</BinaryValue><DataType>Binary</DataType></Value>"
        "</MessageAttribute></Message>",
        {
            "Messages": [
                {
                    "MessageId": "5fea7756",
                    "Body": "a & b",
                    "Attributes": {"SentTimestamp": "1238099229000"},
                    "MessageAttributes": {"color": {"BinaryValue": b"\0\xff", "DataType": "Binary"}},
                }
            ]
        },
    ),
    "SendMessageBatch": (
        "<SendMessageBatchResultEntry><Id>a</Id></SendMessageBatchResultEntry>"
        "<BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault></BatchResultErrorEntry>",
        {"Successful": [{"Id": "a"}], "Failed": [{"Id": "b", "SenderFault": True}]},
    ),
}


def ask(action: str, parameters: dict[str, str], host: str = "queue.amazonaws.com", path: str = "/") -> Request:
    body = urlencode({"Action": action, "Version": "2012-11-05", **parameters}).encode()
    return Request("POST", host, path, "", FORM, body)


@pytest.mark.parametrize("host", ["queue.amazonaws.com", "eu-west-1.queue.amazonaws.com", "localhost"])
@pytest.mark.parametrize("action", REQUESTS)
def test_a_request_is_the_call_that_json_makes(action: str, host: str) -> None:
    parameters, input_ = REQUESTS[action]
    call = recognise_call(MODELS, ask(action, parameters, host))
    assert call
    assert (call.operation, call.input, call.protocol) == (SQS.operations[action], input_, "query")


def test_the_url_of_a_queue_may_be_that_of_the_request() -> None:
    sent = ask("ReceiveMessage", {}, "sqs.us-east-1.amazonaws.com", "/123456789012/orders")
    call = recognise_call(MODELS, sent)
    assert call
    assert call.input == {"QueueUrl": URL}
    with pytest.raises(WireError, match="at the path / only"):
        recognise_call(MODELS, ask("ListQueues", {}, "sqs.us-east-1.amazonaws.com", "/123456789012/orders"))


@pytest.mark.parametrize("action", RESPONSES)
def test_a_response_is_read_and_written(action: str) -> None:
    inner, output = RESPONSES[action]
    operation = SQS.operations[action]
    body = f"<{action}Response {XMLNS}><{action}Result>{inner}</{action}Result></{action}Response>"
    answer = read_response(operation, Response(200, (), body.encode()), "query")
    assert answer == Answer(output)
    written = write_response(operation, answer, "request-id", "query")
    assert inner in b"".join(line.strip() for line in written.body.splitlines()).decode()
    assert read_response(operation, written, "query") == answer


@pytest.mark.parametrize("action", RESPONSES)
def test_a_recording_through_json_serves_older_clients(action: str) -> None:
    _, output = RESPONSES[action]
    operation = SQS.operations[action]
    in_json = write_response(operation, Answer(output), "request-id")
    assert write_response(operation, read_response(operation, in_json), "request-id", "query") == write_response(
        operation, Answer(output), "request-id", "query"
    )
    assert parse_response(operation, in_json)


def test_an_error_has_the_code_of_the_protocol() -> None:
    failure = Failure(400, "QueueDoesNotExist", "no such queue", {"__type": "com.amazonaws.sqs#QueueDoesNotExist"})
    written = write_failure(SQS, failure, "request-id", "query")
    assert b"<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in written.body


def test_an_operation_without_output() -> None:
    written = write_response(SQS.operations["DeleteQueue"], Answer({}), "request-id", "query")
    assert written.body.startswith(b'<DeleteQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">')
    assert read_response(SQS.operations["DeleteQueue"], written, "query") == Answer({})


@pytest.mark.parametrize(
    ("host", "region"), [("queue.amazonaws.com", "us-east-1"), ("eu-west-1.queue.amazonaws.com", "eu-west-1")]
)
def test_a_host_without_a_region_is_in_the_oldest_one(host: str, region: str) -> None:
    """Signature version 2 names no region."""
    call = recognise_call(MODELS, ask("ListQueues", {"AWSAccessKeyId": "AKIAEXAMPLE000000000", "Signature": "x"}, host))
    assert call
    assert (call.region, call.input) == (region, {})
