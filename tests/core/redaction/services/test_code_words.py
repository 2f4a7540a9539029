"""Keys that are code stay, and those of a customer become aliases, the same ones wherever they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.services.api_words import API_WORDS
from awstape.core.redaction.services.code_words import is_code_key, is_placeholder
from support import api_words
from support.exchanges import KEY

MODELS = load_models()
CODE = [
    "Order Total",
    *"""
    id pk sk PK GSI1PK gsi1sk ttl uuid name firstName last_name userId user_id email zipCode customer customerId
    order_id orderNumber total subtotal amount currency quantity sku product status state type kind createdAt updated_at
    timestamp title body items results count limit nextToken enabled isActive flags config env stage DB_HOST DB_PASSWORD
    API_KEY LOG_LEVEL TABLE_NAME QUEUE_URL SECRET_ARN job jobId retries error_message file mimeType sha256 key value
    tenantId invoiceNumber payment lat lng x y width index parent event_type detail-type p00 v1 line2 s3Bucket _id
    __typename $schema order.total ARNs userIDs isOk --job-language
    """.split(),
]
PRIVATE = [
    "Hans Meier",
    "the total of all of the orders in use by customers",
    *"""
    Hoffmann hoffmann-gmbh acme acmeOrders cust-1234 customer_20311 jane.roe Meier zurich migros swisscom novartis
    nestle falcon ProjectPhoenix nightingale skunkworks thunderbird bluecross athena orion titan mercury
    google salesforce oracle Walmart siemens bosch peter anna maria james hans grace bill alice bob-smith
    abcd ab12cd34 deadbeef aBcDeF aBcDtOiD x7Qp9 4f3a2b8c info@mail.com mail.service.internal api.order.com müller
    db.prod.internal AKIAQZ7WQ2XW4T5KR3JN 123456789012 81.20.30.40 order:hoffmann 4111111111111111
    """.split(),
]


def redact(service: str, operation: str, output: dict[str, Any]) -> Any:
    return Redactor(KEY).redact_answer(MODELS.operation(service, operation), Answer(output)).output


def redact_request(service: str, operation: str, input_: dict[str, Any]) -> Any:
    return Redactor(KEY).redact_identity(MODELS.operation(service, operation), input_)


def _body(text: str) -> str:
    return str(redact("s3", "GetObject", {"Body": text})["Body"])


def _in_json(key: str) -> str:
    return next(iter(json.loads(_body(json.dumps({key: 1})))))


def _in_column(key: str) -> str:
    return _body(f'id;"{key}";total\n1;2;3\n').splitlines()[0].split('"')[1]


def _in_item(key: str) -> str:
    return next(iter(redact("dynamodb", "GetItem", {"Item": {key: {"S": "x"}}})["Item"]))


def _in_schema(key: str) -> str:
    schema = redact_request("dynamodb", "CreateTable", {"KeySchema": [{"AttributeName": key, "KeyType": "HASH"}]})
    return str(schema["KeySchema"][0]["AttributeName"])


def _in_names(key: str) -> str:
    return str(
        redact_request("dynamodb", "Query", {"ExpressionAttributeNames": {"#n": key}})["ExpressionAttributeNames"]["#n"]
    )


def _in_environment(key: str) -> str:
    output = redact("lambda", "GetFunctionConfiguration", {"Environment": {"Variables": {key: "x"}}})
    return next(iter(output["Environment"]["Variables"]))


def _in_container(key: str) -> str:
    definition = {"containerDefinitions": [{"environment": [{"name": key, "value": "x"}]}]}
    output = redact("ecs", "DescribeTaskDefinition", {"taskDefinition": definition})
    return str(output["taskDefinition"]["containerDefinitions"][0]["environment"][0]["name"])


def _in_message(key: str) -> str:
    output = redact("sqs", "ReceiveMessage", {"Messages": [{"MessageAttributes": {key: {"StringValue": "x"}}}]})
    return next(iter(output["Messages"][0]["MessageAttributes"]))


PLACES = [_in_json, _in_column, _in_item, _in_schema, _in_names, _in_environment, _in_container, _in_message]
each_place = pytest.mark.parametrize("find", PLACES)


@each_place
def test_a_key_of_code_stays_everywhere(find: Callable[[str], str]) -> None:
    assert [key for key in CODE if find(key) != key] == []


@each_place
def test_a_key_of_a_customer_becomes_the_same_alias_everywhere(find: Callable[[str], str]) -> None:
    for key in PRIVATE:
        alias = find(key)
        assert alias == _in_item(key) != key
        words = [word for word in re.split(r"[\W_]+", key) if len(word) > 3 and not is_code_key(word)]
        assert not any(word in alias for word in words), alias
        assert find(alias) == alias


@given(st.text("abcdef0123456789", min_size=6, max_size=24), st.text("ABCxyz019_", min_size=6, max_size=24))
def test_random_keys_are_not_code(digits: str, text: str) -> None:
    assert not is_code_key(digits) or any(word in digits for word in API_WORDS if len(word) > 2)
    assert not is_code_key(text)


def test_placeholders_stay_but_for_private_words() -> None:
    assert all(map(is_placeholder, ":p #n :v0 #n0 :0 #0 :c0_1 #status :customerId :a1 #_0".split()))
    assert not any(map(is_placeholder, ":hoffmann #acme_x p :x-y :".split()))


def test_a_rule_of_the_project_hides_a_key_of_code() -> None:
    redactor = Redactor(KEY, Rules(mask=(re.compile("target"),)))
    operation = MODELS.operation("dynamodb", "GetItem")
    output = redactor.redact_answer(operation, Answer({"Item": {"target": {"N": "1"}, "total": {"N": "1"}}})).output
    assert output and [*output["Item"]][1:] == ["total"] and "target" not in output["Item"]  # type: ignore[misc]


def test_what_a_key_calls_a_secret_is_one_in_json_and_in_maps_of_structures() -> None:
    document = json.loads(_body('{"password": "open", "pin": 8841, "status": "open"}'))
    assert document["password"].startswith("<alias-") and document["pin"] > 9999
    assert document["status"] == "open"
    item = redact(
        "dynamodb", "GetItem", {"Item": {"password": {"S": "open"}, "pin": {"N": "8841"}, "at": {"S": "open"}}}
    )
    assert item["Item"]["password"]["S"].startswith("<alias-") and item["Item"]["at"] == {"S": "open"}
    assert item["Item"]["pin"]["N"].isdigit() and item["Item"]["pin"]["N"] != "8841"


def test_a_long_number_of_an_item_becomes_a_number() -> None:
    item = redact("dynamodb", "GetItem", {"Item": {"phone": {"N": "41791234567"}, "price": {"N": "-12.50"}}})["Item"]
    assert item["phone"]["N"].isdigit() and item["phone"]["N"] != "41791234567" and item["price"] == {"N": "-12.50"}


def test_the_words_are_those_of_the_models() -> None:
    """Of another version of botocore, most are the same."""
    words = set(api_words.find_words())
    assert len(words & API_WORDS) > 0.97 * len(API_WORDS) > 2500
    assert not API_WORDS & api_words.NAMES
    assert all(re.fullmatch("[a-z]{3,}", word) for word in API_WORDS)
    assert api_words.write_module() == api_words.FILE.read_text("utf-8") or words != API_WORDS
