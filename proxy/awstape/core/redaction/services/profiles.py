"""Profiles of services: the members of each that may stay readable, that hold keys, or expressions, as data.

1. A block is a service, or several, and the names of members: types, states, sizes, engines, versions, flags. What is
   in them is a word of the service. A member is known by its name, wherever it is, and so is a key of a map that the
   service defines, such as an attribute of a queue.
2. What stays has the form of a few words (`READABLE`). Identifiers in it become aliases all the same.
3. Enums, times, numbers and words that are public everywhere (`core.redaction.services.public_words`) need no profile.
   A member that holds what a customer wrote or named does not belong here, except for the ids of a batch's entries:
   SDKs look for the ids of their request in the answer.
4. `KEYS` has the members that hold what programs look up as they look up the keys of maps: attributes of tables, names
   of variables, columns, outputs of stacks. A name that other shapes use for other things is spelled `SHAPE.MEMBER`.
   `EXPRESSIONS` has those that hold expressions of such keys. What stays of both: `core.redaction.services.code_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from awstape.core.text.lazy_pattern import lazy_pattern

PROFILES = """
sts
    Code
organizations
    PolicyTypes Type Types Status State JoinedMethod ServicePrincipal EnabledServicePrincipals Action ActionTypes
ec2
    Architecture AutoPlacement AvailabilityZone BootMode ClientCidr CpuManufacturers Device DeviceName DnsNameState
    EbsOptimizedInfo Encryption EngineVersion EnaSupport Format FpgaInfo GroupOwner HibernationOptions Hypervisor
    ImageOwnerAlias ImageType InstanceLifecycle InstanceType InstanceTypes IpProtocol KeyType Lifecycle
    NetworkBorderGroup NetworkPerformance OfferingClass OfferingType OptInStatus OwnerAlias Platform PlatformDetails
    PrivateDnsNameConfiguration ProcessorInfo ProductDescription ProductDescriptions Protocol RegionName RegionNames
    ResourceType ResourceTypes RootDeviceName RootDeviceType SpreadLevel SriovNetSupport State StateReason Status
    Tenancy TpmSupport TrafficType Type UsageOperation VirtualizationType VolumeType ZoneName ZoneType MarketType
    NitroEnclavesSupport Manufacturer Attribute AttributeNames SupportedArchitectures SupportedRegions
s3 s3control
    AcceptRanges AllowedMethods CacheControl ContentEncoding ContentLanguage Event Events HttpErrorCodeReturnedEquals
    HttpRedirectCode LocationConstraint Permission Protocol Region ServerSideEncryption SSEAlgorithm Status
    StorageClass Type BucketRegion Delimiter
lambda
    Action Architectures CompatibleArchitectures CompatibleRuntimes FunctionVersion LastUpdateStatusReasonCode
    LogFormat Runtime StateReasonCode Mode Version StartingPosition AuthType InvokeMode PackageType ExecutedVersion
    FunctionError TargetVersion
cloudformation
    Capabilities ResourceStatus StackStatus StackStatusFilter StackDriftStatus DriftStatus ChangeSetType
    ExecutionStatus Status Type Action Replacement Scope Attribute RequiresRecreation ChangeSource Evaluation
    ProvisioningType Visibility DeprecatedStatus DetailedStatus
sqs
    AttributeName AttributeNames ApproximateNumberOfMessages ApproximateNumberOfMessagesDelayed
    ApproximateNumberOfMessagesNotVisible CreatedTimestamp LastModifiedTimestamp MaximumMessageSize
    MessageRetentionPeriod VisibilityTimeout DelaySeconds ReceiveMessageWaitTimeSeconds FifoQueue DeduplicationScope
    ContentBasedDeduplication FifoThroughputLimit SqsManagedSseEnabled KmsDataKeyReusePeriodSeconds SentTimestamp
    ApproximateReceiveCount ApproximateFirstReceiveTimestamp MessageSystemAttributeNames Id
sns
    Protocol AttributeName MessageStructure SubscriptionsConfirmed SubscriptionsDeleted SubscriptionsPending FifoTopic
    ContentBasedDeduplication ConfirmationWasAuthenticated PendingConfirmation RawMessageDelivery FifoThroughputScope
    TracingConfig SignatureVersion FilterPolicyScope LanguageCode Id
kms
    KeySpec CustomerMasterKeySpec EncryptionAlgorithm EncryptionAlgorithms SigningAlgorithm SigningAlgorithms KeyUsage
    KeyState Origin KeyManager MultiRegionKeyType Region Operations MacAlgorithm MacAlgorithms KeyAgreementAlgorithms
    RotationType ReplicaRegion PrimaryRegion
