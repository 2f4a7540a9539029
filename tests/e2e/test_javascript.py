"""Replay of a cassette recorded with boto3 to the AWS SDK for JavaScript, which npm installs if AWSTAPE_TEST_JS=1."""

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest

from e2e.conftest import Recorded
from e2e.harness import TESTS, Machine
from e2e.renaming import renaming
from support.demo_takes import NO_USERS
from support.paths import GUIDE
from support.standin import StandIn

pytestmark = [
    pytest.mark.skipif(os.environ.get("AWSTAPE_TEST_JS") != "1", reason="AWSTAPE_TEST_JS is not 1"),
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs node and npm"),
]
GUIDE_TEXT = (GUIDE / "languages.md").read_text("utf-8")
PROGRAM = ("node", str(TESTS / "programs" / "list_with_javascript.mjs"))


@pytest.fixture
def with_sdk(owner: Machine) -> Machine:
    """A machine with the SDK installed in its home folder, the working directory of its programs."""
    packages = (
        "@aws-sdk/client-iam",
        "@aws-sdk/client-accessanalyzer",
        "@aws-sdk/client-sqs",
        "@aws-sdk/client-s3",
        "global-agent",
        "https-proxy-agent",
        "aws-sdk@2",
    )
    command = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages)
    subprocess.run(command, cwd=owner.home, check=True, timeout=300, capture_output=True)
    return owner


def test_the_javascript_sdk_sees_the_same_data(recorded: Recorded, with_sdk: Machine, aws: StandIn) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "fake", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_REGION": "us-east-1"}
    real: Any = with_sdk.run(*PROGRAM, AWS_ENDPOINT_URL=aws.url, **keys).json
    assert [len(page["Versions"]) for page in real["versions"]] == [2, 2, 1]
    assert real["missing"] == {"code": "NoSuchEntityException", "status": 404}
    run = with_sdk.awstape("replay", recorded.cassette, "--", *PROGRAM)
    names = renaming(real, run.json)
    assert {"111122223333", "DeployRole", "ci", "o-exampleorgid"} <= names.keys()
    assert "miss" not in run.err


def test_the_javascript_sdk_pages_retries_and_gives_up_as_boto3_does(recorded: Recorded, with_sdk: Machine) -> None:
    """All paging modes give the same items. The SDK retries throttling and 5xx with its own delays, but not misses."""

    def items(answers: Any) -> dict[str, list[Any]]:
        lists = {"versions": "Versions", "roles": "Roles", "generations": "policyGenerations", "findings": "findings"}
        return {key: [item for page in answers[key] for item in page.get(name) or []] for key, name in lists.items()}

    faults = ("--fault=throttle ListRoles page=2", "--fault=internal ListFindings", "--fault=drop ListPolicyVersions")
    plain = with_sdk.awstape("replay", recorded.cassette, "--", *PROGRAM).json
    run = with_sdk.awstape("replay", recorded.cassette, "--paging=torture", *faults, "--", *PROGRAM).ok()
    assert items(run.json) == items(plain)
    assert [len(page.get("Roles") or []) for page in run.json["roles"]][-1] == 0, "the empty page at the end"
    assert "unused fault" not in run.err

    (with_sdk.home / "empty.yaml").write_text("version: 1\n")
    with with_sdk.server("replay", with_sdk.home / "empty.yaml") as replay:
        with_sdk.run(*PROGRAM, **replay.environ)
        misses = json.loads(replay.stop().err)["misses"]
    assert [miss["operation"] for miss in misses] == ["iam GetRole", "iam ListPolicyVersions"], "one request each"


LIST_WITH_V3 = """\
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
const client = new IAMClient({ region: "us-east-1", maxAttempts: 1 });
console.log((await client.send(new ListUsersCommand({}))).Users.length);
"""
WITH_AGENT = """\
import { HttpsProxyAgent } from "https-proxy-agent";
const requestHandler = { httpsAgent: new HttpsProxyAgent(process.env.HTTPS_PROXY) };
"""
LIST_WITH_V2 = """\
import AWS from "aws-sdk";
const client = new AWS.IAM({ region: "us-east-1", maxRetries: 0 });
console.log((await client.listUsers({}).promise()).Users.length);
"""


