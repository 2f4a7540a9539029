"""Requests everything that the tests record, and prints the responses that boto3 parsed as one JSON document.

    python tests/programs/list_everything.py [--names FILE.json] [--threads N]

The document maps a label to the pages, without ResponseMetadata and page tokens, or to the error of a failed call. Two
runs against the same data print the same bytes, independent of the order of the calls. FILE.json replaces names (see
NAMES), so that a replay can be asked for aliases. All other settings come from the environment.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

NAMES = {
    "deploy_policy": "arn:aws:iam::111122223333:policy/DeployPolicy",
    "audit_policy": "arn:aws:iam::111122223333:policy/team-a/AuditPolicy",
    "boundary_policy": "arn:aws:iam::111122223333:policy/BoundaryPolicy",
    "role_name": "DeployRole",
    "role_arn": "arn:aws:iam::111122223333:role/DeployRole",
    "missing_role_name": "NoSuchRole",
    "external_analyzer": "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/account-external",
    "unused_analyzer": "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/account-unused",
    "finding_id": "00000000-0000-4000-9000-000000000011",
}
TOKENS = {"Marker", "nextToken", "NextToken"}

Ask = Callable[[], Any]


def questions(names: Mapping[str, str]) -> dict[str, Ask]:
    """Returns label → function that makes the calls; no call is made before."""
    iam: Any = boto3.client("iam")
    analyzer: Any = boto3.client("accessanalyzer")

    def pages(client: Any, operation: str, size: int | None = None, **arguments: Any) -> Ask:
        paginator = client.get_paginator(operation)
        return lambda: list(paginator.paginate(**arguments, PaginationConfig={"PageSize": size}))

    def call(client: Any, operation: str, **arguments: Any) -> Ask:
        return lambda: [getattr(client, operation)(**arguments)]

    external, unused = names["external_analyzer"], names["unused_analyzer"]
    return {
        "versions of the deploy policy": pages(iam, "list_policy_versions", 2, PolicyArn=names["deploy_policy"]),
        "versions of the audit policy": pages(iam, "list_policy_versions", 2, PolicyArn=names["audit_policy"]),
        "versions of the boundary policy": pages(iam, "list_policy_versions", PolicyArn=names["boundary_policy"]),
        "roles": pages(iam, "list_roles"),
        "users": pages(iam, "list_users"),
        "groups": pages(iam, "list_groups"),
        "policies of the role": pages(iam, "list_attached_role_policies", RoleName=names["role_name"]),
        "account": pages(iam, "get_account_authorization_details"),
        "credential report": call(iam, "get_credential_report"),
        "missing role": call(iam, "get_role", RoleName=names["missing_role_name"]),
        "generations of the role": pages(analyzer, "list_policy_generations", 1, principalArn=names["role_arn"]),
        "generations": pages(analyzer, "list_policy_generations"),
        "findings": pages(analyzer, "list_findings", analyzerArn=external),
        "active findings": pages(
            analyzer, "list_findings", 3, analyzerArn=external, filter={"status": {"eq": ["ACTIVE"]}}
        ),
        "unused access": pages(analyzer, "list_findings_v2", analyzerArn=unused),
        "unused permissions": pages(analyzer, "get_finding_v2", analyzerArn=unused, id=names["finding_id"]),
    }


def answered(ask: Ask) -> Any:
    """Returns the pages without the members that differ from run to run, or the error."""
    try:
        pages = ask()
    except ClientError as error:
        details: Any = error.response
        status = details["ResponseMetadata"]["HTTPStatusCode"]
        return {"Code": details["Error"]["Code"], "Message": details["Error"]["Message"], "status": status}
    return [{k: v for k, v in page.items() if k not in TOKENS | {"ResponseMetadata"}} for page in pages]


def plain(value: object) -> str:
    """Converts a value that JSON can't represent."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def main() -> None:
    """Makes all calls, in sequence or in parallel, and prints the results in the order of the questions."""
    parser = argparse.ArgumentParser(description="Prints everything that the tests record as one JSON document.")
    parser.add_argument("--names", type=Path, metavar="FILE.json", help="names to request instead of the stand-in's")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="number of parallel listings (default: 1)")
    options = parser.parse_args()
    names = json.loads(options.names.read_text()) if options.names else {}
    if unknown := sorted(names.keys() - NAMES.keys()):
        parser.error(f"no such names: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    asks = questions(NAMES | names)
    with ThreadPoolExecutor(options.threads) as pool:
        answers = dict(zip(asks, pool.map(answered, asks.values()), strict=True))
    print(json.dumps(answers, indent=1, default=plain))


if __name__ == "__main__":
    main()
