"""Who makes what: the texts, numbers and documents that made-up members say.

1. A maker is found by structure and member, by member, or by shape, whichever is there first. Where there is none, the
   shape itself says enough: an enum, a boolean, a number.
2. A maker knows nothing of limits: what it makes is checked against the shape (`synthetic_takes`). One that
   makes a text for a list makes it for the items.
3. Nothing here is an alias: redaction makes them, as it does of what is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from awstape.core.aws.model import Value
from awstape.core.synthesis.entities import LETTERS, NAMES, TEAMS, Scene, unique_id
from awstape.core.synthesis.sample_documents import OTHERS, credential_report, permissions, resource_policy, trust
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
    default_version,
    version,
    version_count,
)

Make = Callable[[Scene], Value]

# --- words ------------------------------------------------------------------------------------------------------------


def _words(*options: Value) -> Make:
    return lambda scene: scene.chance.pick(options)


def _number(low: int, high: int) -> Make:
    return lambda scene: scene.chance.number(low, high)


def _in_turn(options: Sequence[str]) -> Make:
    """The options in turn, then with a number, so that no two items of a list are the same."""

    def make(scene: Scene) -> str:
        turn, rank = divmod(scene.index, len(options))
        return f"{options[rank]}-{turn + 1}" if turn else options[rank]

    return make


def _asked(name: str, otherwise: Make) -> Make:
    """What the identity lists under a name, in turn."""

    def make(scene: Scene) -> Value:
        asked = scene.facts.get(name)
        return asked[scene.index % len(asked)] if isinstance(asked, list) and asked else otherwise(scene)

    return make


def _id(prefix: str) -> Make:
    return lambda scene: unique_id(prefix, scene.chance)


def _uuid(scene: Scene) -> Value:
    return scene.chance.uuid()


def _name(kind: str) -> Make:
    return lambda scene: scene.entity(kind).name


def _arn(kind: str) -> Make:
    return lambda scene: scene.entity(kind).arn


def _own(attribute: str, otherwise: str) -> Make:
    """What a structure says of the entity that it is about; of an entity of some kind, if it is about none."""
    return lambda scene: getattr(scene.about or scene.entity(otherwise), attribute)


def _tag_value(scene: Scene) -> Value:
    return scene.chance.pick(list(TAGS.values())[scene.index % len(TAGS)])


def _tags(scene: Scene) -> Value:
    return {key: scene.chance.at(key).pick(TAGS[key]) for key in ("team", "stage")}


def _summary(scene: Scene) -> Value:
    return {**{name: scene.chance.at(name).number(1, 90) for name in COUNTED}, **QUOTAS}


def _service_name(scene: Scene) -> Value:
    """In the structures that have it, it comes before the namespace, which it must fit."""
    namespace = str(_in_turn(NAMESPACES)(scene))
    bare, _, turn = namespace.partition("-")
    return f"{SERVICES[bare][0]} {turn}".strip()


# --- findings ---------------------------------------------------------------------------------------------------------


def _finding_type(scene: Scene) -> str:
    return scene.thing.at("findingType").pick(list(FINDING_TYPES))


def _resource_type(scene: Scene) -> str:
    """The type of the resource that a structure is about."""
    asked, arn = scene.facts.get("resourceType"), scene.facts.get("resourceArn")
    if isinstance(asked, str):
        return asked
    if isinstance(arn, str):
        begins = {form.partition("{")[0].partition(":")[0]: type_ for type_, (form, _) in RESOURCES.items()}
        return begins.get(arn.split(":")[2], "AWS::IAM::Role")
    return scene.thing.at("resourceType").pick([type_ for type_ in RESOURCES if type_ != "AWS::IAM::User"])


def _resource(scene: Scene) -> str:
    return _resource_arn(scene, _resource_type(scene))


def _resource_arn(scene: Scene, type_: str) -> str:
    _, service, kind = type_.lower().split("::")
    form, _ = RESOURCES.get(type_, (f"{service}:{{region}}:{{account}}:{kind}/{{name}}", ""))
    name, uuid = f"{scene.thing.at('team').pick(TEAMS)}-{kind}-{scene.index + 1}", scene.thing.at("resource").uuid()
    return "arn:aws:" + form.format(name=name, account=scene.account, region=scene.region, uuid=uuid)


def _actions(scene: Scene) -> Value:
    _, action = RESOURCES.get(_resource_type(scene), ("", "s3:GetObject"))
    return [action]


def _condition(scene: Scene) -> Value:
    return {"aws:SourceVpc": f"vpc-{scene.chance.text('0123456789abcdef', 17)}"} if scene.chance.happens(30) else {}


def _span(scene: Scene) -> Value:
    line, column = scene.chance.number(3, 12), 4 + 2 * scene.chance.at("column").number(1, 6)
    begin: dict[str, Value] = {"line": line, "column": column, "offset": 30 * line + column}
    return {"start": begin, "end": {"line": line, "column": column + 12, "offset": 30 * line + column + 12}}


def _issue(part: int) -> Make:
    return lambda scene: scene.thing.at("issue").pick(ISSUES)[part]


def _configuration(scene: Scene) -> Value:
    return {_arn("role")(scene): {"iamRole": {"trustPolicy": trust(scene)}}}  # type: ignore[dict-item]


# --- who makes what ---------------------------------------------------------------------------------------------------

MAKERS: Mapping[str, Make] = {
    # entities
    **{name: _name(kind) for name, kind in NAMES.items()},
    "Arn": _own("arn", "role"),
    "arn": _own("arn", "analyzer"),
    "Path": _own("path", "role"),
    "EntityInfo.Name": _own("name", "user"),
    "EntityInfo.Id": _own("id", "user"),
    "AnalyzerSummary.name": _name("analyzer"),
    "RoleId": lambda scene: scene.entity("role").id,
    "UserId": lambda scene: scene.entity("user").id,
    "GroupId": lambda scene: scene.entity("group").id,
    "PolicyId": lambda scene: scene.entity("policy").id,
    "InstanceProfileId": lambda scene: scene.entity("instance-profile").id,
    "ServerCertificateId": lambda scene: scene.entity("server-certificate").id,
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
    "EntityName": lambda scene: scene.entity(str(scene.siblings.get("EntityType", "role")).lower()).name,
    "AWSServiceName": _words("autoscaling.amazonaws.com", "elasticbeanstalk.amazonaws.com"),
    "DeleteServiceLinkedRoleRequest.RoleName": _words("AWSServiceRoleForAutoScaling", "AWSServiceRoleForSupport"),
    "OpenIDConnectProviderUrlType": _name("oidc-provider"),
    "CreateOpenIDConnectProviderRequest.Url": lambda scene: f"https://{scene.entity('oidc-provider').name}",
    "SAMLProviderNameType": _name("saml-provider"),
    "policyNameType": _name("policy"),
    "groupNameType": _name("group"),
    "arnType": _arn("role"),
    "pathType": _words("/"),
    "idType": _id("A"),
    # credentials
    "accessKeyIdType": lambda scene: f"AKIA{scene.chance.text(LETTERS, 16)}",
    "UnusedIamUserAccessKeyDetails.accessKeyId": _id("AKIA"),
    "certificateIdType": lambda scene: scene.chance.text(LETTERS, 32),
    "publicKeyIdType": _id("APKA"),
    "privateKeyIdType": lambda scene: scene.chance.text(LETTERS, 24),
    "serviceSpecificCredentialId": _id("ACCA"),
    "certificateBodyType": lambda scene: f"certificate {scene.chance.uuid()}",
    "certificateChainType": lambda scene: f"chain {scene.chance.uuid()}",
    "privateKeyType": lambda scene: f"private key {scene.chance.uuid()}",
    "publicKeyMaterialType": lambda scene: f"public key {scene.chance.uuid()}",
    "publicKeyFingerprintType": lambda scene: scene.chance.text("0123456789abcdef", 48),
    "passwordType": lambda scene: f"password {scene.chance.uuid()}",
    "accessKeySecretType": lambda scene: f"secret {scene.chance.uuid()}",
    "servicePassword": lambda scene: f"secret {scene.chance.uuid()}",
    "serviceCredentialSecret": lambda scene: f"secret {scene.chance.uuid()}",
    "BootstrapDatum": lambda scene: f"seed {scene.chance.uuid()}",
    "SAMLMetadataDocumentType": lambda scene: f"metadata {scene.chance.uuid()} ".ljust(1000, "x"),
    "authenticationCodeType": lambda scene: scene.chance.text("0123456789", 6),
    "serviceUserName": lambda scene: f"{scene.entity('user').name}-at-{scene.index + 1}",
    "serviceCredentialAlias": lambda scene: f"{scene.entity('user').name}-key-{scene.index + 1}",
    "thumbprintType": lambda scene: scene.chance.text("0123456789abcdef", 40),
    "clientIDType": _words("sts.amazonaws.com"),
    # policies
    "AssumeRolePolicyDocument": trust,
    "AssumeRolePolicyDocumentTemplate": trust,
    "policyDocumentType": permissions,
    "permissionType": permissions,
    "PolicyDocument": permissions,
    "AccessCheckPolicyDocument": permissions,
    "GeneratedPolicy.policy": permissions,
    "recommendedPolicy": permissions,
    "ResourcePolicy": resource_policy,
    "VersionId": lambda scene: f"v{version(scene)}",
    "IsDefaultVersion": lambda scene: version(scene) == default_version(scene, scene.count),
    "DefaultVersionId": lambda scene: f"v{default_version(scene, version_count(scene))}",
    "SetAsDefault": _words(True),
    "IsAttachable": _words(True),
    "allRegions": _words(False),
    "AttachmentCount": _number(1, 9),
    "PermissionsBoundaryUsageCount": _number(0, 2),
    "existingPolicyId": lambda scene: scene.entity("policy").arn,
    # texts
    "accountIdType": lambda scene: scene.account,
    "RequestorId": _words(*OTHERS),
    "accountAliasType": lambda scene: f"{scene.thing.at('team').pick(TEAMS)}-account-{scene.index + 1}",
    "accountPropertyKeyType": _in_turn(("support-contact", "cost-centre")),
    "accountPropertyValueType": _words("4100", "5300"),
    "tagKeyType": _in_turn(list(TAGS)),
    "tagValueType": _tag_value,
    "tagTemplateKeyType": _in_turn(list(TAGS)),
    "tagTemplateValueType": _tag_value,
    "TagsMap": _tags,
    "tagKeys": _in_turn(list(TAGS)),
    "Description": _words(*DESCRIPTIONS[:-1]),
    "Role.Description": _words(*DESCRIPTIONS),
    "roleDescriptionPatternType": _words(*DESCRIPTIONS[:-1]),
    "roleNamePatternType": lambda scene: scene.entity("role").name,
    "rolePathPatternType": _words("/partners/"),
    "notesType": _words("Approved for the release"),
    "requestMessageType": _words("Please let us read the build artifacts"),
    "requestorNameType": _words("Build Partner"),
    "requestorWorkflowIdType": _words("build-partner"),
    "redirectUrlType": _words("https://partner.example.net/done"),
    "consoleDeepLinkType": _words("https://console.aws.amazon.com/iam/"),
    "notificationChannelType": lambda scene: f"arn:aws:sns:us-east-1:{scene.account}:approvals",
    "ownerIdType": _arn("role"),
    "delegationRequestIdType": _uuid,
    "jobIDType": _uuid,
    "DeletionTaskIdType": lambda scene: (
        f"task/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling/{scene.chance.uuid()}"
    ),
    "IssuerIdentifier": lambda scene: f"https://{scene.chance.uuid()}.tokens.sts.global.api.aws",
    "localeType": _words("en"),
    "summaryContentType": _words("Lets a partner read the build artifacts of one bucket for an hour."),
    "summaryMapType": _summary,
    "ReportContentType": credential_report,
    "ReportStateDescriptionType": _words("No report exists. Starting a new report generation task"),
    "OrganizationIdType": _words("o-exampleorg1"),
    "organizationsEntityPathType": lambda scene: f"o-exampleorg1/r-ab12/{scene.account}/",
    "organizationsPolicyIdType": _words("p-exampl3p0"),
    "Region": _words(*REGIONS),
    "LastAuthenticatedRegion": _words(*REGIONS),
    "regions": _in_turn(REGIONS),
    "serviceNamespaceType": _asked("ServiceNamespaces", _in_turn(NAMESPACES)),
    "serviceNamespace": _in_turn(NAMESPACES),
    "serviceNameType": _service_name,
    "serviceName": _words("codecommit.amazonaws.com", "cassandra.amazonaws.com"),
    "AccessKeyLastUsed.ServiceName": _words(*NAMESPACES),
    "CertificationKeyType": _words("FIPS-140-2"),
    "CertificationValueType": _words("Level 2"),
    "managedByValueType": _words("build.amazonaws.com"),
    "parameterNameType": _in_turn(("BucketName", "TableName", "QueueName")),
    "parameterSubTypeType": _words("bucket"),
    "parameterDescriptionType": _words("The bucket to read"),
    "parameterDefaultValueType": _words("artifacts"),
    "policyParameterNameType": _in_turn(("BucketName", "TableName", "QueueName")),
    "policyParameterValueType": _words("artifacts"),
    # simulation
    "ActionNameType": _asked("ActionNames", _in_turn(ACTIONS)),
    "ResourceNameType": _asked("ResourceArns", _words("*")),
    "ContextKeyNameType": _in_turn(CONTEXT_KEYS),
    "EvalDecisionSourceType": _words("IAM Policy"),
    "PolicyIdentifierType": lambda scene: scene.entity("policy").name,
    "EvalDecisionDetailsType": _words({}),
    "StartPosition": _words({"Line": 1, "Column": 41}),
    "EndPosition": _words({"Line": 1, "Column": 120}),
    # findings
    "FindingId": _uuid,
    "AccessPreviewFindingId": _uuid,
    "id": _uuid,
    "jobId": _uuid,
    "AccessPreviewId": _uuid,
    "AccessPreview.id": lambda scene: scene.facts.get("accessPreviewId") or scene.chance.uuid(),
    "FindingSummaryV2.findingType": _finding_type,
    "FindingSummaryV2.resourceType": lambda scene: FINDING_TYPES[_finding_type(scene)],
    "FindingSummaryV2.resource": lambda scene: _resource_arn(scene, FINDING_TYPES[_finding_type(scene)]),
    "GetFindingV2Response.findingType": _words("UnusedPermission"),
    "GetFindingV2Response.resourceType": _words("AWS::IAM::Role"),
    "GetFindingV2Response.resource": _arn("role"),
    "GetFindingRecommendationResponse.resourceArn": _arn("role"),
    "UnusedPermissionDetails.actions": lambda scene: [
        {"action": action} for action in SERVICES[NAMESPACES[scene.index % len(NAMESPACES)]][1:]
    ],
    "resource": _resource,
    "resourceArn": _resource,
    "resourceArns": _resource,
    "lastResourceAnalyzed": _resource,
    "resourceType": _resource_type,
    "resourceOwnerAccount": lambda scene: scene.account,
    "action": _actions,
    "ActionList": _actions,
    "PrincipalMap": lambda scene: {"AWS": scene.chance.pick(OTHERS)},
    "ConditionKeyMap": _condition,
    "isPublic": _words(False),
    "sharedVia": _words("POLICY"),
    "account": lambda scene: scene.account,
    "accountIds": _words(*OTHERS),
    "accessPointAccount": lambda scene: scene.account,
    "accessPointArn": lambda scene: f"arn:aws:s3:{scene.region}:{scene.account}:accesspoint/{scene.chance.pick(TEAMS)}",
    "principalOwnerAccount": lambda scene: scene.account,
    "managedBy": _words("securityhub.amazonaws.com"),
    "FilterCriteriaMap": lambda scene: {"resourceType": {"eq": [scene.chance.pick(list(RESOURCES))]}},
    "ConfigurationsMap": _configuration,
    "FindingAggregationAccountDetailsMap": lambda scene: {"UnusedIAMRole": scene.chance.number(1, 9)},
    "unusedAccessType": _words("UnusedPermission", "UnusedIAMRole"),
    "CloudTrailArn": lambda scene: f"arn:aws:cloudtrail:{scene.region}:{scene.account}:trail/events",
    "ValidatePolicyFinding.findingDetails": _issue(2),
    "ValidatePolicyFinding.findingType": _issue(0),
    "issueCode": _issue(1),
    "learnMoreLink": _words(
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
    ),
    "Location.path": _words([{"value": "Statement"}, {"index": 0}, {"value": "Action"}]),
    "span": _span,
    "message": _words("The policy document grants access to perform one or more of the listed actions or resources."),
    "ReasonSummary.description": _words("Policy statement allows the access."),
    "statementId": _words("AllowRead"),
    "statementIndex": lambda scene: scene.index,
    "ruleName": lambda scene: f"{scene.thing.at('team').pick(TEAMS)}-archive-{scene.index + 1:02}",
    "Action": _words(*ACTIONS),
    "Resource": _words("*"),
    "unusedAccessAge": _words(90, 180),
    # numbers and flags
    "MaxSessionDuration": _words(3600, 3600, 7200, 43200),
    "SessionDuration": _words(3600),
    "MaxPasswordAge": _words(90),
    "MinimumPasswordLength": _words(8, 14),
    "CredentialAgeDays": _words(90),
    "ExpirePasswords": _words(True),
    "TotalAuthenticatedEntities": lambda scene: scene.chance.number(1, 9) if scene.is_used else 0,
}
