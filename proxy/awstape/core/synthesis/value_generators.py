"""Value generators for synthetic cassettes, chosen by member or shape.

1. A generator is found by structure and member, by member, or by shape, in this order. A member without a generator
   gets a value that its shape allows: a word of its enum, a boolean, a number.
2. Generators ignore the limits of shapes; `core.synthesis.synthetic_takes` checks their values. A generator of texts
   for a member that is a list generates the texts of the items.
3. Generators return real-looking values and no aliases; redaction makes the aliases, as in a recording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from awstape.core.aws.model import Value
from awstape.core.synthesis.entities import LETTERS, NAMES, TEAMS, unique_id
from awstape.core.synthesis.generation_context import Context
from awstape.core.synthesis.sample_documents import (
    OTHER_ACCOUNTS,
    credential_report,
    permissions_policy,
    resource_policy,
    trust_policy,
)
from awstape.core.synthesis.sample_words import (
    ACTIONS,
    CONTEXT_KEYS,
    COUNTED,
    DESCRIPTIONS,
    FINDING_TYPES,
    ISSUES,
    NAMESPACES,
    QUOTAS,
    REGIONS,
    RESOURCES,
    SERVICES,
    TAGS,
)

Generator = Callable[[Context], Value]

# --- generators -------------------------------------------------------------------------------------------------------


def _one_of(*options: Value) -> Generator:
    return lambda context: context.seed.choose(options)


def _number(low: int, high: int) -> Generator:
    return lambda context: context.seed.number(low, high)


def _in_turn(options: Sequence[str]) -> Generator:
    """The options in turn, then with a number, so that no two items of a list are the same."""

    def generate(context: Context) -> str:
        turn, rank = divmod(context.index, len(options))
        return f"{options[rank]}-{turn + 1}" if turn else options[rank]

    return generate


def _from_identity(name: str, otherwise: Generator) -> Generator:
    """The items of a list in the identity, in turn; without the list, the values of another generator."""

    def generate(context: Context) -> Value:
        given = context.identity.get(name)
        return given[context.index % len(given)] if isinstance(given, list) and given else otherwise(context)

    return generate


def _id(prefix: str) -> Generator:
    return lambda context: unique_id(prefix, context.seed)


def _uuid(context: Context) -> Value:
    return context.seed.uuid()


def _name(kind: str) -> Generator:
    return lambda context: context.entity(kind).name


def _arn(kind: str) -> Generator:
    return lambda context: context.entity(kind).arn


def _of_subject(attribute: str, otherwise: str) -> Generator:
    """An attribute of the entity that a structure describes; else of an entity of a kind."""
    return lambda context: getattr(context.subject or context.entity(otherwise), attribute)


def _tag_value(context: Context) -> Value:
    return context.seed.choose(list(TAGS.values())[context.index % len(TAGS)])


def _tags(context: Context) -> Value:
    return {key: context.seed.at(key).choose(TAGS[key]) for key in ("team", "stage")}


def _summary(context: Context) -> Value:
    return {**{name: context.seed.at(name).number(1, 90) for name in COUNTED}, **QUOTAS}


def _service_name(context: Context) -> Value:
    """The name of the service whose namespace the next member is: both take the namespaces in turn."""
    namespace = str(_in_turn(NAMESPACES)(context))
    bare, _, turn = namespace.partition("-")
    return f"{SERVICES[bare][0]} {turn}".strip()


# --- findings ---------------------------------------------------------------------------------------------------------


def _finding_type(context: Context) -> str:
    return context.owner_seed.at("findingType").choose(list(FINDING_TYPES))


def _resource_type(context: Context) -> str:
    """The type of the resource that a structure describes."""
    given, arn = context.identity.get("resourceType"), context.identity.get("resourceArn")
    if isinstance(given, str):
        return given
    if isinstance(arn, str):
        begins = {form.partition("{")[0].partition(":")[0]: type_ for type_, (form, _) in RESOURCES.items()}
        return begins.get(arn.split(":")[2], "AWS::IAM::Role")
    return context.owner_seed.at("resourceType").choose([type_ for type_ in RESOURCES if type_ != "AWS::IAM::User"])


def _resource(context: Context) -> str:
    return _resource_arn(context, _resource_type(context))


def _resource_arn(context: Context, type_: str) -> str:
    _, service, kind = type_.lower().split("::")
    form, _ = RESOURCES.get(type_, (f"{service}:{{region}}:{{account}}:{kind}/{{name}}", ""))
    name, uuid = (
        f"{context.owner_seed.at('team').choose(TEAMS)}-{kind}-{context.index + 1}",
        context.owner_seed.at("resource").uuid(),
    )
    return "arn:aws:" + form.format(name=name, account=context.account, region=context.region, uuid=uuid)


def _actions(context: Context) -> Value:
    _, action = RESOURCES.get(_resource_type(context), ("", "s3:GetObject"))
    return [action]


def _condition(context: Context) -> Value:
    return {"aws:SourceVpc": f"vpc-{context.seed.text('0123456789abcdef', 17)}"} if context.seed.decide(30) else {}


def _span(context: Context) -> Value:
    line, column = context.seed.number(3, 12), 4 + 2 * context.seed.at("column").number(1, 6)
    begin: dict[str, Value] = {"line": line, "column": column, "offset": 30 * line + column}
    return {"start": begin, "end": {"line": line, "column": column + 12, "offset": 30 * line + column + 12}}


def _issue(part: int) -> Generator:
    return lambda context: context.owner_seed.at("issue").choose(ISSUES)[part]


def _configuration(context: Context) -> Value:
    return {_arn("role")(context): {"iamRole": {"trustPolicy": trust_policy(context)}}}  # type: ignore[dict-item]


# --- generators by member or shape ------------------------------------------------------------------------------------

GENERATORS: Mapping[str, Generator] = {
    # entities
    **{name: _name(kind) for name, kind in NAMES.items()},
    "Arn": _of_subject("arn", "role"),
    "arn": _of_subject("arn", "analyzer"),
    "Path": _of_subject("path", "role"),
    "EntityInfo.Name": _of_subject("name", "user"),
    "EntityInfo.Id": _of_subject("id", "user"),
    "AnalyzerSummary.name": _name("analyzer"),
    "RoleId": lambda context: context.entity("role").id,
    "UserId": lambda context: context.entity("user").id,
    "GroupId": lambda context: context.entity("group").id,
    "PolicyId": lambda context: context.entity("policy").id,
    "InstanceProfileId": lambda context: context.entity("instance-profile").id,
    "ServerCertificateId": lambda context: context.entity("server-certificate").id,
    "PolicyArn": _arn("policy"),
    "PermissionsBoundary": _arn("policy"),
    "PermissionsBoundaryArn": _arn("policy"),
    "PermissionBoundaryArn": _arn("policy"),
    "ManagedPolicyArns": _arn("policy"),
    "RolePermissionRestrictionArns": _arn("policy"),
    "PolicyTemplateArn": _arn("policy"),
    "TemplateArn": _arn("role-template"),
    "SAMLProviderArn": _arn("saml-provider"),
    "OpenIDConnectProviderArn": _arn("oidc-provider"),
    "SerialNumber": _arn("mfa"),
    "AnalyzerArn": _arn("analyzer"),
    "PrincipalArn": _arn("role"),
    "EntityName": lambda context: context.entity(str(context.siblings.get("EntityType", "role")).lower()).name,
    "AWSServiceName": _one_of("autoscaling.amazonaws.com", "elasticbeanstalk.amazonaws.com"),
    "DeleteServiceLinkedRoleRequest.RoleName": _one_of("AWSServiceRoleForAutoScaling", "AWSServiceRoleForSupport"),
    "OpenIDConnectProviderUrlType": _name("oidc-provider"),
    "CreateOpenIDConnectProviderRequest.Url": lambda context: f"https://{context.entity('oidc-provider').name}",
    "SAMLProviderNameType": _name("saml-provider"),
    "policyNameType": _name("policy"),
    "groupNameType": _name("group"),
    "arnType": _arn("role"),
    "pathType": _one_of("/"),
    "idType": _id("A"),
    # credentials
    "accessKeyIdType": lambda context: f"AKIA{context.seed.text(LETTERS, 16)}",
    "UnusedIamUserAccessKeyDetails.accessKeyId": _id("AKIA"),
    "certificateIdType": lambda context: context.seed.text(LETTERS, 32),
    "publicKeyIdType": _id("APKA"),
    "privateKeyIdType": lambda context: context.seed.text(LETTERS, 24),
    "serviceSpecificCredentialId": _id("ACCA"),
    "certificateBodyType": lambda context: f"certificate {context.seed.uuid()}",
    "certificateChainType": lambda context: f"chain {context.seed.uuid()}",
    "privateKeyType": lambda context: f"private key {context.seed.uuid()}",
    "publicKeyMaterialType": lambda context: f"public key {context.seed.uuid()}",
    "publicKeyFingerprintType": lambda context: context.seed.text("0123456789abcdef", 48),
    "passwordType": lambda context: f"password {context.seed.uuid()}",
    "accessKeySecretType": lambda context: f"secret {context.seed.uuid()}",
    "servicePassword": lambda context: f"secret {context.seed.uuid()}",
    "serviceCredentialSecret": lambda context: f"secret {context.seed.uuid()}",
    "BootstrapDatum": lambda context: f"seed {context.seed.uuid()}",
    "SAMLMetadataDocumentType": lambda context: f"metadata {context.seed.uuid()} ".ljust(1000, "x"),
    "authenticationCodeType": lambda context: context.seed.text("0123456789", 6),
    "serviceUserName": lambda context: f"{context.entity('user').name}-at-{context.index + 1}",
    "serviceCredentialAlias": lambda context: f"{context.entity('user').name}-key-{context.index + 1}",
    "thumbprintType": lambda context: context.seed.text("0123456789abcdef", 40),
    "clientIDType": _one_of("sts.amazonaws.com"),
    # policies
    "AssumeRolePolicyDocument": trust_policy,
    "AssumeRolePolicyDocumentTemplate": trust_policy,
    "policyDocumentType": permissions_policy,
    "permissionType": permissions_policy,
    "PolicyDocument": permissions_policy,
    "AccessCheckPolicyDocument": permissions_policy,
    "GeneratedPolicy.policy": permissions_policy,
    "recommendedPolicy": permissions_policy,
    "ResourcePolicy": resource_policy,
    "VersionId": lambda context: f"v{context.version}",
    "IsDefaultVersion": lambda context: context.version == context.default_version(context.count),
    "DefaultVersionId": lambda context: f"v{context.default_version(context.version_count)}",
    "SetAsDefault": _one_of(True),
    "IsAttachable": _one_of(True),
    "allRegions": _one_of(False),
    "AttachmentCount": _number(1, 9),
    "PermissionsBoundaryUsageCount": _number(0, 2),
    "existingPolicyId": lambda context: context.entity("policy").arn,
    # texts
    "accountIdType": lambda context: context.account,
    "RequestorId": _one_of(*OTHER_ACCOUNTS),
    "accountAliasType": lambda context: f"{context.owner_seed.at('team').choose(TEAMS)}-account-{context.index + 1}",
    "accountPropertyKeyType": _in_turn(("support-contact", "cost-centre")),
    "accountPropertyValueType": _one_of("4100", "5300"),
    "tagKeyType": _in_turn(list(TAGS)),
    "tagValueType": _tag_value,
    "tagTemplateKeyType": _in_turn(list(TAGS)),
    "tagTemplateValueType": _tag_value,
    "TagsMap": _tags,
    "tagKeys": _in_turn(list(TAGS)),
    "Description": _one_of(*DESCRIPTIONS[:-1]),
    "Role.Description": _one_of(*DESCRIPTIONS),
    "roleDescriptionPatternType": _one_of(*DESCRIPTIONS[:-1]),
    "roleNamePatternType": lambda context: context.entity("role").name,
    "rolePathPatternType": _one_of("/partners/"),
    "notesType": _one_of("Approved for the release"),
    "requestMessageType": _one_of("Please let us read the build artifacts"),
    "requestorNameType": _one_of("Build Partner"),
    "requestorWorkflowIdType": _one_of("build-partner"),
    "redirectUrlType": _one_of("https://partner.example.net/done"),
    "consoleDeepLinkType": _one_of("https://console.aws.amazon.com/iam/"),
    "notificationChannelType": lambda context: f"arn:aws:sns:us-east-1:{context.account}:approvals",
    "ownerIdType": _arn("role"),
    "delegationRequestIdType": _uuid,
    "jobIDType": _uuid,
    "DeletionTaskIdType": lambda context: (
        f"task/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling/{context.seed.uuid()}"
    ),
    "IssuerIdentifier": lambda context: f"https://{context.seed.uuid()}.tokens.sts.global.api.aws",
    "localeType": _one_of("en"),
    "summaryContentType": _one_of("Lets a partner read the build artifacts of one bucket for an hour."),
    "summaryMapType": _summary,
    "ReportContentType": credential_report,
    "ReportStateDescriptionType": _one_of("No report exists. Starting a new report generation task"),
    "OrganizationIdType": _one_of("o-exampleorg1"),
    "organizationsEntityPathType": lambda context: f"o-exampleorg1/r-ab12/{context.account}/",
    "organizationsPolicyIdType": _one_of("p-exampl3p0"),
    "Region": _one_of(*REGIONS),
    "LastAuthenticatedRegion": _one_of(*REGIONS),
    "regions": _in_turn(REGIONS),
    "serviceNamespaceType": _from_identity("ServiceNamespaces", _in_turn(NAMESPACES)),
    "serviceNamespace": _in_turn(NAMESPACES),
    "serviceNameType": _service_name,
    "serviceName": _one_of("codecommit.amazonaws.com", "cassandra.amazonaws.com"),
    "AccessKeyLastUsed.ServiceName": _one_of(*NAMESPACES),
    "CertificationKeyType": _one_of("FIPS-140-2"),
    "CertificationValueType": _one_of("Level 2"),
    "managedByValueType": _one_of("build.amazonaws.com"),
    "parameterNameType": _in_turn(("BucketName", "TableName", "QueueName")),
    "parameterSubTypeType": _one_of("bucket"),
    "parameterDescriptionType": _one_of("The bucket to read"),
    "parameterDefaultValueType": _one_of("artifacts"),
    "policyParameterNameType": _in_turn(("BucketName", "TableName", "QueueName")),
    "policyParameterValueType": _one_of("artifacts"),
    # simulation
    "ActionNameType": _from_identity("ActionNames", _in_turn(ACTIONS)),
    "ResourceNameType": _from_identity("ResourceArns", _one_of("*")),
    "ContextKeyNameType": _in_turn(CONTEXT_KEYS),
    "EvalDecisionSourceType": _one_of("IAM Policy"),
    "PolicyIdentifierType": lambda context: context.entity("policy").name,
    "EvalDecisionDetailsType": _one_of({}),
    "StartPosition": _one_of({"Line": 1, "Column": 41}),
    "EndPosition": _one_of({"Line": 1, "Column": 120}),
    # findings
    "FindingId": _uuid,
    "AccessPreviewFindingId": _uuid,
    "id": _uuid,
    "jobId": _uuid,
    "AccessPreviewId": _uuid,
    "AccessPreview.id": lambda context: context.identity.get("accessPreviewId") or context.seed.uuid(),
    "FindingSummaryV2.findingType": _finding_type,
    "FindingSummaryV2.resourceType": lambda context: FINDING_TYPES[_finding_type(context)],
    "FindingSummaryV2.resource": lambda context: _resource_arn(context, FINDING_TYPES[_finding_type(context)]),
    "GetFindingV2Response.findingType": _one_of("UnusedPermission"),
    "GetFindingV2Response.resourceType": _one_of("AWS::IAM::Role"),
    "GetFindingV2Response.resource": _arn("role"),
    "GetFindingRecommendationResponse.resourceArn": _arn("role"),
    "UnusedPermissionDetails.actions": lambda context: [
        {"action": action} for action in SERVICES[NAMESPACES[context.index % len(NAMESPACES)]][1:]
    ],
    "resource": _resource,
    "resourceArn": _resource,
    "resourceArns": _resource,
    "lastResourceAnalyzed": _resource,
    "resourceType": _resource_type,
    "resourceOwnerAccount": lambda context: context.account,
    "action": _actions,
    "ActionList": _actions,
    "PrincipalMap": lambda context: {"AWS": context.seed.choose(OTHER_ACCOUNTS)},
    "ConditionKeyMap": _condition,
    "isPublic": _one_of(False),
    "sharedVia": _one_of("POLICY"),
    "account": lambda context: context.account,
    "accountIds": _one_of(*OTHER_ACCOUNTS),
    "accessPointAccount": lambda context: context.account,
    "accessPointArn": lambda context: (
        f"arn:aws:s3:{context.region}:{context.account}:accesspoint/{context.seed.choose(TEAMS)}"
    ),
    "principalOwnerAccount": lambda context: context.account,
    "managedBy": _one_of("securityhub.amazonaws.com"),
    "FilterCriteriaMap": lambda context: {"resourceType": {"eq": [context.seed.choose(list(RESOURCES))]}},
    "ConfigurationsMap": _configuration,
    "FindingAggregationAccountDetailsMap": lambda context: {"UnusedIAMRole": context.seed.number(1, 9)},
    "unusedAccessType": _one_of("UnusedPermission", "UnusedIAMRole"),
    "CloudTrailArn": lambda context: f"arn:aws:cloudtrail:{context.region}:{context.account}:trail/events",
    "ValidatePolicyFinding.findingDetails": _issue(2),
    "ValidatePolicyFinding.findingType": _issue(0),
    "issueCode": _issue(1),
    "learnMoreLink": _one_of(
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
    ),
    "Location.path": _one_of([{"value": "Statement"}, {"index": 0}, {"value": "Action"}]),
    "span": _span,
    "message": _one_of("The policy document grants access to perform one or more of the listed actions or resources."),
    "ReasonSummary.description": _one_of("Policy statement allows the access."),
    "statementId": _one_of("AllowRead"),
    "statementIndex": lambda context: context.index,
    "ruleName": lambda context: f"{context.owner_seed.at('team').choose(TEAMS)}-archive-{context.index + 1:02}",
    "Action": _one_of(*ACTIONS),
    "Resource": _one_of("*"),
    "unusedAccessAge": _one_of(90, 180),
    # numbers and flags
    "MaxSessionDuration": _one_of(3600, 3600, 7200, 43200),
    "SessionDuration": _one_of(3600),
    "MaxPasswordAge": _one_of(90),
    "MinimumPasswordLength": _one_of(8, 14),
    "CredentialAgeDays": _one_of(90),
    "ExpirePasswords": _one_of(True),
    "TotalAuthenticatedEntities": lambda context: context.seed.number(1, 9) if context.is_used else 0,
}