@pytest.mark.parametrize("way", ["v3, global-agent", "v3, https-proxy-agent", "v2, global-agent"])
def test_the_javascript_sdk_is_recorded_as_documented(way: str, with_sdk: Machine, aws: StandIn) -> None:
    text, script = LIST_WITH_V2 if way.startswith("v2") else LIST_WITH_V3, "node list.mjs"
    if way.endswith("https-proxy-agent"):
        text = WITH_AGENT + text.replace("maxAttempts: 1", "maxAttempts: 1, requestHandler")
    else:
        (preload,) = re.findall(
            "^export GLOBAL_AGENT.+",
            GUIDE_TEXT,
            re.MULTILINE,
        )
        script = f"{preload}; {script}"
    (with_sdk.home / "list.mjs").write_text(text)
    cassette = with_sdk.home / "tape.yaml"
    run = with_sdk.record(cassette, aws.url, command=("sh", "-c", script)).ok()
    assert "operation: ListUsers\n" in cassette.read_text("utf-8")
    replay = with_sdk.awstape("replay", cassette, "--proxy", "--", "sh", "-c", script).ok()
    assert replay.out == run.out
    assert aws.calls == {"ListUsers": 1}


WITH_QUEUE_V3 = """\
import { SQSClient, GetQueueUrlCommand, SendMessageBatchCommand } from "@aws-sdk/client-sqs";
const client = new SQSClient({ region: "us-east-1", maxAttempts: 1 });
const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: "jobs" }));
const Entries = [{ Id: "a", MessageBody: "x" }];
console.log((await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).Successful.length);
"""
WITH_QUEUE_V2 = """\
import AWS from "aws-sdk";
const client = new AWS.SQS({ region: "us-east-1", maxRetries: 0, endpoint: process.env.AWS_ENDPOINT_URL });
const { QueueUrl } = await client.getQueueUrl({ QueueName: "jobs" }).promise();
const Entries = [{ Id: "a", MessageBody: "x" }];
console.log((await client.sendMessageBatch({ QueueUrl, Entries }).promise()).Successful.length);
"""
QUEUE = """\
version: 1
---
service: sqs
operation: GetQueueUrl
region: us-east-1
identity: {QueueName: jobs}
pages:
- output: {QueueUrl: https://sqs.us-east-1.amazonaws.com/111122223333/jobs}
---
service: sqs
operation: SendMessageBatch
region: us-east-1
identity:
  QueueUrl: https://sqs.us-east-1.amazonaws.com/111122223333/jobs
  Entries: [{Id: a, MessageBody: x}]
pages:
- output: {Successful: [{Id: a, MessageId: id, MD5OfMessageBody: alias-4rkk2rr6s6}]}
"""


def test_the_javascript_sdk_uses_queues_offline(with_sdk: Machine) -> None:
    """It sends to the host in the URL of a queue, and checks the digests of messages."""
    (with_sdk.home / "tape.yaml").write_text(QUEUE)
    for text in (WITH_QUEUE_V3, WITH_QUEUE_V2):
        (with_sdk.home / "queue.mjs").write_text(text)
        for session in ("", "/~one"):
            script = f"AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL{session} node queue.mjs"
            run = with_sdk.awstape("replay", "--strict", "tape.yaml", "--", "sh", "-c", script).ok()
            assert run.out == "1\n"


GET_OBJECT = """\
import { S3Client, GetObjectCommand } from "@aws-sdk/client-s3";
const client = new S3Client({ region: "us-east-1", maxAttempts: 1 });
const { Body } = await client.send(new GetObjectCommand({ Bucket: "reports", Key: "a.csv" }));
console.log(await Body.transformToString());
"""
OBJECT = """\
version: 1
---
service: s3
operation: GetObject
identity: {Bucket: reports, Key: a.csv}
pages:
- output: {ContentLength: 99, %s: alias-kss67KKkmR==, Body: alias-tks7l42rml}
"""


