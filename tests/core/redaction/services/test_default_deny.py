"""Redaction by default-deny: nothing of a customer stays, what is public does, and requests match their recording."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any
from urllib.parse import quote

import botocore.exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.botocore_values import build_request
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Call, Failure
from awstape.core.aws.model import Models, Operation, Shape, Value
from awstape.core.aws.paging import PageRequest
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import WireError
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.services.treatments import find_treatment
from awstape.core.redaction.string_walk import Place, StringContext, edit_member_strings
from awstape.core.replay.matching import TrackIndex
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from support import strategies
from support.exchanges import KEY, OTHER_KEY
from support.positions import find_treatments, positions_of, required_members, value_at
from support.public_words import managed_policies
from support.small_models import SmallModel

MODELS = load_models()
DESCRIBED = ("iam", "accessanalyzer", "sts")
OTHERS = [name for name in MODELS.services if name not in DESCRIBED]
ACCOUNT, REAL = "123456789012", "zrealq7x2w9"
#: Texts with parts that must not stay: a name is in most of them.
PLANTS: Mapping[str, Callable[[str, str], str]] = {
    "name": lambda name, _: name,
    "name of several parts": lambda name, _: f"prod-{name}_eu.x/y",
    "account": lambda _, account: account,
    "ARN": lambda name, account: f"arn:aws:sqs:eu-west-1:{account}:{name}",
    "ARN of an unknown form": lambda name, account: f"arn:aws:newservice:eu-west-1:{account}:thing/{name}:x",
    "e-mail": lambda name, _: f"{name}@corp.example.co",
    "URL": lambda name, account: f"https://{name}.s3.eu-west-1.amazonaws.com/{account}/{name}?x={name}",
    "URL of a queue": lambda name, account: f"https://sqs.eu-west-1.amazonaws.com/{account}/{name}",
    "image": lambda name, account: f"{account}.dkr.ecr.eu-west-1.amazonaws.com/{name}:latest",
    "host": lambda name, _: f"{name}.abc.use1.memorydb.amazonaws.com",
    "sentence": lambda name, account: f"The stack of {name} in {account} is broken.",
    "JSON": lambda name, account: json.dumps({name: [{"x": name, "account": int(account)}]}),
    "policy": lambda name, account: json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Resource": f"arn:aws:s3:::{name}/*"}]}
    ),
    "percent encoding": lambda name, account: quote(f'{{"user": "{name}/{account}"}}', safe=""),
    "command": lambda name, _: f"mysql --password={name} -h {name}.internal",
    "YAML": lambda name, account: f"Resources:\n  {name}:\n    Account: {account}\n",
}
#: Plants with a name by which nothing but the place says that it is one: such places keep them.
_NAMED_BY_PLACE = frozenset({"name", "name of several parts", "sentence", "JSON", "percent encoding", "YAML"})


def choose_operation(random: Random, services: Sequence[str] = OTHERS) -> Operation:
    return random.choice(list(MODELS.services[random.choice(services)].operations.values()))


def redact(service: str, operation: str, output: Mapping[str, Value], redactor: Redactor | None = None) -> Any:
    """Returns an output, redacted, after the check that it is not redacted again."""
    op, redactor = MODELS.operation(service, operation), redactor or Redactor(KEY)
    redacted = redactor.redact_answer(op, Answer(output=dict(output)))
    assert redactor.redact_answer(op, redacted) == redacted
    assert Redactor(KEY).redact_answer(op, redacted) == redacted
    return redacted.output


def redact_request(service: str, operation: str, input_: Mapping[str, Value]) -> Any:
    return Redactor(KEY).redact_identity(MODELS.operation(service, operation), dict(input_))


@given(st.integers(0, 10**9))
@strategies.few(150)
def test_nothing_that_is_planted_anywhere_stays(seed: int) -> None:
    random = Random(seed)
    op = choose_operation(random)
    positions = list(positions_of(op))
    for position in random.sample(positions, min(len(positions), 40)):
        shape = position.error or (op.input if position.side == "input" else op.output)
        if position.side not in ("input", "output", "error") or shape is None or position.path == ("__type",):
            continue
        kind = random.choice(list(PLANTS))
        if kind in _NAMED_BY_PLACE and is_looked_up(op, position.side, shape, position.path):
            kind = "ARN"
        account = str(random.randrange(10**11, 10**12))
        name = f"zreal{random.randrange(10**6):06}q"
        planted = PLANTS[kind](name, account)
        value = value_at(shape, position.path, planted, random)
        redacted = _redact_at(op, position.side, value)
        found = json.dumps(redacted, default=repr).lower()
        assert name not in found and account not in found, f"{kind} at {position}: {planted} → {found}"


@pytest.mark.parametrize(
    ("service", "operation", "path"),
    [
        ("s3", "GetBucketPolicy", ("Policy",)),
        ("sqs", "GetQueueAttributes", ("Attributes", "Policy")),
        ("sns", "GetTopicAttributes", ("Attributes", "Policy")),
        ("lambda", "GetPolicy", ("Policy",)),
        ("organizations", "DescribePolicy", ("Policy", "Content")),
        ("dynamodb", "GetResourcePolicy", ("Policy",)),
        ("cloudformation", "GetStackPolicy", ("StackPolicyBody",)),
        ("kms", "GetKeyPolicy", ("Policy",)),
    ],
)
def test_a_policy_of_aws_stays_to_the_letter(service: str, operation: str, path: tuple[str, ...]) -> None:
    for name, policy in [*managed_policies().items()][:: 40 * strategies.SHARE]:
        output: Any = json.dumps(policy["Document"])
        for member in reversed(path):
            output = {member: output}
        assert redact(service, operation, output) == output, name


def _redact_at(op: Operation, side: str, value: dict[str, Value]) -> object:
    redactor = Redactor(KEY)
    if side == "input":
        return redactor.redact_identity(op, value)
    if side == "output":
        answer = redactor.redact_answer(op, Answer(output=value))
        assert redactor.redact_answer(op, answer).output == answer.output, f"redacted twice: {value}"
        return answer.output
    code, message = value.pop("Code", None), value.pop("message", None)
    error = redactor.redact_answer(op, Answer(error=Failure(400, "Fault", None, value))).error
    assert error
    return [error.members, code and "", message and ""]


def is_looked_up(op: Operation, side: str, shape: Any, path: tuple[str, ...]) -> bool:
    """Whether the strings of a position are keys of tags, names of filters, or kept readable by a profile."""
    found = find_treatments(shape, path)
    return side == "error" or not found or not found.isdisjoint({"key", "readable", "message"})


@given(st.integers(0, 10**9))
@strategies.few(300)
def test_a_request_is_redacted_to_the_recorded_one_and_matches_it(seed: int) -> None:
    """With the key as it is, without it by its aliases; whatever was recorded before."""
    op = choose_operation(Random(seed))
    if op.input is None:
        return
    input_ = _some_input(op, seed)
    recording, asking = Redactor(KEY), Redactor(KEY)
    recording.redact_identity(op, _some_input(op, seed + 1))
    identity = recording.redact_identity(op, input_)
    assert asking.redact_identity(op, input_) == identity
    assert asking.redact_identity(op, identity) == identity
    track = Track(op.service.name, op.name, "eu-west-1", identity, None)
    takes = [(track, (Take(track, (Page(None, None, Answer({})),)),))]
    call = Call(op, "eu-west-1", input_)
    for key, asked in ((KEY, input_), (KEY, identity), (OTHER_KEY, identity)):
        index = TrackIndex(MODELS, takes, Redactor(key), has_key=key is KEY)
        assert index.find(call, PageRequest(asked, None, None)) == track


@given(st.integers(0, 10**9))
@strategies.few(200)
def test_a_recording_of_any_service_is_redacted_and_replayed(seed: int) -> None:
    """Of an exchange on the wire nothing real is in the cassette, and the player answers with the key and without."""
    op = choose_operation(Random(seed))
    members = [m for shape in (op.input, op.output) if shape for m in shape.members.values()]
    if any(member.shape.event_stream for member in members):
        return
    models = load_models((op.service.name,))
    output = _some_value(op.output, seed + 1)
    try:
        asked, answered = (
            build_request(op, _some_input(op, seed), "eu-west-1"),
            write_response(op, Answer(output), "id"),
        )
        call = recognise_call(models, asked)
    except (botocore.exceptions.BotoCoreError, WireError, ValueError):
        return  # not every value of a shape can be sent
    if call is None or call.operation is not op:
        return
    recorder = Recorder(models, Redactor(KEY), parse_response, include_writes=True, old=Cassette())
    recorder.feed(asked, answered)
    recording = recorder.finish()
    if not recording.cassette.takes:
        return
    text = write_cassette(recording.cassette)
    kept = {place for place in _places(op) if find_treatment(place) in ("key", "readable")}
    assert kept or "zreal" not in text.lower(), text
    assert not any(account in text for account in strategies.ACCOUNTS), text
    read = read_cassette(text, models)
    assert read == recording.cassette
    player = Player(models, read, Redactor(KEY), has_key=True)
    assert isinstance(player.answer(asked), ServedPage)


def _places(op: Operation) -> list[Place]:
    """The places of all strings in the input and the output of an operation."""
    found: list[Place] = []

    def note(text: str, context: StringContext) -> str:
        found.append(context.place)
        return text

    for position in positions_of(op):
        if position.side in ("input", "output") and (shape := op.input if position.side == "input" else op.output):
            edit_member_strings(value_at(shape, position.path, REAL, Random(0)), shape, note)
    return found


def _some_value(shape: Shape | None, seed: int) -> dict[str, Value]:
    value = strategies.value_of(shape, Random(seed)) if shape else {}
    assert isinstance(value, dict)
    return value


def _some_input(op: Operation, seed: int) -> dict[str, Value]:
    return {**required_members(op.input), **_some_value(op.input, seed)}


# --- prose ------------------------------------------------------------------------------------------------------


def _description(text: str) -> str:
    return str(redact_request("ec2", "CreateSecurityGroup", {"GroupName": "x", "Description": text})["Description"])


def test_a_text_of_several_words_is_one_code_and_a_name_keeps_its_parts() -> None:
    prose = _description("the late report of the bank for the board")
    assert re.fullmatch(r"alias-\w{10}", prose)
    name = _description("My-Role x_y")
    assert re.fullmatch(r"alias-\w{10}-\w{10} \w{10}_\w{10}", name)
    assert _description("the bank") == f"alias-{_description('the')[6:]} {_description('bank')[6:]}"


def test_a_text_that_a_program_makes_of_an_alias_is_the_recorded_one() -> None:
    for real in ("web-1", "My Role", "a.b:c/d"):
        recorded = _description(f"Rules for the group {real} only")
        assert _description(f"Rules for the group {_description(real)} only") == recorded
        assert _description(recorded) == recorded


# --- what stays -------------------------------------------------------------------------------------------------


PUBLIC: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "ec2",
        "DescribeInstances",
        {
            "Reservations": [
                {
                    "Instances": [
                        {
                            "InstanceType": "t3.micro",
                            "State": {"Code": 16, "Name": "running"},
                            "Placement": {"AvailabilityZone": "eu-west-1a", "Tenancy": "default"},
                            "LaunchTime": "2026-01-02T03:04:05Z",
                            "RootDeviceName": "/dev/xvda",
                            "PlatformDetails": "Red Hat Enterprise Linux",
                            "UsageOperation": "RunInstances:0010",
                            "Architecture": "x86_64",
                            "CpuOptions": {"CoreCount": 2},
                            "SecurityGroups": [{"GroupName": "default"}],
                            "Tags": [{"Key": "Owner", "Value": ""}],
                        }
                    ]
                }
            ]
        },
    ),
    (
        "ec2",
        "DescribeSecurityGroups",
        {
            "SecurityGroups": [
                {
                    "IpPermissions": [
                        {"IpProtocol": "tcp", "FromPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
                        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
                    ]
                }
            ]
        },
    ),
    ("ec2", "DescribeVpcEndpointServices", {"ServiceNames": ["com.amazonaws.eu-west-1.s3"]}),
    (
        "rds",
        "DescribeDBInstances",
        {
            "DBInstances": [
                {
                    "DBInstanceClass": "db.r6g.2xlarge",
                    "DBInstanceStatus": status,
                    "Engine": engine,
                    "EngineVersion": version,
                    "LicenseModel": "general-public-license",
                    "DBParameterGroups": [
                        {"DBParameterGroupName": "default.mysql8.0", "ParameterApplyStatus": "in-sync"}
                    ],
                    "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
                    "StorageType": "gp3",
                    "CACertificateIdentifier": "rds-ca-rsa2048-g1",
                }
                for status, engine, version in (
                    ("available", "mysql", "8.0.35"),
                    ("backing-up", "aurora-postgresql", "15.4"),
                    ("incompatible-network", "sqlserver-ex", "15.00.4345.5.v1"),
                    ("deleting", "aurora-mysql", "8.0.mysql_aurora.3.05.2"),
                )
            ]
        },
    ),
    (
        "lambda",
        "ListFunctions",
        {
            "Functions": [
                {
                    "Runtime": "python3.12",
                    "MemorySize": 128,
                    "LastModified": "2026-01-02T03:04:05.000+0000",
                    "Version": "$LATEST",
                    "Architectures": ["arm64"],
                    "PackageType": "Zip",
                    "State": "Active",
                }
            ]
        },
    ),
    ("s3", "GetBucketLocation", {"LocationConstraint": "eu-west-1"}),
    (
        "s3",
        "HeadObject",
        {"ContentType": "application/json", "ServerSideEncryption": "aws:kms", "AcceptRanges": "bytes"},
    ),
    ("s3", "GetBucketEncryption", {"ServerSideEncryptionConfiguration": {"Rules": [{"BucketKeyEnabled": True}]}}),
    ("sqs", "GetQueueAttributes", {"Attributes": {"VisibilityTimeout": "30", "KmsMasterKeyId": "alias/aws/sqs"}}),
    ("sqs", "SendMessageBatch", {"Successful": [{"Id": "entry-1", "MD5OfMessageBody": ""}], "Failed": []}),
    ("kms", "ListAliases", {"Aliases": [{"AliasName": "alias/aws/s3"}]}),
    ("cloudtrail", "LookupEvents", {"Events": [{"EventName": "RunInstances", "EventSource": "ec2.amazonaws.com"}]}),
    ("cloudformation", "ListStackResources", {"StackResourceSummaries": [{"ResourceType": "AWS::EC2::Instance"}]}),
    ("ssm", "GetParameter", {"Parameter": {"Name": "/aws/service/ami-amazon-linux-latest/al2023", "Type": "String"}}),
)


@pytest.mark.parametrize(("service", "operation", "output"), PUBLIC, ids=[f"{s} {o}" for s, o, _ in PUBLIC])
def test_public_words_stay(service: str, operation: str, output: dict[str, Any]) -> None:
    assert redact(service, operation, output) == output


def test_a_string_has_one_alias_in_all_services() -> None:
    redactor = Redactor(KEY)

    def get(service: str, operation: str, output: dict[str, Any]) -> Any:
        return redact(service, operation, output, redactor)

    role = get("iam", "ListRoles", {"Roles": [{"RoleName": "payroll", "Arn": f"arn:aws:iam::{ACCOUNT}:role/payroll"}]})
    alias = role["Roles"][0]["RoleName"]
    table = get("dynamodb", "DescribeTable", {"Table": {"TableName": "payroll"}})["Table"]["TableName"]
    tagged = get("ec2", "DescribeTags", {"Tags": [{"Key": "team", "Value": "payroll"}]})["Tags"][0]
    queue = get("sqs", "GetQueueUrl", {"QueueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/payroll"})[
        "QueueUrl"
    ]
    assert (table, tagged) == (alias, {"Key": "team", "Value": alias})
    account = role["Roles"][0]["Arn"].split(":")[4]
    assert queue == f"https://sqs.eu-west-1.amazonaws.com/{account}/{alias}"
    bucket = redact_request("s3", "ListObjectsV2", {"Bucket": "payroll", "Prefix": "payroll/2026/"})
    assert bucket["Bucket"] == alias
    assert bucket["Prefix"].startswith(f"{alias}/")


def test_the_name_of_a_filter_stays_and_its_values_go_by_it() -> None:
    filters = [
        {"Name": "tag:Owner", "Values": ["alice", "al*"]},
        {"Name": "tag-key", "Values": ["Owner"]},
        {"Name": "instance-state-name", "Values": ["running"]},
        {"Name": "vpc-id", "Values": ["vpc-0123456789abcdef0"]},
    ]
    tag, *others = redact_request("ec2", "DescribeInstances", {"Filters": filters})["Filters"]
    owner = redact("ec2", "DescribeTags", {"Tags": [{"Key": "Owner", "Value": "alice"}]})["Tags"][0]["Value"]
    assert tag["Name"] == "tag:Owner"
    assert tag["Values"][0] == owner != "alice"
    assert tag["Values"][1].endswith("*") and tag["Values"][1] != "al*"
    assert others[:2] == filters[1:3]
    assert others[2]["Values"][0].startswith("vpc-000") and others[2]["Values"] != filters[3]["Values"]


def test_words_of_the_model_are_names_where_names_are() -> None:
    running = {"Reservations": [{"Instances": [{"State": {"Name": "running"}, "KeyName": "running"}]}]}
    instance = redact("ec2", "DescribeInstances", running)["Reservations"][0]["Instances"][0]
    assert instance["State"]["Name"] == "running"
    assert instance["KeyName"].startswith("alias-")


def test_messages_of_errors_keep_their_words() -> None:
    text = "Requested resource not found: Table: payroll-prod not found, as user 'alice' saw in vpc-0123456789abcdef0"
    op = MODELS.operation("dynamodb", "DescribeTable")
    error = Redactor(KEY).redact_answer(op, Answer(error=Failure(400, "ResourceNotFoundException", text))).error
    assert error and error.message and error.code == "ResourceNotFoundException"
    assert error.message.startswith("Requested resource not found: Table: alias-")
    assert not any(real in error.message for real in ("payroll", "alice", "0123456789abcdef0"))


CREDENTIALS = (
    "cognito-identity GetCredentialsForIdentity Credentials AccessKeyId SecretKey SessionToken Expiration",
    "sso GetRoleCredentials roleCredentials accessKeyId secretAccessKey sessionToken expiration",
    "sts AssumeRole Credentials AccessKeyId SecretAccessKey SessionToken Expiration",
)


def test_a_member_named_message_is_no_message_of_an_error() -> None:
    found = redact("eks", "DescribeInsightsRefresh", {"message": "stopped by alice", "status": "FAILED"})
    assert found["status"] == "FAILED"
    assert found["message"].startswith("alias-")


@pytest.mark.parametrize("case", CREDENTIALS)
def test_credentials_are_those_of_nobody_and_never_expire(case: str) -> None:
    service, operation, member, id_, secret, token, expiration = case.split()
    time: Value = 1767323045000 if service == "sso" else "2026-01-02T03:04:05Z"
    real = {id_: "ASIAY34FZKBOKMUTVV7A", secret: "zreal/secret", token: "zrealtoken", expiration: time}
    found = redact(service, operation, {member: real})[member]
    assert found[expiration] == (4102444799000 if service == "sso" else "2099-12-31T23:59:59Z")
    assert "zreal" not in json.dumps(found) and found[id_] != real[id_]
    assert found[secret].startswith("<alias-") and found[token].startswith("<alias-")


# --- other models -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_word_recorded", [True, False])
def test_a_request_matches_a_recording_with_a_model_that_has_other_words(is_word_recorded: bool) -> None:
    """One model publishes the word or marks the member as sensitive, the other one does not."""
    shapes = {
        "Input": {"type": "structure", "members": {"Mode": {"shape": "Mode"}, "Colour": {"shape": "Colour"}}},
        "Mode": {"type": "string"},
        "Colour": {"type": "string"},
    }
    with_word, without = (
        SmallModel("json", {**shapes, **more}).service.operations["Run"]
        for more in (
            {"Mode": {"type": "string", "enum": ["zebraic"]}, "Colour": {"type": "string", "sensitive": True}},
            {},
        )
    )
    recorded, live = (with_word, without) if is_word_recorded else (without, with_word)
    asked: dict[str, Value] = {"Mode": "zebraic", "Colour": "zrealish"}
    identity = Redactor(KEY).redact_identity(recorded, asked)
    assert (identity["Mode"] == "zebraic") == is_word_recorded
    track = Track("zservice", "Run", "eu-west-1", identity, None)
    models = Models({"zservice": live.service}, MODELS.entries, ("zservice",), MODELS.hosts)
    index = TrackIndex(models, [(track, (Take(track, ()),))], Redactor(KEY), has_key=True)
    assert index.find(Call(live, "eu-west-1", asked), PageRequest(asked, None, None)) == track


def test_what_is_quoted_as_a_whole_keeps_its_quotes() -> None:
    digest = "9b2cf535f27731c974343645a3985328"
    redactor = Redactor(KEY)
    tags = [
        redact("s3", "HeadObject", {"ETag": tag}, redactor)["ETag"]
        for tag in (f'"{digest}"', f'W/"{digest}"', f'"{digest}-12"', digest)
    ]
    plain = tags[-1]
    assert digest not in plain
    assert tags[:2] == [f'"{plain}"', f'W/"{plain}"']
    assert tags[2].startswith(f'"{plain}-')
    assert tags[2].endswith('"')


def test_a_secret_that_is_json_stays_json() -> None:
    secret = {
        "engine": "mysql",
        "username": "zalice",
        "password": "zhunter-2",
        "host": "zdb.c1a2b3.us-east-1.rds.amazonaws.com",
        "port": 3306,
        "API_TOKEN": "zt0ken",
        "zteam": {"zkey": ["zvalue", "arn:aws:iam::111122223333:role/zrole"]},
    }
    text = json.dumps(secret, indent=2)
    redactor = Redactor(KEY)
    found = redact("secretsmanager", "GetSecretValue", {"SecretString": text, "Name": "zalice"}, redactor)
    read = json.loads(found["SecretString"])
    assert not re.search("z(alice|hunter|db|t0|team|key|value|role)", found["SecretString"])
    assert "111122223333" not in found["SecretString"]
    assert list(read)[:6] == list(secret)[:6]
    assert (read["engine"], read["port"]) == ("mysql", 3306)
    assert read["username"] == found["Name"]
    assert read["password"].startswith("<alias-")
    assert read["host"].endswith(".us-east-1.rds.amazonaws.com")
    assert found["SecretString"].count("\n") == text.count("\n")
    again = redact("secretsmanager", "GetSecretValue", {"SecretString": found["SecretString"]}, Redactor(OTHER_KEY))
    assert again["SecretString"] == found["SecretString"]


# --- sensitive members and long numbers -------------------------------------------------------------------------

#: Values that look harmless.
SHORT_SECRETS = [
    "4711",
    "12.5",
    "2023-01-01",
    "1978-03-12",
    "8050",
    "true",
    "1",
    "a",
    "us-east-1",
    "mysql",
    "${x}",
    "!!",
]


@pytest.mark.parametrize("value", SHORT_SECRETS)
@pytest.mark.parametrize(
    ("service", "operation", "output"),
    [
        ("identitystore", "DescribeUser", {"Birthdate": "<x>"}),
        ("identitystore", "DescribeUser", {"Addresses": [{"PostalCode": "<x>"}]}),
        ("secretsmanager", "GetSecretValue", {"SecretString": "<x>"}),
        ("secretsmanager", "GetSecretValue", {"SecretString": '{"safe": "<x>"}'}),
        ("ssm", "GetParameter", {"Parameter": {"Type": "SecureString", "Value": "<x>"}}),
        ("lambda", "GetFunctionConfiguration", {"Environment": {"Variables": {"DOB": "<x>"}}}),
    ],
)
def test_what_the_model_marks_as_sensitive_is_replaced_whatever_it_looks_like(
    service: str, operation: str, output: Any, value: str
) -> None:
    filled = json.loads(json.dumps(output).replace("<x>", value))
    found = json.dumps(redact(service, operation, filled))
    assert f'"{value}"' not in found and f'\\"{value}\\"' not in found


def test_numbers_in_a_secret_are_replaced() -> None:
    redacted = redact("secretsmanager", "GetSecretValue", {"SecretString": '{"safe": 4711, "on": true, "port": 5432}'})
    assert "4711" not in redacted["SecretString"] and "true" in redacted["SecretString"]


def test_what_aws_answers_in_place_of_a_secret_stays() -> None:
    output: Any = {"Environment": {"Variables": {"A": "****", "B": ""}}}
    redacted = redact("lambda", "GetFunctionConfiguration", output)["Environment"]["Variables"]
    assert sorted(redacted.values()) == ["", "****"]


def test_a_sensitive_number_becomes_a_number_and_a_sensitive_time_a_time() -> None:
    position = redact("location", "GetDevicePosition", {"Position": [8.5562, 47.4124], "DeviceId": "x"})["Position"]
    assert all(type(each) is float for each in position) and not {8.5562, 47.4124} & set(position)
    time = redact("location", "GetDevicePosition", {"SampleTime": "1978-03-12T05:00:00Z"})["SampleTime"]
    assert re.fullmatch(r"2098-\d\d-\d\dT\d\d:\d\d:\d\dZ", time)


NUMBERS = '{"tel": 794128804, "geb": 19780312, "n": [-48291736, 794128804.5, 1234567, 123456], "e": 7.94128803E+8}'


@pytest.mark.parametrize(
    ("service", "operation", "output"),
    [
        ("logs", "FilterLogEvents", {"events": [{"message": NUMBERS}]}),
        ("s3", "GetObject", {"Body": NUMBERS}),
        ("bedrock-agentcore", "GetResourceApiKey", {"New": json.loads(NUMBERS)}),
    ],
)
def test_numbers_of_seven_digits_or_more_become_numbers(service: str, operation: str, output: Any) -> None:
    found = json.dumps(redact(service, operation, output))
    for real in ("794128804", "19780312", "48291736", "1234567,", "7.94128803", "794128803"):
        assert real not in found, real
    assert "123456]" in found
    numbers = re.findall(r": (-?[\d.]+)|[\[ ](-?[\d.]+)[,\]]", found)
    assert [len(a or b) for a, b in numbers][:4] == [9, 8, 9, 11]


def test_numbers_that_their_key_calls_a_size_or_a_time_stay() -> None:
    sizes = '{"sizeInBytes": 48291736, "timestamp": 1690884000000, "exp": 1690884000, "created_at": 1690884000}'
    assert (
        redact("logs", "FilterLogEvents", {"events": [{"message": sizes}]})["events"][0]["message"].count("1690884000")
        == 3
    )
    born = '{"birthDate": 19780312}'
    assert "19780312" not in redact("logs", "FilterLogEvents", {"events": [{"message": born}]})["events"][0]["message"]
