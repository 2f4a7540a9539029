"""AWS's own names, as data: accounts, service principals, identity providers, paths and prefixes of names.

They identify no customer. What AWS names in the policies that it manages is in `published_names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from awstape.core.redaction.text.published_names import PUBLISHED_NAMES
from awstape.core.text.lazy_pattern import lazy_pattern

# --- accounts ---------------------------------------------------------------------------------------------------

#: Words in the account's place of ARNs of resources that AWS or its partners own.
ACCOUNT_WORDS = frozenset({"aws", "aws-managed", "cloudfront", "partner"})
# Each table has its public source. Terraform's provider for AWS has the first three, too, in
# `service/{elb,redshift,cloudtrail}/service_account_data_source.go`.
#: docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
_LOAD_BALANCING = """
    127311923021 033677994240 027434742980 797873946194 098369216593 754344448648 589379963580 718504428378
    383597477331 600734575887 114774131450 783225319266 582318560864 985666609251 054676820928 156460612806
    652711504416 635631232127 009996457667 897822967062 076674570225 507241528517 048591011584 190560391635
    638102146993 037604701340
"""
#: docs.aws.amazon.com/redshift/latest/mgmt/db-auditing.html
_REDSHIFT = """
    193672423079 391106570357 262260360010 902366379725 365689465814 313564881002 865932855811 090321488786
    760740231472 361669875840 762762565011 404641285394 907379612154 053454850223 210876761215 307160386991
    945612479654 915173422425 729911121831 013126148197 075028567923 111890595117 660998842044 665727464434
"""
#: docs.aws.amazon.com/awscloudtrail, "Amazon S3 bucket policy for CloudTrail": old policies of buckets.
_CLOUDTRAIL = """
    119688915426 216624486486 492519147666 765225791966 977081816279 903692715234 284668455005 819402241893
    193415116832 681348832753 035351147821 829690693026 669305197877 859597730677 282025262664 262312530599
    034638983726 814480443879 086441151436 475085895292 608710470296 388731089494 113285607260
"""
#: Owners of public images and of EKS's registries → what shows it.
_IMAGES = {
    "137112412989": "Amazon Linux: the AWS CLI's example of `ec2 describe-instance-image-metadata`",
    "591542846629": "ECS: public templates of Terraform, which filter by `amzn2-ami-ecs-hvm-*`",
    "801119661308": "Windows: public templates of Terraform, which filter by `Windows_Server-2022-English-*`",
    "602401143452": "EKS: docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html",
    "679593333241": "AWS Marketplace: tests/integration-tests/tests/common/utils.py of aws-parallelcluster",
    "099720109477": "Canonical: the same file",
    "309956199498": "Red Hat: lib/kitchen/driver/aws/standard_platform/rhel.rb of test-kitchen's kitchen-ec2",
    "136693071363": "Debian: wiki.debian.org/Cloud/AmazonEC2Image; debian.rb in the same folder",
    "013907871322": "SUSE: public templates of Terraform, which filter by `suse-sles-15-sp5-*`",
}
#: Accounts that AWS-managed policies name (moto publishes them).
_MANAGED_POLICIES = """
    336392948345 446372222237 098862408343 540708452589 531415883065 251351625822 210686502322