def test_the_javascript_sdk_accepts_the_checksum_of_a_redacted_object(with_sdk: Machine) -> None:
    (with_sdk.home / "get.mjs").write_text(GET_OBJECT)
    for member in ("ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA256"):
        (with_sdk.home / "tape.yaml").write_text(OBJECT % member)
        run = with_sdk.awstape("replay", "--strict", "tape.yaml", "--", "node", "get.mjs").ok()
        assert run.out == "alias-tks7l42rml\n"


SESSION_TEST = """\
import { test } from "node:test";
import assert from "node:assert";
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
test("the first take", async () => {
  const { Users } = await new IAMClient({ region: "us-east-1" }).send(new ListUsersCommand({}));
  assert.equal(Users.length, %d);
});
"""
TAKES = (
    f"version: 1\n{NO_USERS}"
    """\
---
service: iam
operation: ListUsers
identity: {}
pages:
- output: {IsTruncated: false, Users: [{UserName: alias-srrm4262kR}]}
"""
)


RUNNERS = {
    "node --test": ([], ["node", "--test"], {}),
    "Vitest": (["vitest"], ["npx", "vitest", "run"], {"vitest.config.mjs": "export default { SETTING };"}),
    "Jest": (
        ["jest"],
        ["node", "--experimental-vm-modules", "node_modules/.bin/jest"],
        {"jest.config.mjs": 'export default { SETTING, testMatch: ["**/*.test.mjs"] };'},
    ),
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_each_test_file_has_a_session_as_documented(runner: str, with_sdk: Machine) -> None:
    """Both files get the first take; without sessions, the second one would get the second take."""
    packages, command, files = RUNNERS[runner]
    if packages:
        npm = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages)
        subprocess.run(npm, cwd=with_sdk.home, check=True, timeout=300, capture_output=True)
    (module,) = re.findall(r"^```js\n(// session.js\n.*?)^```", GUIDE_TEXT, re.MULTILINE | re.DOTALL)
    (setting,) = re.findall(
        rf"^\| {re.escape(f'`{runner}`' if ' ' in runner else runner)} \| `(.*?)`", GUIDE_TEXT, re.M
    )
    (with_sdk.home / "session.js").write_text(module)
    (with_sdk.home / "takes.yaml").write_text(TAKES)
    library = "node:test" if runner == "node --test" else "vitest" if runner == "Vitest" else "@jest/globals"
    for name in ("one", "two"):
        (with_sdk.home / f"{name}.test.mjs").write_text((SESSION_TEST % 0).replace("node:test", library))
    alone = [*command, "one.test.mjs", "two.test.mjs"]
    for name, text in files.items():
        (with_sdk.home / name).write_text(text.replace("SETTING, ", "").replace("SETTING", ""))
    assert with_sdk.awstape("replay", "takes.yaml", "--", *alone).status == 1, "no sessions"
    for name, text in files.items():
        (with_sdk.home / name).write_text(text.replace("SETTING", setting))
    documented = alone if files else [*setting.split(), *alone[2:]]
    run = with_sdk.awstape("replay", "takes.yaml", "--", *documented)
    assert run.status == 0, run.out + run.err


def test_npm_test_is_recorded_as_documented(with_sdk: Machine, aws: StandIn) -> None:
    (with_sdk.home / "list.mjs").write_text(LIST_WITH_V3)
    package = {"scripts": {"test": "node list.mjs"}, "type": "module"}
    (with_sdk.home / "package.json").write_text(json.dumps(package))
    without = with_sdk.record(with_sdk.home / "tape.yaml", aws.url, command=("npm", "test"))
    assert "nothing was recorded" in without.err and "npm i -D global-agent" in without.err
    (preload,) = re.findall("^export GLOBAL_AGENT.+", GUIDE_TEXT, re.MULTILINE)
    script = f"{preload}; npm test"
    with_sdk.record(with_sdk.home / "tape.yaml", aws.url, command=("sh", "-c", script)).ok()
    with_sdk.awstape("replay", "tape.yaml", "--", "npm", "test").ok()
    assert aws.calls == {"ListUsers": 1}
