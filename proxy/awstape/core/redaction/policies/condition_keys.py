"""Condition keys of policies: what kind of values each has, and redaction of the keys themselves.

1. A key is public. The host of a federated provider before its claim (`login.corp.example:sub`) has the same alias as
   in the provider's ARN. Behind `/` is a tag key or the like, which stays unless it holds an identifier.
2. A key counts in any letters, as in IAM.
3. A tag, or a member of JSON, whose name says that it holds a secret is recognised by its name
   (`core.redaction.private_values.secret_labels`).
4. The tables name the keys with values of their own kind. The values of all others are free text.
   Source: "Actions, resources, and condition keys for AWS services" in the service authorization reference, "AWS global
   condition context keys" and "Available keys for AWS web identity federation" in IAM's user guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import is_service_principal, redact_provider
from awstape.core.redaction.text.identifier_search import redact_accounts, redact_blocks, redact_identifiers
from awstape.core.text.encoded_text import rewrite_encoded_runs
from awstape.core.text.lazy_pattern import lazy_pattern

#: Condition key → kind of the names that are its values.
NAME_KEYS: Mapping[str, str] = {
    "sts:externalid": "external-id",
    "aws:username": "user",
    "sts:rolesessionname": "session",
    "aws:sourceidentity": "user",
    "sts:sourceidentity": "user",
    "dynamodb:leadingkeys": "leading-key",
    "ec2:keypairname": "key-pair",
}
#: Keys with values that are words of AWS: services, regions, operations, types, protocols.
WORD_KEYS = frozenset(
    """
    application-autoscaling:scalable-dimension application-autoscaling:service-namespace
    aws:calledvia aws:calledviafirst aws:calledvialast aws:principaltype aws:principalservicename
    aws:principalservicenameslist aws:requestedregion aws:viaawsservice cloudformation:resourcetypes
    cloudtrail:eventtype devops-guru:servicenames dynamodb:fulltablescan dynamodb:returnvalues dynamodb:select
    ec2:authorizedservice ec2:availabilityzone ec2:ebsoptimized ec2:instancemarkettype ec2:instancetype
    ec2:instancefamily ec2:metadatahttptokens ec2:region ec2:rootdevicetype ec2:tenancy ec2:volumetype
    ec2:vpceservicename ecs:account-setting ecs:capacity-provider-type eks:accessentrytype eks:accessscope
    elasticloadbalancing:listenerprotocol elasticloadbalancing:scheme events:managedby events:source glue:roleassumedby
    iam:awsservicename iam:passedtoservice kms:encryptionalgorithm kms:grantconstrainttype kms:grantoperations
    kms:keyorigin kms:keyspec kms:keyusage kms:signingalgorithm kms:viaservice lambda:principal
    organizations:policytype organizations:serviceprincipal rds:databaseclass rds:databaseengine s3:authtype
    s3:delimiter s3:locationconstraint s3:object-lock-mode s3:signatureversion s3:tlsversion s3:x-amz-acl
    s3:x-amz-content-sha256 s3:x-amz-server-side-encryption s3:x-amz-storage-class sns:protocol sts:awsservicename
    """.split()
)
#: `ec2:CreateAction`, `codestar-connections:PassedToService`: words whatever the service.
_WORD_KEY = lazy_pattern(r"[\w-]+:(?:createaction|passedtoservice|taggingaction|calledaction)")
#: Keys with values that are addresses, also under operators for texts.
ADDRESS_KEYS = frozenset({"aws:sourceip", "aws:vpcsourceip", "aws:ec2instancesourceprivateipv4"})
#: Keys with paths of objects → what would make an ARN of them.
PATH_KEYS: Mapping[str, str] = {"s3:prefix": "arn:aws:s3:::*/", "s3:x-amz-copy-source": "arn:aws:s3:::"}
#: Keys with ids of organisations, or paths of them: `o-…/r-…/ou-…/`.
ORGANIZATION_KEY = lazy_pattern(r"aws:(?:principal|resource|source)org(?:id|paths)")
#: Keys with ARNs, also ones that begin with a wildcard: `*:role/Deployer`.
ARN_KEY = lazy_pattern(r"[\w-]+:\w*arn|iam:permissionsboundary|sts:requestcontextproviders")
#: `aws:RequestTag/team`: the values are those of tags.
TAG_KEY = lazy_pattern(r"[\w-]+:\w*tag/(?P<tag>.+)", re.DOTALL)
#: `oidc.example.com/id/1:sub`
PROVIDER_KEY = lazy_pattern(r"(?P<provider>(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?:/[^\s:]*)?):(?P<claim>[A-Za-z]\w*)")
#: Claims with values that are words of the protocol.
WORD_CLAIMS = frozenset(
    """
    azp_type deployment_tier environment_protected event_name pipeline_source project_visibility ref_protected ref_type
    repository_visibility runner_environment sub_type terraform_run_phase user_access_level
    """.split()
)


def has_words(key: str) -> bool:
    """Whether the values of a condition key, in lower case, are words of AWS or of a protocol."""
    claim = key.rpartition(":")[2]
    return key in WORD_KEYS or claim in WORD_CLAIMS or _WORD_KEY.fullmatch(key) is not None


def find_provider(key: str) -> re.Match[str] | None:
    """The match of `PROVIDER_KEY` for a key that begins with a federated provider; None for any other text."""
    match = PROVIDER_KEY.fullmatch(key)
    return None if match is None or key.startswith("arn:") or is_service_principal(match["provider"]) else match


def redact_provider_key(text: str, aliases: Aliases) -> str | None:
    """The condition key of a federated provider with an alias for its host; None for any other text."""
    match = find_provider(text)
    return match and redact_accounts(f"{redact_provider(match['provider'], aliases)}:{match['claim']}", aliases)


def redact_condition_key(text: str, aliases: Aliases) -> str:
    """A condition key, redacted."""
    return redact_provider_key(text, aliases) or redact_word(text, aliases)


def redact_word(text: str, aliases: Aliases) -> str:
    """A word of AWS's or of the policy's author: only identifiers in it become aliases."""
    text = rewrite_encoded_runs(redact_blocks(text, aliases), lambda inner: redact_word(inner, aliases))
    return redact_accounts(redact_identifiers(text, aliases), aliases)