"""
#: Accounts that AWS or a publisher of public images owns.
AWS_ACCOUNTS = frozenset([*" ".join((_LOAD_BALANCING, _REDSHIFT, _CLOUDTRAIL, _MANAGED_POLICIES)).split(), *_IMAGES])

# --- service principals -----------------------------------------------------------------------------------------

REGION = r"(?:af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(?:-[a-z]+){1,2}-\d"
_WHOLE_REGION = lazy_pattern(REGION)
_SUFFIX = r"(?:amazonaws\.(?:com(?:\.cn)?|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|aws\.internal)"
#: Services that have principals for their parts (`delivery.logs.amazonaws.com`) and no hosts of customers below them.
_WHOLES = "|".join(
    """
    apigateway application-autoscaling aps aoss athena bcm bedrock bedrock-agentcore cassandra cloudformation cloudwatch
    cognito-idp config connect discovery ecr eks elasticbeanstalk emr-serverless events guardduty inspector2 jobs.iot
    lambda lex
    lexv2 logs marketplace member-account observabilityadmin proton security-ir servicecatalog ssm sso thinclient
    trustedadvisor tunneling.iot visualization workmail
    """.split()
)
_PRINCIPAL = lazy_pattern(
    rf"(?:[a-z][a-z0-9-]*(?:\.(?:{_WHOLES}))?(?:\.{REGION})?"
    rf"|s3\.data-source\.(?:lustre|openzfs)\.fsx|(?:elasticloadbalancing|log|logging)\.(?:s3|logdelivery)"
    rf"|logdelivery\.elasticloadbalancing|elasticfilesystem\.client|(?:internal|storage)\.s3)\.{_SUFFIX}"
)


def is_service_principal(text: str) -> bool:
    """True for the name of an AWS service in a policy: `lambda.amazonaws.com`, `states.eu-west-1.amazonaws.com`.

    Hosts with a customer's name, such as `finance.s3.amazonaws.com`, are none.
    """
    return _PRINCIPAL.fullmatch(text) is not None


# --- identity providers -----------------------------------------------------------------------------------------

#: Providers that customers share: the host and what follows it. Words in capitals are the customer's.
PROVIDERS = (
    "accounts.google.com",
    "agent.buildkite.com",
    "api.bitbucket.org/2.0/workspaces/NAME/pipelines-config/identity/oidc",
    "api.pulumi.com/oidc",
    "app.terraform.io",
    "appleid.apple.com",
    "cognito-identity.amazonaws.com",
    "gitlab.com",
    "graph.facebook.com",
    "login.microsoftonline.com/NAME/v2.0",
    "oauth.platform.deepset.ai",
    "oidc.circleci.com/org/NAME",
    "oidc.vercel.com/NAME",
    "securetoken.google.com/NAME",
    "sts.windows.net/NAME",
    "token.actions.githubusercontent.com",
    "vstoken.dev.azure.com/NAME",
    "www.amazon.com",
)
#: Providers with a host for each region.
_REGIONAL_PROVIDERS = lazy_pattern(rf"(oidc\.eks\.{REGION}\.{_SUFFIX}/id|cognito-idp\.{REGION}\.{_SUFFIX})(/.+)")
#: What stands beside a wildcard for the region or the id.
PROVIDER_PIECES = frozenset({"amazonaws.com", "amazonaws.com/id", "cognito-idp", "id", "oidc.eks"})
_PROVIDERS_BY_HOST = {form.partition("/")[0]: form.split("/") for form in PROVIDERS}


def split_provider(name: str) -> tuple[list[str], list[bool]] | None:
    """The segments of a shared provider's name, and which of them are a customer's; None for any other provider."""
    if match := _REGIONAL_PROVIDERS.fullmatch(name):
        public = match[1].split("/")
        private = match[2].split("/")[1:]
        return [*public, *private], [False] * len(public) + [bool(segment) for segment in private]
    segments = name.split("/")
    form = _PROVIDERS_BY_HOST.get(segments[0])
    if form is None:
        return None
    form = form + ["NAME"] * (len(segments) - len(form))
    return segments, [segment not in ("", word) for segment, word in zip(segments, form, strict=False)]


# --- names ------------------------------------------------------------------------------------------------------

#: Segments of IAM paths and words of keys of objects that AWS assigns.
PATH_WORDS = frozenset({"aws-service-role", "service-role", "aws-reserved"})
OBJECT_WORDS = frozenset(
    """
    AWSLogs CloudTrail CloudTrail-Digest Config application-transformation elasticloadbalancing refactoringtoolkit
    vpcflowlogs
    """.split()
)
#: Names that AWS gives to everybody: kind → names.
_COMMON_NAMES: dict[str, frozenset[str]] = {
    "role": frozenset(
        """
        OrganizationAccountAccessRole AWSControlTowerExecution aws-elasticbeanstalk-ec2-role
        aws-elasticbeanstalk-service-role ecsTaskExecutionRole
        """.split()
    ),
    "workgroup": frozenset({"primary"}),
    "analyzer": frozenset(
        f"{kind}ConsoleAnalyzer-{zone}" for kind in ("", "UnusedAccess-") for zone in ("account", "organization")
    ),
    "event-bus": frozenset({"default"}),
    "capacity-provider": frozenset({"FARGATE", "FARGATE_SPOT"}),
    "evaluator": frozenset({"Builtin", "ThirdParty"}),
}
#: Beginnings of names that AWS gives: kind → beginnings. What follows is the customer's.
_COMMON_PREFIXES: dict[str, tuple[str, ...]] = {
    "object": ("migrationhub-orchestrator-vmie-",),
    "bucket": (
        "aws-athena-query-results-",
        "aws-cloudtrail-logs-",
        "aws-codestar-",
        "aws-glue-",
        "aws-sam-cli-managed-default-",
        "aws-waf-logs-",
        "cdk-",
        "cf-templates-",
        "codepipeline-",
        "config-bucket-",
        "elasticbeanstalk-",
        "sagemaker-",
    ),
    # Names that the console gives, with a UUID or a region behind them.
    "analyzer": ("ConsoleAnalyzer-", "UnusedAccess-ConsoleAnalyzer-"),
    "archive-rule": ("ArchiveRule-",),
    "opsmetadata": ("LaunchWizard",),
    "parameter": ("amazon/datazone/",),
    "role": ("cdk-", "AmazonSageMaker-ExecutionRole-", "AWSReservedSSO_"),
    "saml-provider": ("AWSSSO_",),
    "secret": ("rds!", "ecs-sc!", "events!", "redshift!"),
}
#: Documents, Config rules, permissions and the like that AWS owns: kind → beginnings of names that nobody else gives.
_OWN: dict[str, re.Pattern[str]] = {
    "document": lazy_pattern(r"(?:AWS|Amazon|Aws)[A-Za-z0-9]*-.+"),
    "automation-definition": lazy_pattern(r"(?:AWS|Amazon|Aws)[A-Za-z0-9]*-.+"),
    "permission": lazy_pattern(r"AWSRAM.+"),
    **dict.fromkeys(("cluster-pg", "og", "parametergroup", "pg"), lazy_pattern(r"default[.:].+")),
    "cert": lazy_pattern(r"rds-ca-.+"),
    "key": lazy_pattern(r"alias/aws/.+"),
    "type": lazy_pattern(r"AWS-.+"),
    "transform": lazy_pattern(r"Serverless-\d{4}-\d\d-\d\d|Include|AWS::.+"),
    "extension": lazy_pattern(r"AWS\.AppConfig\..+"),
    "jobTemplates": lazy_pattern(r"System-.+"),
    "presets": lazy_pattern(r"System-.+"),
    "patchbaseline": lazy_pattern(r"AWS-.+"),
}
ROLE_KINDS = frozenset({"role", "entity"})
_SERVICE_LINKED = lazy_pattern(r"(AWSServiceRoleFor[A-Za-z0-9-]+)(?:_(.*))?", re.DOTALL)
#: Words below `/aws/` in names of log groups: services, and kinds of their resources.
_GROUP_WORDS = "|".join(
    """
    AccessLogs MediaPackage amazonmq amplify apigateway application-discovery-service application-signals apprunner
    appsignals appstudio appsync batch bedrock bedrock-agentcore braket chatbot chime cleanrooms cloudfront cloudhsm
    cloudtrail cloudwatch cluster codebuild codepipeline cognito config connect container-logs containerinsights
    data-transfer datasync devices directoryservice dms docdb ecs eks elasticache elasticbeanstalk events
    evaluations fsx glue gamelift greengrass guardduty imagebuilder inspector2 instance internet-monitor iot
    iotmanagedintegrations iotsitewise iotwireless kafka kinesis-analytics kinesisfirehose lambda lambda-insights
    lex macie managedblockchain mediaconvert medialive monitron msk mwaa mwaa-serverless neptune network-firewall
    omics opensearch-service opensearchservice panorama pipes platform proxy qbusiness quicksight rds redshift
    robomaker route53 runtimes sagemaker sagemaker-geospatial ses spans ssm states synthetics transfer vendedlogs
    verified-access vpc vpc-lattice waf workspaces-web Clusters Endpoints LabelingJobs NotebookInstances
    ProcessingJobs TrainingJobs TransformJobs
    """.split()
)
_GROUP = lazy_pattern(rf"aws-controltower/|/?aws(?:/(?:{_GROUP_WORDS})(?=/|$))*(?:/|$)")
#: The beginning of an id before a wildcard.
ID_PREFIX = lazy_pattern(
    r"(?:acl|ami|cgw|cr|crf|dopt|eipalloc|eni|fs|fsap|i|igw|key|lic|lt|mi|mrk|mw|nat|oi|pb|pcx|pl|rtb|sg|sgr|snap|sr"
    r"|subnet|svc|tgw|tgw-attach|tgw-rtb|vgw|vol|vpc|vpce|vpce-svc|vpn)-[*?]+"
)


class _Published(NamedTuple):
    """Kind → what AWS has of it: whole names, pieces of names beside a wildcard, beginnings, the longest first."""

    names: Mapping[str, frozenset[str]]
    pieces: Mapping[str, frozenset[str]]
    prefixes: Mapping[str, tuple[str, ...]]


@cache
def _published() -> _Published:
    names: dict[str, set[str]] = {kind: set(common) for kind, common in _COMMON_NAMES.items()}
    pieces: dict[str, set[str]] = {}
    prefixes: dict[str, set[str]] = {kind: set(common) for kind, common in _COMMON_PREFIXES.items()}
    for kind, patterns in _read_published():
        for pattern in patterns:
            first, *others = re.split(r"\*|\$\{[^{}]*\}", pattern)
            (pieces if others else names).setdefault(kind, set()).update([first, *others])
            if others and len(first) >= _SHORTEST_PREFIX and first[-1] in "-_!/":
                prefixes.setdefault(kind, set()).add(first)
    longest_first = {kind: tuple(sorted(found, key=len, reverse=True)) for kind, found in prefixes.items()}
    return _Published(
        {kind: frozenset(found) for kind, found in names.items()},
        {kind: frozenset(found) for kind, found in pieces.items()},
        longest_first,
    )


def _read_published() -> Iterator[tuple[str, list[str]]]:
    for block in re.split(r"\n(?! )", PUBLISHED_NAMES.strip("\n")):
        kind, *patterns = block.split()
        yield kind, patterns


_SHORTEST_PREFIX = 5
_NONE: frozenset[str] = frozenset()
#: Kinds of so many things that their published names are public in ARNs only.
_WITHIN_ARNS = frozenset({"object", "part"})


def is_public_name(kind: str, name: str) -> bool:
    """True for names that AWS assigns, in the places of that kind: service-linked roles, documents, principals."""
    if name in _published().names.get(kind, _NONE) and kind not in _WITHIN_ARNS:
        return True
    own = _OWN.get(kind)
    if own is not None and own.fullmatch(name):
        return True
    if kind in ("role", "path", "client", "principal", "requestor") and is_service_principal(name):
        return kind != "role"
    return kind == "path" and (name in PATH_WORDS or _WHOLE_REGION.fullmatch(name) is not None)


def is_published(kind: str, text: str, *, is_whole: bool) -> bool:
    """True for a name in an ARN, or a piece of one beside a wildcard, that AWS has there: `awseb-` of `awseb-*`."""
    published = _published().names if is_whole else _published().pieces
    return text in published.get(kind, _NONE) or is_public_name(kind, text)


def public_prefix(kind: str, name: str) -> str:
    """The beginning of a name that AWS assigns, while the rest is the customer's: `elasticbeanstalk-`; else nothing."""
    if kind in ROLE_KINDS and (linked := _SERVICE_LINKED.fullmatch(name)):
        return name if linked[2] is None else f"{linked[1]}_"
    if kind == "log-group" and (group := _GROUP.match(name)):
        return group[0]
    prefixes = _published().prefixes.get(kind, ())
    if name.startswith(prefixes):
        return next(filter(name.startswith, prefixes))
    return "/" if kind == "log-group" and name.startswith("/") else ""