secretsmanager
    PrimaryRegion Region OwningService Status Type AddReplicaRegions RequireEachIncludedType
resourcegroupstaggingapi
    ResourceTypeFilters ResourceType RegionFilters Region GroupBy TargetIdType ErrorCode Status
autoscaling
    AvailabilityZones HealthCheckType HealthStatus LifecycleState StatusCode InstanceType InstanceMonitoring
    TerminationPolicies ProcessName ScalingProcesses SuspendedProcesses LifecycleTransition DefaultResult
    NotificationTypes NotificationType MetricAggregationType AdjustmentType PolicyType PredefinedMetricType Metric
    Granularity Metrics VolumeType SpotAllocationStrategy OnDemandAllocationStrategy DeviceName ResourceType
ecr ecr-public
    ImageManifestMediaType ArtifactMediaType MediaType MediaTypes ScanStatus Status Severity ImageTagMutability
    EncryptionType ScanType ScanFrequency UpstreamRegistry FailureCode Architectures OperatingSystems PlatformType
codebuild
    Type ComputeType EnvironmentType PrivilegedMode BuildStatus PhaseType PhaseStatus CurrentPhase Status SortBy
    SortOrder ServerType AuthType Language Platform Version PackagingType NamespaceType Modes ImagePullCredentialsType
    SourceType CacheMode AllowedOverrides
cloudtrail
    EventName EventSource EventCategory EventCategories EventType EventVersion ReadOnly ReadWriteType AttributeKey
    InsightTypes InsightType ResourceType AWSRegion awsRegion HomeRegion Field Status DestinationType ErrorCode Type
rds docdb neptune
    AllocatedStorage AvailabilityZone AvailabilityZones CACertificateIdentifier CharacterSetName Engine EngineMode
    EngineName EngineVersion MajorEngineVersion DBInstanceClass DBInstanceStatus DBParameterGroupFamily Family
    LicenseModel MonitoringInterval NcharCharacterSetName NetworkType OptionGroupFamily ParameterApplyStatus
    PreferredBackupWindow PreferredMaintenanceWindow ProductDescription SnapshotType SourceType SourceRegion Status
    StorageType SubnetStatus VpcSecurityGroupStatus Timezone EnabledCloudwatchLogsExports ApplyType DataType Source
    EventCategories EventCategoriesList SupportedEngineModes DBEngineDescription DBEngineVersionDescription
"""
KEYS = """
dynamodb dax
    AttributeName AttributesToGet ExpressionAttributeNames NonKeyAttributes
dynamodbstreams
    AttributeName
cloudformation
    OutputKey ParameterKey
cloudwatch
    Dimension.Name DimensionFilter.Name
codebuild
    EnvironmentVariable.name
ecs batch
    KeyValuePair.name Secret.name
athena
    ColumnInfo.Name ColumnInfo.Label Column.Name
glue
    Column.Name
rds-data
    ColumnMetadata.name ColumnMetadata.label SqlParameter.name
"""
EXPRESSIONS = """
dynamodb
    ConditionExpression FilterExpression KeyConditionExpression ProjectionExpression UpdateExpression
"""
#: Members of texts that are numbers, which programs parse.
NUMBERS = """
dynamodb dynamodbstreams
    N NS
"""
#: What a readable member may hold: a few words of letters and digits. A long row of both looks random.
READABLE = lazy_pattern(r"(?!.*://)(?!.*[\w+/]{48})[\w ./:()+*#$&,=-]{0,200}", re.ASCII)


def _read_profiles(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    for block in re.split(r"\n(?! )", text.strip("\n")):
        services, _, members = block.partition("\n")
        for service in services.split():
            yield service, frozenset(members.split())


Use = Literal["readable", "attribute", "expression", "number"]
_READABLE_MEMBERS = dict(_read_profiles(PROFILES))
_USES: Mapping[Use, Mapping[str, frozenset[str]]] = {
    "attribute": dict(_read_profiles(KEYS)),
    "expression": dict(_read_profiles(EXPRESSIONS)),
    "number": dict(_read_profiles(NUMBERS)),
    "readable": _READABLE_MEMBERS,
}
_NONE: frozenset[str] = frozenset()


def has_readable_member(service: str, member: str) -> bool:
    """Whether a profile says that a member of a service may stay readable."""
    return bool(member) and member in _READABLE_MEMBERS.get(service, _NONE)


def find_use(service: str, shape: str, member: str) -> Use | None:
    """What a profile says that a member of a shape of a service holds; None if it says nothing."""
    names = {member, f"{shape}.{member}"} if member else _NONE
    return next((use for use, profile in _USES.items() if not names.isdisjoint(profile.get(service, _NONE))), None)
