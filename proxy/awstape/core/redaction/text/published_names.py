"""Names in the ARNs of the policies that AWS manages, as data: they are public, in the places where AWS has them.

Each block is a kind, the type before the name in an ARN, and its names. `*` and policy variables are wildcards: the
text beside them is public beside a wildcard, and the beginning of a name if it ends in a joint. The source is moto's
copy of the policies (`moto.iam.aws_managed_policies`); a test finds what is missing here.
"""

PUBLISHED_NAMES = r"""
access-entry beanstalk-cluster*
access-grants default
accesspoint env-blueprint-accesspoint env-blueprint-accesspoint* env-partner-blueprint-accesspoint
    env-partner-blueprint-accesspoint* panorama*
account account
addon beanstalk-cluster*
alarm *_EMR_Auto_Scaling LaunchWizard* SLI-HealthAlarm-* SLO-AttainmentGoalAlarm-* SLO-WarningAlarm-* Synthetics-*
    TargetTracking* TargetTracking-* awseb-* do-not-delete-rds-custom-* eb-*
alias TSTALIASID
analyzer _AccessAnalyzerForSecurityHubV2*
api-destination AmazonSecurityLake*
application sms-app-*
applications Athena* SecretsManager*
attribute-groups AWS_WellArchitected-*
autoScalingGroupName AWSBatch* LaunchWizard* agentcore-managed-instances-* awseb-e-* eb-*
automation-definition AWS* AWS-* AWS-*UnmanagedEC2* AWSCodeDeployAgent-* AWSConfigRemediation-* AWSConformancePacks-*
    AWSDRS-* AWSDisasterRecovery-* AWSDistroOTel-* AWSDocs-* AWSEC2-* AWSEC2Launch-* AWSFIS-* AWSFleetManager-*
    AWSIncidents-* AWSKinesisTap-* AWSMigration-* AWSNVMe-* AWSNitroEnclavesWindows-* AWSObservabilityExporter-*
    AWSPVDriver-* AWSQuickSetup-* AWSQuickSetupType-* AWSQuickStarts-* AWSRefactorSpaces-* AWSResilienceHub-* AWSSAP-*
    AWSSAPTools-* AWSSQLServer-* AWSSSO-* AWSSupport-* AWSSystemsManagerSAP-* AmazonCloudWatch-* AmazonCloudWatchAgent-*
    AmazonECS-* AmazonEFSUtils-* AmazonEKS-* AmazonInspector-* AmazonInspector2-* AmazonInternal-* AwsEnaNetworkDriver-*
    AwsVssComponents-* LaunchWizard-* QuickSetup-* UpdateCloudWatchDocument-* UpdateCloudWatchDocument-Distributor-*
automl-job *redshift*
autoscaling autoScalingGroupName
aws-marketplace ResaleAuthorization SaaSProduct
backup-vault aws
bucket *-application-payload-store-* *-greengrass-updates *-image-registry-* *-image-registry-*-* *-image-registry-*?
    *-nodepackage-store-* *Comprehend* *DeepRacer* *Deepracer* *GreenGrass* *Greengrass* *GroundTruth* *Groundtruth*
    *Personalize* *SageMaker* *Sagemaker* *amplify* *aws-data-exchange* *aws-glue* *aws-panorama* *cleanrooms-ml*
    *comprehend* *custom-labels* *deepracer* *greengrass* *groundtruth* *personalize* *redshift* *sagemaker*
    *transcribe* AWSIVS_* DataZone-SageMaker* DataZone-Sagemaker* SageMaker-DataZone* Sagemaker-DataZone* afr-ota*
    amazon-bedrock-ide-** amazon-bedrock-ide-* amazon-braket-* amazon-connect-* amazon-datazone*
    amazon-machine-learning* amazon-sagemaker* amazon-sagemaker-* amazon-sagemaker-cf-templates* amplify ams-cdktoolkit*
    ams-config-record-bucket-* appflow-* appstream-app-settings-* appstream-logs-* appstream2-36fb080bb8-*
    athena-examples* atx-ct-output-* atx-custom-output-* atx-db-modernization-* atx-security-agent-* atx-source-code-*
    audio-for-wordpress* audio_for_wordpress* aws-application-discovery-service* aws-application-discovery-service-*
    aws-application-migration-service-* aws-cloudtrail-logs* aws-cloudwatch aws-controltower* aws-glue*
    aws-license-manager-service-* aws-map-cur-bucket-* aws-migrationhub-orchestrator-*
    aws-partner-central-marketplace-ephemeral-writeonly-files aws-portal-cache* aws-quick-setup-config-recording-*
    aws-quicksetup-patchpolicy-* aws-quicksetup-patchpolicy-access-log-* aws-resilience-hub-artifacts-*
    aws-sap-data-provider aws-security-data-lake* aws-security-data-lake-* aws-supply-chain-data-*
    aws-synthetics-library-* aws-transform-deployment-bucket-* aws-waf-logs-security-lake-*
    aws.portingassistant.dotnet.datastore awsbackup-restore-test-* awscodestar-* awsconfigconforms* awsserverlessrepo*
    awsserverlessrepo-changesets* awssmuscompute-blueprint-bucket-* bedrock-agentcore-gateway-*
    bedrock-agentcore-runtime-* br-studio-*-* cdk-*-assets-*-* cdk--assets--* chime-chat-* cleanrooms-queryresults*
    codeguru-reviewer-* connector-platform-release-notes connector-platform-upgrade-bundles
    connector-platform-upgrade-info crawler-public* cw-syn-* cw-syn-results-* databrew-public-datasets-*
    datazone-sagemaker* deeplens* default-env-blueprint-* dms-* dms-premigration-results-*
    dms-serverless-premigration-results-* do-not-delete-rds-custom-* do-not-delete-ssm-* do-not-delete-ssm-diagnosis-*
    dr-* ec2imagebuilder* elasticbeanstalk-env-resources-* elasticbeanstalk-logs-* gamelift-*
    grafana-athena-query-results-* hyperpod-tls* idt* idt-* import-to-ec2-* import-to-ec2-connector-debug-logs
    jumpstart* jumpstart-cache-prod-* jumpstart-cache-prod-ap-northeast-1 jumpstart-cache-prod-ap-northeast-2
    jumpstart-cache-prod-ap-south-1 jumpstart-cache-prod-ap-southeast-1 jumpstart-cache-prod-ap-southeast-2
    jumpstart-cache-prod-eu-central-1 jumpstart-cache-prod-eu-west-1 jumpstart-cache-prod-us-east-1
    jumpstart-cache-prod-us-east-2 jumpstart-cache-prod-us-west-2 launchwizard* lookoutvision-*
    migrationhub-orchestrator-* migrationhub-strategy-* prod.agentless.discovery.connector.upgrade quicksight-ml.*
    redshift-downloads redshift-staging-bucket* redshift-staging-bucket-* s3-analytics-export-shared-* sagemaker*
    sagemaker-datazone* secrets-manager-rotation-apps-* security-lake-meta-store-manager-*
    server-migration-service-upgrade sms-app-* sms-b-* stack* transform-vmware-landing-zone-* transform-vmware-target-*
    wspool-app-settings-* wspool-home-folder-* wspool-logs-*
budget sla-*
build sagemaker-*
capacity-provider AWSBatch*
catalog s3tablescatalog
changeSet SC-*
cloudwatch iotfleethub*
cluster *redshift* AWSBatch* AWSTransform* MediaConnectGateway MediaLiveAnywhere* awsbackup-restore-test-* awseb-*
    beanstalk-cluster*
codecommit *SageMaker* *Sagemaker* *sagemaker* datazone* sagemaker-*
codepipeline sagemaker-*
compilation-job *redshift* panorama*
config config-rule
config-rule *securityhub* controltower.*
configuration-recorder *ConfigurationRecorderForSecurityHubAssets* *ConfigurationRecorderForSecurityHubCSPM*
    AWSConfigurationRecorderForAgentRegistry* AWSConfigurationRecorderForAssurance AWSConfigurationRecorderForCloudWatch
    AWSConfigurationRecorderForNetworkFlowMonitorTopologyService AWSConfigurationRecorderForObservabilityAdmin
    AWSConfigurationRecorderForObservabilityAdmin_TelemetryEnablement
configuration-set configuration-set-for-connect-DO-NOT-DELETE
conformance-pack AWS-QuickSetup-*
connection AmazonSecurityLake* AwsGlueDataBrew-* aws datazone-glue-network-connection-* dz-sm-*
    dz-sm-athena-glue-connection-* dz-sm-redshift-cluster-connection-* dz-sm-redshift-serverless-connection-*
connectorprofile scn-*
container-instance AWSTransform*
crawler LicenseManagerResourceSynDataCrawler sagemaker-*
dashboard ATX-Transform-CLI-Dashboard ATX-Transform-CLI-Dashboard-* ElasticBeanstalk-Observability-* panorama*
dataQualityRuleset dq_etl_ruleset_*_*
database *redshift* amazon_security_lake_glue_db* aws default global_temp license_manager_resource_inventory_db
    license_manager_resource_sync s3tablescatalog sagemaker-* sagemaker_data_wrangler sagemaker_featurestore
    sagemaker_processing
datacatalog AwsDataCatalog awsdatacatalog
datasource cloudwatch_logs_*
db autoscaled-reader*
definition map-migrated-report
deliverystream amazon-apigateway-* aws-application-discovery-service* aws-fsx-* aws-waf-logs-* sagemaker-*
destination AmazonCloudWatch-ApplicationInsights-LogIngestionDestination*
document *-AWSQuickSetupType-* AWS* AWS-* AWS-*UnmanagedEC2* AWSCodeDeployAgent-* AWSConfigRemediation-*
    AWSConformancePacks-* AWSDRS-* AWSDisasterRecovery-* AWSDistroOTel-* AWSDocs-* AWSEC2-* AWSEC2Launch-* AWSFIS-*
    AWSFleetManager-* AWSIncidents-* AWSKinesisTap-* AWSLicenseManager-* AWSMigration-* AWSNVMe-*
    AWSNitroEnclavesWindows-* AWSObservabilityExporter-* AWSOperationsPack* AWSOperationsPack-*
    AWSOperationsPackInstance-* AWSPVDriver-* AWSQuickSetup-* AWSQuickSetupType-* AWSQuickStarts-* AWSRefactorSpaces-*
    AWSResilienceHub-* AWSSAP* AWSSAP-* AWSSAPTools-* AWSSQLServer-* AWSSSMSAP* AWSSSO-* AWSSupport-*
    AWSSystemsManagerSAP-* AmazonCloudWatch-* AmazonCloudWatchAgent-* AmazonECS-* AmazonEFSUtils-* AmazonEKS-*
    AmazonInspector-* AmazonInspector2-* AmazonInternal-* AwsEnaNetworkDriver-* AwsVssComponents-* LaunchWizard*
    QuickSetup-* SSM-JustInTimeAccessDenyAccessOrgPolicy SSM-SessionManagerRunShell SageMaker-Space*
domains amazon-connect-*
endpoint *redshift*
event-bus odb*
event-source odb*
execution *sagemaker* SSM*
flow FlowCreatedByAppIntegrations-* scn-*
folder sagemaker-*-assets
forecast *Canvas*
function *DeepRacer* *Deepracer* *GtRecipe* *LabelingFunction* *SageMaker* *Sagemaker* *deepracer* *dr-* *redshift*
    *sageMaker* *sagemaker* AWSClientVPN-* AmazonLex* AmazonSecurityLake* AmazonSecurityLakeMetastoreManager-*-*
    Automation* CodeDeployHook_* DeadlineResourceTracker* LaunchWizard* SSM* SecretsManager*
    SecurityLake_Glue_Partition_Updater_Lambda* amazon-bedrock* amazon-bedrock-ide-* amplify-* athenafederatedcatalog*
    athenafederatedcatalog_* atx-get-batch-status-* atx-get-job-status-* atx-list-batches-* atx-list-jobs-*
    atx-trigger-batch-jobs-* atx-trigger-job-* aws-quicksetup-lifecycle* aws-quicksetup-lifecycle-* aws-robomaker-*
    baseline-overrides-* br-studio-* cloudwatchCodeEvaluator* cwsyn-* deeplens* delete-name-tags-* idt-*
    network-migration* sagemaker-*
group AWS_* AWS_AppRegistry* AWS_AppRegistry_AppTag_* AWS_CloudFormation_Stack* ApplicationInsights-* LaunchWizard*
    SystemsManagerForSAP-* sms-app-*
hub SageMakerPublicHub
hub-content SageMakerPublicHub
identity *.email.connect.aws*
inference-profile *amazon.nova-* *anthropic.claude-*
insight-rule DynamoDBContributorInsights*
instance-profile *imagebuilder* ATX* AWSPortal* AWSTransform-Deploy-App-Instance-Role
    AWSTransform-Deploy-Builder-Instance-Role AmazonSSMRoleForInstancesQuickSetup Atx* LaunchWizard* atx-*
    aws-elasticbeanstalk* awscodestar-* datazone_emr_ec2_instance_profile_* ecsInstanceRole eks* eks-* eks-local-*
    rosa-service-managed-*
job AFR_OTA* LicenseManagerResourceSynDataProcessJob panorama* sagemaker-*
key-pair do-not-delete-rds-custom-* preview-rds-custom!* rds-custom!*
keyspace system system_schema system_schema_mcs
launchConfigurationName AWSBatch* LaunchWizard* awseb-e-* eb-*
layer AWS-CW-Synthetics* Synthetics Synthetics_Selenium cwsyn-* sagemaker-*
listener MgnFSxProxy* awseb-* eb-* refactor-spaces-nlb-*
listener-rule awseb-* eb-*
loadbalancer MgnFSxProxy* MgnFSxProxy*NLB awseb-* awseb-e-* eb-* refactor-spaces-nlb-*
log-group *RUMService* *redshift* /aws-glue-databrew/* /aws-glue/* /aws/TransformCustom
    /aws/application-discovery-service/firehose /aws/application-signals/data /aws/robomaker/SimulationJobs
    /aws/sagemaker/studio /thinkbox* AWSProton-* AWSTransform* AmazonSecurityLake*
    AmazonSecurityLakeMetastoreManager-*-* AtxVpc* DeadlineResourceTracker* LaunchWizard* MediaTailor/* RDS* airflow*
    airflow-* airflow-DataZoneMWAAEnv-*-*-*-* amazon-bedrock-ide-* amplify-* athenafederatedcatalog* atx-*
    atx-transform* aws-cloudtrail-logs* aws-controltower/CloudTrailLogs* aws-waf-logs-* baseline-overrides-* br-studio-*
    braket* cleanrooms* cwsyn-* datasync* datazone* datazone-* delete-name-tags-* dms-serverless-replication-*
    dms-tasks-* elasticbeanstalk* elasticbeanstalk-* firehose* gamelift-* iotsitewise* iotwireless* job*
    network-migration* network-migration-modify-tgw* panorama_device* rds-custom-instance-*
log-stream config-rule-evaluation/* dms-serverless-* dms-task-*
logs /aws-glue/* aws aws-glue
managed-view AWSManagedViewForSSM*
model *redshift*
notebook-instance amazon-braket-* aws-glue-*
notebook-instance-lifecycle-config amazon-braket-* aws-glue-*
object *.ISO *.Iso *.avro *.iso *.metadata.json *aws-glue-* AWSAppFabric Canvas Canvas* CodeDeploy
    DeadlineAWSResourceTrackerTemplate*.yaml a2c-generated* actions application-transformation* assets athena
    bootstrap-script canvas* certificate_location config.properties data-capture datazone
    deadline_aws_resource_tracker*.zip dev dzd* dzd_* emr evaluations gateway_certs genAI ivs lambda-auth-code latest
    layer.zip linux metadata refactoringtoolkit* resource_sync security-scans source-automation-client ssaf-client
    ssaf_client.sig sys
otaupdate idt*
parameter AmazonCloudWatch-* AmazonCloudWatch-ApplicationInsights-* CodeBuild/* LaunchWizard*
    ManagedByAWSApplicationMigrationService-* ManagedByAWSElasticDisasterRecovery-*
    ManagedByAWSElasticDisasterRecoveryService-* ResilienceHub/* a2c-generated-check-ecs-slr-* amazon/datazone/genAI*
    amazon/datazone/genAI/*/* amazon/datazone/genAI/* amazon/datazone/profiles* amazon/datazone/profiles/*
    amazon/datazone/q* amazon/datazone/q/** amplify/* cdk-bootstrap/* imagebuilder/*
    inspector-aws/service/inspector-linux-application-paths network-migration/* rds/custom-oracle-rac/*
part AmazonSecurityLake* Canvas CanvasManagedSpace* CanvasManagedSpace-* HyperPodObservabilityNamespace
    MediaLiveAnywhereAgent* SSM* TSTALIASID User V* amazon-cloudwatch-observability
    amazon-sagemaker-hyperpod-observability automatic-backup-vault aws-guardduty-agent awseb-* awsgluedatabrew*
    cloudtrail config-aggregator-* datazone* eb-* efs eks-* lambda prod put-log-data put-metric-data
    redshift_data_api_user s3tables sagemaker_access* sagemaker_tmp_* service-view verification-evidence
path Vercel aws-pcs cloud9 managed omni role sm-provisioning
pipeline *canvas-data-prep*
placement-group *DeadlinePlacementGroup* EMR_*
plugin GitLabDuoWithAmazonQ
podidentityassociation beanstalk-cluster*
policy *cleanrooms* *cleanroomsml* AIOpsCrossAccountAssistantPolicy* AWSPortal*
    AWSQuickSetupManageJITNAResourcesExecutionPolicy AWSServiceRoleSSMIntegrationsPolicy*
    AWSSystemsManagerJustInTimeAccessTokenPolicy AmazonDataZoneRedshiftAccessPolicy* CodeStarWorker* CodeStar_* SDMP*
    SageMakerStudioQueryExecutionRolePolicy connector-manage-access-policy* datazone* deeplens* idt* idt-* panorama*
processing-job *canvas-data-prep* *redshift*
progressUpdateStream DMS SMS
project AWSProton* Elastic-Beanstalk-* elasticbeanstalk-* sagemaker* sagemaker-*
repository *sagemaker* amazon-braket* ams-cdktoolkit* athena-federation-repository* awstransform* bottlerocket-admin
    bottlerocket-control-eks datazone* diagnostics-collector-eks eks/* elasticbeanstalk-* image-builder-*
    kubelet-config-updater sagemaker* sagemaker-*
resource-data-sync AWS-QuickSetup-* InspectorResourceDataSync-do-not-delete
role *-ROSA-Worker-Role *AWSBackup* *AWSBackupGuardDuty* *AmazonBedrock* *AmazonSageMaker* *AwsBackup*
    *AwsBackupGuardDuty* *Batch* *BedrockAgentCore* *LookoutMetrics* *QuickSetup-* *SageMaker* *SageMaker*ForBedrock*
    *Sagemaker* *cleanrooms* *entityresolution* *imagebuilder* *sagemaker* *workmail* ATX* AWS-QuickSetup*
    AWS-QuickSetup-* AWS-QuickSetup-AutomationRole-* AWS-QuickSetup-CFGCPacks* AWS-QuickSetup-EnableJITNA-*
    AWS-QuickSetup-HostMgmtRole-* AWS-QuickSetup-RoleForDistributor-* AWS-QuickSetup-SSM-*
    AWS-QuickSetup-SSM-DefaultEC2MgmtRole-* AWS-QuickSetup-SSM-EnableAREX* AWS-QuickSetup-SSM-EnableDHMC*
    AWS-QuickSetup-SSM-EnableExplorer* AWS-QuickSetup-SSM-LifecycleManagement* AWS-QuickSetup-SSM-LifecycleManagement-*
    AWS-QuickSetup-SSM-ManageInstanceProfile* AWS-QuickSetup-SSM-ManageResources* AWS-QuickSetup-SSM-ManageResources-*
    AWS-QuickSetup-Scheduler-* AWS-SSM-Diagnosis* AWS-SSM-DiagnosisAdminRole* AWS-SSM-DiagnosisExecutionRole*
    AWS-SSM-Remediation* AWS-SSM-RemediationAdminRole* AWS-SSM-RemediationExecutionRole*
    AWSApplicationDiscoveryServiceFirehose AWSApplicationMigrationConversionServerRole
    AWSApplicationMigrationLaunchInstanceWithDrsRole AWSApplicationMigrationLaunchInstanceWithSsmRole
    AWSApplicationMigrationReplicationServerRole AWSBatchJobRole* AWSBatchServiceRole AWSCloud9SSMAccessRole
    AWSControlTowerBlueprintAccess AWSControlTowerCloudTrailRole AWSControlTowerConfigAggregatorRoleForOrganizations
    AWSControlTowerStackSetRole AWSDeepLens* AWSDeepRacer* AWSDeepRacerLambdaAccessRole
    AWSElasticDisasterRecoveryConversionServerRole AWSElasticDisasterRecoveryRecoveryInstanceRole
    AWSElasticDisasterRecoveryRecoveryInstanceWithLaunchActionsRole AWSElasticDisasterRecoveryReplicationServerRole
    AWSGlueServiceNotebookRole* AWSGlueServiceRole* AWSGlueServiceSageMakerNotebookRole* AWSIQPermission-*
    AWSManagedAdvancedFeaturesActivationRole AWSManagedBudgetsSpendLimitManagementRole AWSOperationsPack-* AWSPCS*
    AWSPanoramaApplianceRole AWSPanoramaGreengrassGroupRole AWSPanoramaGreengrassRole AWSPanoramaSageMakerRole
    AWSPortal* AWSRDSCustom* AWSServiceRoleForApplicationAutoScaling_AppStreamFleet
    AWSServiceRoleForApplicationAutoScaling_CassandraTable AWSServiceRoleForApplicationAutoScaling_DynamoDBTable
    AWSServiceRoleForApplicationAutoScaling_EC2SpotFleetRequest
    AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint AWSServiceRoleForSecurityIncidentResponse_Triage
    AWSTransform-Deploy-App-Instance-Role AWSTransform-Deploy-Builder-Instance-Role
    AWSTransform-Deploy-ECS-Execution-Role AWSTransform-Deploy-ECS-Task-Role
    AWSTransformNetworkMigrationAgentSharingRole_* AWSTransformRehostSharingRole_* AWS_Events_Invoke_Targets
    AccountFullAccessRole AmazonBedrock* AmazonBedrockAgentCoreCapacityProviderDefaultInstanceRole*
    AmazonBedrockConsumptionRole* AmazonBedrockEvaluation* AmazonBedrockEvaluationRole-*-* AmazonBedrockExecution*
    AmazonBedrockServiceRole-*-* AmazonBraketJobsExecutionRole* AmazonBraketServiceSageMakerNotebookRole*
    AmazonConnectEmailSESAccessRole AmazonDataZone* AmazonEC2RoleForLaunchWizard AmazonEC2RoleForLaunchWizard*
    AmazonLambdaRoleForLaunchWizard AmazonSSMRoleForInstancesQuickSetup AmazonSageMaker*
    AmazonSageMakerCanvasEMRSExecutionAccess-* AmazonSageMakerHyperPodObservabilityAddonAccess-*
    AmazonSageMakerHyperPodObservabilityGrafanaAccess-* AmazonSageMakerManageAccess* AmazonSageMakerQueryExecution
    AmazonSageMakerQuickSightVPC AmazonSageMakerServiceCatalog* AmazonSageMakerServiceCatalogProductsApiGatewayRole
    AmazonSageMakerServiceCatalogProductsCloudformationRole AmazonSageMakerServiceCatalogProductsCodeBuildRole
    AmazonSageMakerServiceCatalogProductsCodePipelineRole AmazonSageMakerServiceCatalogProductsEventsRole
    AmazonSageMakerServiceCatalogProductsExecutionRole AmazonSageMakerServiceCatalogProductsLambdaRole
    AmazonSecurityLake* AmazonSecurityLakeCustomDataGlueCrawler* AmazonSecurityLakeMetaStoreManager
    AmazonSecurityLakeMetaStoreManagerV2 AmazonSecurityLakeS3ReplicationRole AmazonSecurityLakeSubscriberEventBridge
    ApplicationAutoScalingForAmazonAppStreamAccess Atx* AtxSchedulerInvocationRole AtxSchedulerInvocationRole-*
    AwsGlueSessionServiceRoleUserRestricted* AwsGlueSessionServiceRoleUserRestrictedForNotebook*
    AwsGlueSessionUserRestrictedNotebookServiceRole* BedrockStudio* CloudWatch-CrossAccountSharing*
    CloudWatchOmniAWSIntegrationRole-* CloudWatchSyntheticsRole* CloudWatchTelemetryRuleEKSAddonRole CodeStarWorker*
    DMSPremigrationAssessmentS3Role DRSCrossAccountAgentAuthorizedRole_* DataPipelineDefaultResourceRole
    DataPipelineDefaultRole DataZoneMWAAEnv-*-*-* DeadlineResourceTracker* DeadlineResourceTrackerAccess* DeadlineSpot*
    EC2ImageBuilderDistributionCrossAccountRole ECSTaskExecution* EMR_AutoScaling_DefaultRole EMR_DefaultRole
    EMR_DefaultRole_V2 EMR_EC2_DefaultRole Inspector2SSMAssumeRole* Inspector2SSMDispatchRole*
    Inspector2SSMFederationRole* Inspector2VmScannerRole* LicenseManagerServiceResourceDataSyncRole* ManagedAccountAdmin
    Nmd*modifyTransitGateway* PartnerCentralChannelBillingTransferManagement
    PartnerCentralChannelBillingTransferReadOnly PartnerCentralRoleFor* RUM-Monitor* SDMP-* SDMPServiceRole*
    SSM-JustInTimeAccessTokenRole SageMakerForBedrock* SageMakerForLambda* SageMakerHyperPodInference*
    SageMakerStudioQueryExecutionRole Service_2026_04_16 StatesExecutionRole* atx-* atx-transform-role
    atx-transform-role-* aws-codestar-service-role aws-ec2-spot-fleet-role aws-ec2-spot-fleet-tagging-role
    aws-elasticbeanstalk* aws-elasticbeanstalk-* cdk-*-deploy-role-*-* cdk-*-file-publishing-role-*-*
    cdk-*-image-publishing-role-*-* cdk-*-lookup-role-*-* cleanrooms-ml* cwe-role-* datazone* datazone-partner-apps-*
    datazone_emr_* datazone_emr_containers_system_namespace_role_* datazone_emr_ec2_instance_role_*_*
    datazone_emr_ec2_instance_role_* datazone_emr_service_role_* datazone_redshift_serverless_admin_role_*
    datazone_s3tables_* datazone_usr* datazone_usr_role* datazone_usr_role_* datazone_usr_sagemaker_execution_role_*
    dms-cloudwatch-logs-role dms-s3-access-role dms-secrets-manager-role dms-vpc-role ec2-sysadmin-* ecr-sysadmin-*
    ecsAutoscaleRole* ecsInfrastructureRole ecsInstanceRole ecsInstanceRole* flow-logs-* iaws-ec2-spot-fleet-role idt-*
    kinesis-* kinesis-analytics* lambda-dynamodb-* lambda-sysadmin-* lambda-vpc-execution-role lambda_exec_role
    rdbms-lambda-access rds-monitoring-role sagemaker-space-* security-agent-* stacksets-exec-*
rolealias SageMakerEdge* panorama*
rule *ControlTower* *QuickSetup-* *Schemas* *Schemas-* AWSAppRunnerManagedRule* AWSEC2SqlHa*
    AWSUserNotificationsManagedRule-* AmazonCloudWatch-ApplicationInsights-* AmazonSecurityLake* AmazonSecurityLake-*
    AuditManagerSecurityHubFindingsReceiver AwsBackupManagedRule* AwsDataLifecycleRule.managed-cwe.*
    CloudTrailEventContext* ConnectCampaignsRule* DO-NOT-DELETE-AmazonInspector*ManagedRule DO-NOT-DELETE-S3-Files*
    DeadlineResourceTracker* DevOps-Guru-managed-* DevOpsGuruManagedRule* EKS* FastLaunch* ImageBuilder-*
    Managed.SageMaker* MigrationHubOrchestratorManagedRule* SSMExplorerManagedRule SSMSAPManagedRule*
    SageMakerPipelineExecutionEMRClusterStatusUpdateRule SageMakerPipelineExecutionEMRStepStatusUpdateRule SecurityLake*
    VPCFlowLogsASGTagsManagedRule VPCFlowLogsEC2TagsManagedRule agentcore-lifecycle-events-* awscodestar-*
    awscodestarnotifications-* codecommit* codepipeline-* do-not-delete-rds-custom-* ecs-managed-*
    entity-resolution-automatic* sagemaker-*
s3 *imagebuilder* aws-portal-cache* awsportal* codepipeline-* logs-for-aws-portal-cache* logs-for-stack* stack*
sagemaker *Canvas* *canvas* *model-compilation-* Canvas* canvas*
scans CodeWhisperer-*
schedule SageMakerUnifiedStudio-*-* atx-ct atx-ct-*
schedule-group atx-ct atx-ct-*
secgrp awseb-e-* eb-*
secret *directconnect* *redshift* A4B* A4BNetworkProfile* AmazonDataZone-* AmazonKendra-* AmazonMSK_* AmazonSageMaker-*
    AwsGlueDataBrew-* InfluxDB-RepoToken-* LaunchWizard* Panorama* READONLY-InfluxDB-auth-parameters-* amazon-bedrock*
    amazon-bedrock-ide/* appstudio!* appstudio-* atx-db-modernization-* atx/* aws-datasync!* aws/ssm/3p/*
    bedrock-agentcore* br-studio/* cw-omni-* databrew!default-* datasync!* do-not-delete-rds-custom-*
    ecr-pullthroughcache/* eks-local.cluster.x-k8s.io/* events!connection/* events!connection/AmazonSecurityLake-*
    greengrass-* license-manager-user-* marketplace-deployment!* marketplace-deployment*!* migrationhub-orchestrator-*
    migrationhub-strategy-* panorama* pcs!* preview-rds-custom!* quicksight!* rcs-tls-pw* rcs-tls-pw-stack*
    rds-beta-us-east-1!* rds-custom!* rds-db-credentials/* rds-preview-us-east-2!* s2svpn!* transfer!* transform!*
secretsmanager sqlworkbench!*
securityagent agent-instance* agent-space*
service AWSTransform* MediaLiveAnywhere*
simulation-application deepracer*
snapshot-tenant-database awsbackup
sns *GroundTruth* *Groundtruth* *SageMaker* *Sagemaker* *groundTruth* *groundtruth* *imagebuilder* *sageMaker*
    *sagemaker* ActivatingLifecycleHookTopic-* AmazonRekognition* AmazonTextract* Automation*
    ChimeVoiceConnector-Streaming* CodeDeployTopic_* CodeStarNotifications-* ConfigRecording-Default-Topic DevOps-Guru-*
    DevOpsGuru-Default-Topic DirectoryMonitoring* ElasticBeanstalkNotifications-*
    ElasticBeanstalkNotifications-Environment-* LaunchWizard* Synthetics-* TerminatingLifecycleHookTopic-*
    aws-cloudtrail-logs* aws-controltower-AggregateSecurityNotifications aws-license-manager-service-*
    cloudwatch-application-signals-* codecommit* codestar-notifications* iotfleethub* metrics-sns-topic-for-*
sqs *GroundTruth* *SageMaker* *sageMaker* *sagemaker* AmazonSecurityLake* AmazonSecurityLakeManager-*
    ChimeVoiceConnector-Streaming* DeadlineAWS* DeadlineAWSComputeNodeState* DeadlineAWSComputeNodeStateMessageQueue*
    DeadlineResourceTracker* LaunchWizard* SecurityLake* SecurityLake_* airflow-celery-* atx-dispatcher-queue awseb-e-*
    dd-* do-not-delete-rds-custom-* eb-* sd-*
stack AWSAppMesh-GettingStarted-* AWSControlTower* AWSProton-CodeBuild-* AWSTransform* ApplicationInsights*
    ApplicationInsights-* AtxDispatcherStack AtxInfrastructureStack AtxInfrastructureStack-* AtxLz*
    AtxSecurityAgentStack-* CDKToolkit DataZone* DataZone-Env-* Deadline* DeadlineResourceTracker* EC2FastLaunch*
    LaunchWizard* LaunchWizard-* LicenseManagerCrossAccountCloudDiscoveryStack Nmd* SC-* StackSet-AWS-QuickSetup-*
    StackSet-AWS-QuickSetup-JITNA-* StackSet-AWS-QuickSetup-SSM-* StackSet-AWSControlTower* StackSet-SC-*
    StackSet-SSMQuickSetup* a2c-app-* a2c-build-* amplify-* ams-cdk-toolkit* ams-detective-controls-config-recorder
    ams-detective-controls-config-rules-cdk ams-detective-controls-infrastructure-cdk application-transformation-app-*
    athenafederatedcatalog* atx-* aws-cloud9-* aws-glue* aws-glue-* awscodestar-* awsconfigconforms-* awseb-* awseb-e-*
    beanstalk-* eb-* elasticbeanstalk-*-image-build sagemaker-* sms-app-* stack* stacksets-exec-role-stack-*
stackset AWS-QuickSetup-* AWS-QuickSetup-SSM* AWSControlTower* SC-* SSMQuickSetup*
stackset-target AWS-QuickSetup-* AWS-QuickSetup-SSM* AWSControlTower* SSMQuickSetup*
stateMachine SSM* sagemaker-*
statemachine *sagemaker*
stream AFR_OTA* AmazonRekognition* AmazonWorkLink-* ChimeMediaPipelines-* ChimeVoiceConnector-* amazon-workspaces-web-*
    aws-rds-das-* chime-chat-* chime-messaging-* deeplens* dr-*
subgrp awseb-e-* eb-*
table *-stack-AWSEBWorkerCronLeaderRegistry* *redshift* DeadlineEC2ComputeNodeHealth* DeadlineEC2ComputeNodeInfo*
    DeadlineFleetHealth* LaunchWizard* amazon_security_lake_glue_db* aws awsbackup-restore-test-* awseb-e-* eb-*
    license_manager_resource_inventory_db license_manager_resource_sync sagemaker-* sagemaker_featurestore
tableVersion sagemaker-*
targetgroup MgnFSxProxy* MgnFSxProxy*TG awseb-* eb-* refactor-spaces-tg-*
task *_Batch_* AWSTransform*
task-definition AWSTransform* MediaLiveAnywhereAgent*
thing *-gci *-gcm *-gda GG_* deeplens* idt* idt-* panorama*
thinggroup idt*
trail aws-controltower* codepipeline-source-trail do-not-delete-rds-custom-*
training-job *redshift* AWSBatch* deeplens* panorama*
transform-job *redshift* quicksight-auto-generated-*
trigger sagemaker-*
user OmniIngestionUser-*
userDefinedFunction sagemaker-*
view AWSServiceViewForApplicationSignals AWSServiceViewForApplicationSignalsOrgScopeProd ServiceViewForInspector*
    all-resources
workflow sagemaker-*
workload-identity-directory default
"""
