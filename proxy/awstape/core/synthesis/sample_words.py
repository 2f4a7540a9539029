"""Sample words: services with their actions and resources, tags, descriptions and quotas, for generated values."""

from __future__ import annotations

from collections.abc import Mapping

from awstape.core.synthesis.entities import TEAMS

#: Namespace → the service's name and some of its actions, as in the service authorization reference.
SERVICES: Mapping[str, tuple[str, ...]] = {
    "s3": ("Amazon S3", "GetObject", "PutObject", "ListBucket", "DeleteObject"),
    "dynamodb": ("Amazon DynamoDB", "GetItem", "PutItem", "Query", "Scan"),
    "lambda": ("AWS Lambda", "InvokeFunction", "GetFunction", "ListFunctions"),
    "sqs": ("Amazon SQS", "SendMessage", "ReceiveMessage", "DeleteMessage"),
    "sns": ("Amazon SNS", "Publish", "Subscribe", "ListTopics"),
    "kms": ("AWS Key Management Service", "Decrypt", "Encrypt", "GenerateDataKey"),
    "ec2": ("Amazon EC2", "DescribeInstances", "StartInstances", "StopInstances"),
    "iam": ("AWS Identity and Access Management", "GetRole", "ListRoles", "PassRole"),
    "sts": ("AWS Security Token Service", "AssumeRole", "TagSession"),
    "logs": ("Amazon CloudWatch Logs", "CreateLogStream", "PutLogEvents"),
    "cloudwatch": ("Amazon CloudWatch", "PutMetricData", "GetMetricData"),
    "secretsmanager": ("AWS Secrets Manager", "GetSecretValue", "ListSecrets"),
    "ssm": ("AWS Systems Manager", "GetParameter", "PutParameter"),
    "ecr": ("Amazon Elastic Container Registry", "BatchGetImage", "PutImage"),
    "ecs": ("Amazon Elastic Container Service", "RunTask", "DescribeTasks"),
    "states": ("AWS Step Functions", "StartExecution", "DescribeExecution"),
    "events": ("Amazon EventBridge", "PutEvents", "PutRule"),
    "cloudformation": ("AWS CloudFormation", "CreateStack", "DescribeStacks"),
    "rds": ("Amazon RDS", "DescribeDBInstances", "CreateDBSnapshot"),
    "route53": ("Amazon Route 53", "ChangeResourceRecordSets", "ListHostedZones"),
    "kinesis": ("Amazon Kinesis", "PutRecord", "GetRecords"),
    "glue": ("AWS Glue", "StartJobRun", "GetTable"),
    "athena": ("Amazon Athena", "StartQueryExecution", "GetQueryResults"),
    "cloudtrail": ("AWS CloudTrail", "LookupEvents", "DescribeTrails"),
}
NAMESPACES = list(SERVICES)
ACTIONS = [f"{namespace}:{action}" for namespace, (_, *actions) in SERVICES.items() for action in actions]
#: For a text member without a generator.
WORDS = ("example", "An example of a text", "example-1", "v1", "/")
REGIONS = "us-east-1 us-west-2 eu-west-1 eu-central-1 ap-southeast-2".split()
TAGS: Mapping[str, tuple[str, ...]] = {
    "team": tuple(TEAMS),
    "stage": ("prod", "test", "dev"),
    "cost-centre": ("4100", "4200", "5300"),
    "managed-by": ("terraform", "cloudformation", "hand"),
    "data-class": ("public", "internal", "confidential"),
    "backup": ("daily", "weekly", "none"),
}
CONTEXT_KEYS = ("aws:SourceIp", "aws:MultiFactorAuthPresent", "aws:PrincipalTag/team", "s3:prefix")
DESCRIPTIONS = (
    "Reads what the nightly job writes",
    "Deploys from the pipeline",
    "Only for the on-call engineer",
    "Used by the monitoring agents",
    "",
)
#: Resource type → its ARN behind the service, and an action that other accounts may be allowed.
RESOURCES: Mapping[str, tuple[str, str]] = {
    "AWS::S3::Bucket": ("s3:::{name}", "s3:GetObject"),
    "AWS::IAM::Role": ("iam::{account}:role/{name}", "sts:AssumeRole"),
    "AWS::IAM::User": ("iam::{account}:user/{name}", "iam:CreateAccessKey"),
    "AWS::SQS::Queue": ("sqs:{region}:{account}:{name}", "sqs:SendMessage"),
    "AWS::Lambda::Function": ("lambda:{region}:{account}:function:{name}", "lambda:InvokeFunction"),
    "AWS::KMS::Key": ("kms:{region}:{account}:key/{uuid}", "kms:Decrypt"),
    "AWS::SecretsManager::Secret": ("secretsmanager:{region}:{account}:secret:{name}", "secretsmanager:GetSecretValue"),
    "AWS::SNS::Topic": ("sns:{region}:{account}:{name}", "sns:Publish"),
    "AWS::DynamoDB::Table": ("dynamodb:{region}:{account}:table/{name}", "dynamodb:GetItem"),
    "AWS::ECR::Repository": ("ecr:{region}:{account}:repository/{name}", "ecr:BatchGetImage"),
}
ISSUES = (
    ("SUGGESTION", "EMPTY_ARRAY_ACTION", "This statement includes no actions and does not affect the policy."),
    ("WARNING", "MISSING_VERSION", "We recommend that you specify the Version element."),
    (
        "SECURITY_WARNING",
        "PASS_ROLE_WITH_STAR_IN_RESOURCE",
        "Using the iam:PassRole action with wildcards is too open.",
    ),
    ("ERROR", "INVALID_ACTION", "The action does not exist. Did you mean another one?"),
)
#: Type of a finding → type of the resource that it concerns.
FINDING_TYPES: Mapping[str, str] = {
    "ExternalAccess": "AWS::S3::Bucket",
    "UnusedIAMRole": "AWS::IAM::Role",
    "UnusedIAMUserAccessKey": "AWS::IAM::User",
    "UnusedIAMUserPassword": "AWS::IAM::User",
    "UnusedPermission": "AWS::IAM::Role",
}
#: The counts in an account's summary, and its quotas with IAM's default values.
COUNTED = (
    "Groups InstanceProfiles MFADevices MFADevicesInUse Policies PolicyVersionsInUse Providers Roles Users".split()
)
QUOTAS: Mapping[str, int] = {
    "AccessKeysPerUserQuota": 2,
    "AssumeRolePolicySizeQuota": 2048,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "GlobalEndpointTokenVersion": 1,
    "GroupPolicySizeQuota": 5120,
    "GroupsPerUserQuota": 10,
    "GroupsQuota": 300,
    "InstanceProfilesQuota": 1000,
    "PoliciesQuota": 1500,
    "PolicySizeQuota": 6144,
    "PolicyVersionsInUseQuota": 10000,
    "RolePolicySizeQuota": 10240,
    "RolesQuota": 1000,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": 2,
    "UserPolicySizeQuota": 2048,
    "UsersQuota": 5000,
    "VersionsPerPolicyQuota": 5,
}
