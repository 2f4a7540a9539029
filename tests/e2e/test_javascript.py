"""A cassette that boto3 recorded, replayed to the AWS SDK for JavaScript; AWSTAPE_TEST_JS=1 has npm fetch that."""

import os
import shutil
import subprocess
from typing import Any

import pytest

from e2e.conftest import Recorded
from e2e.harness import TESTS, Machine
from e2e.renaming import renaming
from standin import StandIn

pytestmark = [
    pytest.mark.skipif(os.environ.get("AWSTAPE_TEST_JS") != "1", reason="AWSTAPE_TEST_JS is not 1"),
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs node and npm"),
]
PROGRAM = ("node", str(TESTS / "programs" / "list_with_javascript.mjs"))


@pytest.fixture
def with_sdk(owner: Machine) -> Machine:
    """A machine with the SDK installed in its home, where its programs run."""
    packages = ("@aws-sdk/client-iam", "@aws-sdk/client-accessanalyzer")
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
