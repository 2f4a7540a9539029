"""Makes the calls that are recorded in a cassette in cassettes/: python tests/programs/examples.py NAME

Prints one line per page or error. All settings come from the environment; the names are those in the stand-in's data.
"""

import sys
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

ACCOUNT = "111122223333"
ANALYZER = f"arn:aws:access-analyzer:us-east-1:{ACCOUNT}:analyzer"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/DeployRole"


def pages(service: str, operation: str, size: int | None = None, **input_: Any) -> None:
    """Traverses a listing to its end."""
    client: Any = boto3.client(service)
    config = {"PageSize": size} if size else {}
    for number, page in enumerate(client.get_paginator(operation).paginate(**input_, PaginationConfig=config), 1):
        lists = {name: value for name, value in page.items() if isinstance(value, list)}
        counts = ", ".join(f"{len(value)} {name}" for name, value in lists.items())
        print(f"{service} {operation} page {number}: {counts}")


def policy_versions() -> None:
    """Lists with IAM's query protocol: Marker and IsTruncated."""
    for name in ("DeployPolicy", "team-a/AuditPolicy", "BoundaryPolicy"):
        pages("iam", "list_policy_versions", size=2, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{name}")


def policy_generations() -> None:
    """Lists with Access Analyzer's rest-json: nextToken in the query string; for one principal and for all."""
    pages("accessanalyzer", "list_policy_generations", size=1, principalArn=ROLE)
    pages("accessanalyzer", "list_policy_generations")


def roles() -> None:
    """Gets trust policies, attached policies (AWS managed and customer managed), and a role that does not exist."""
    pages("iam", "list_roles")
    pages("iam", "list_attached_role_policies", RoleName="DeployRole")
    try:
        boto3.client("iam").get_role(RoleName="NoSuchRole")
    except ClientError as error:
        print("iam get_role:", error.response["Error"]["Code"])


def findings() -> None:
    """Lists with POST, with the token in the body; gets a finding whose union spans several pages."""
    pages("accessanalyzer", "list_findings", analyzerArn=f"{ANALYZER}/account-external")
    finding = "00000000-0000-4000-9000-000000000011"
    pages("accessanalyzer", "get_finding_v2", analyzerArn=f"{ANALYZER}/account-unused", id=finding)


def empty_pages() -> None:
    """Lists what paging code often handles wrongly: an empty page that is not the last, and an empty listing."""
    pages("iam", "list_groups")
    pages("iam", "list_users")


EXAMPLES: dict[str, Callable[[], None]] = {
    "policy-versions": policy_versions,
    "policy-generations": policy_generations,
    "roles": roles,
    "findings": findings,
    "empty-pages": empty_pages,
}

if __name__ == "__main__":
    EXAMPLES[sys.argv[1]]()
