"""Traverses two AWS listings and prints one line per page, so that two runs can be compared by eye or by diff.

The program does not depend on recording: endpoint, proxy, CA, region and credentials come from the environment.

    python tests/programs/seed_operations.py [POLICY_ARN [PRINCIPAL_ARN]]
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import boto3

POLICY_ARN = "arn:aws:iam::111122223333:policy/DeployPolicy"
PRINCIPAL_ARN = "arn:aws:iam::111122223333:role/DeployRole"


def policy_versions(policy_arn: str) -> Iterator[str]:
    """Yields the versions of a policy, two per page."""
    iam: Any = boto3.client("iam")
    pages = iam.get_paginator("list_policy_versions").paginate(PolicyArn=policy_arn, PaginationConfig={"PageSize": 2})
    for number, page in enumerate(pages, 1):
        versions = ", ".join(version["VersionId"] for version in page["Versions"])
        yield f"iam ListPolicyVersions page {number}: {versions}"


def policy_generations(principal_arn: str) -> Iterator[str]:
    """Yields the policy generation jobs of a principal, one per page."""
    analyzer: Any = boto3.client("accessanalyzer")
    paginator = analyzer.get_paginator("list_policy_generations")
    pages = paginator.paginate(principalArn=principal_arn, PaginationConfig={"PageSize": 1})
    for number, page in enumerate(pages, 1):
        jobs = ", ".join(f"{job['status']} {job['startedOn']:%Y-%m-%d}" for job in page["policyGenerations"])
        yield f"accessanalyzer ListPolicyGenerations page {number}: {jobs}"


def main(arguments: list[str]) -> None:
    """Prints the pages. The ARNs come from the command line, else the environment, else the stand-in's data."""
    defaults = [os.environ.get("POLICY_ARN", POLICY_ARN), os.environ.get("PRINCIPAL_ARN", PRINCIPAL_ARN)]
    policy_arn, principal_arn = arguments + defaults[len(arguments) :]
    for line in policy_versions(policy_arn):
        print(line)
    for line in policy_generations(principal_arn):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
