"""Words of AWS's own API: those in the names of operations and members of three services or more.

`make index` writes them, from botocore's data; names of companies, products and persons are left out.
"""

from __future__ import annotations

API_WORDS = frozenset(
    """
    aaaa abandon abort above absolute acceleration accelerator accelerators accent accept acceptance accepted access
    accessed accessibility accessible accessor accessors account accounts accuracy acknowledgment acl acls acm action
    actions activate activated activation activations active activities activity actor actors actual adapter adaptive
    add added additional addon address addresses adjustment adjustments admin administration administrator
    administrators admins ads advanced advertise advisor affected affinity after age agent agentless agents aggregate
    aggregated aggregates aggregation aggregations aggregator aggregators agreement agreements alarm alarms alb alert
    alerts algorithm algorithms alias aliases alignment alive all allocate allocated allocation allocations allow
    allowed allowlist allows already alternate alternative alternatives always ambiguous ami amortized amount amounts
    amzn analyses analysis analytics analyze analyzed analyzer anchor and angle annotation annotations anomalies
    anomalous anomaly anonymous answer answers anti any anywhere api apis app append appliance applicable application
    applications applied apply approach approval approvals approve approved approver approximate apps arch architecture
    architectures archival archive archived archives are area args arguments arn arns array arrival artifact artifacts
    ascending asn aspect assertion assessment assessments asset assets assign assigned assignment assignments assistant
    associate associated association associations assume assumed async attach attached attachment attachments attack
    attempt attempted attempts attendee attestation attribute attributes attribution attributions audience audiences
    audio audit auth authenticate authenticated authentication authn author authorities authority authorization
    authorizations authorize authorized authorizer authorizers auto automated automatic automation autonomous
    autoscaling avail availability available average avg avoid await aware awareness aws awsvpc back backend backfill
    background backup backups backward bad badge bake balance balancer balancers balancing band bandwidth banner bare
    base based baseline baselines bases basic basis batch batches batching bcc bearer before begin behavior behaviors
    benefits between bgp bias bid big billable billed billing bin binary binding bindings birth bit bitrate bits
    blacklist blob block blocked blocker blockers blocking blocks blueprint blueprints body bool boolean boot bootstrap
    border borrow bot bots bounce bound boundaries boundary bounding box branch branches brand branding breach break
    breakdown breaker bridge broker browser bucket buckets budget budgets buffer build builder builds built bulk bundle
    bundles burst burstable bus buses business button buttons buyer byol bypass byte bytes cache cached caches caching
    cadence calculated calculation calendar call callback caller calling calls campaign campaigns can cancel canceled
    cancellable cancellation cancelled candidate canned canonical canvas cap capabilities capability capable capacities
    capacity caption capture card cardinality cards carrier case cases catalog catalogs categorical categories category
    cause caused causes cdc cdn cell cells center cert certificate certificates cfn chain challenge change changed
    changes channel channels char character characteristics characters charge charged charges chars charset chat check
    checked checkpoint checks checksum child children chime choice choices chunk cidr cidrs ciphers circle circuit
    citation citations city claim claims class classes classic classification classifier classifiers clean cleanup clear
    cli click client clients clip clock clone cloned close closed cloud cloudwatch cluster clustering clusters cmaf cmk
    cname code codec codes coding cold collaboration collaborators collapse collection collections collector collectors
    color colors column columns command commands comment comments commit commitment committed common communication
    compaction company comparator comparison compatibilities compatibility compatible complete completed completion
    compliance compliant component components composite composition compressed compression computation compute computed
    computer concurrency concurrent condition conditional conditions confidence config configs configurable
    configuration configurations configure configured confirm confirmation conflict conflicting conflicts connect
    connected connection connections connectivity connector connectors consent consistency console consolidation
    constant constraint constraints consumable consumed consumer consumers consumption contact contacts container
    containers contains content contents context contexts contextual continuation continue continuous contract contracts
    contrast contributing contribution contributor contributors control controller controls conversation conversational
    conversion convert converted cookie cookies cooldown coordinates copy core cores correction correlation cors cost
    count counters countries country counts county coverage coverages covered cpu cpus crawler crc create created
    creation creator credential credentials credit credits criteria criterion critical criticality crl cron crop crypto
    csr css csv currency current cust custom customer customization customizations customized cutoff cutover cvss cycle
    dag daily dash dashboard dashboards data database databases datapoints dataset datasets datasource date dates
    datetime day days dbi deactivate dead deadline debug decimal decision decline decode decrease decrypt decryption
    dedicated deduplication deep default defaults defer deferred define defined definition definitions delay delegate
    delegated delegation delete deleted deletes deletion deletions delimiter deliver delivery delta demand denied deny
    dependencies dependency dependent depends deploy deployed deployment deployments deprecate deprecated deprecation
    deprovision depth deregister deregistration derive derived describe description descriptions descriptive descriptor
    descriptors desired dest destination destinations detach detail detailed details detect detected detection
    detections detector detectors dev developer deviation device devices diagnostic diagnostics dial dialog dictionary
    diff difference differences digest digests digital dimension dimensions dir direct direction directories directory
    disable disabled disallowed disassociate disassociated disassociation disassociations disconnect discount discounts
    discover discovered discovery disk disks display disposition dissociate distance distinct distinguished distribute
    distribution distributions distributor district dkim dns dnssec doc docker docs document documentation documents
    domain domains dominant double down downlink download draft drain draining drift drive driver drop dropped dry dual
    due duplicate duplicates duration duty dvb dynamic dynamo dynamodb each earliest early ebs ecmp ecr ecs edge edges
    edit edition editor efa effect effective effort efs egress eip eks elapsed elastic elb element elements elevation
    elicit elicitation eligibility eligible email emails embed embedded embedding emit empty emr enable enabled
    enablement enclave encoded encoder encoding encrypt encrypted encryption end ended ending endpoint endpoints ends
    enforce enforced enforcement engagement engagements engine enhanced enhancement eni enrichment enrollment enter
    enterprise entire entities entitlement entitlements entity entries entry enum env environment environments ephemeral
    epoch equal equals error errored errors escape essential established estimate estimated estimation etag eval
    evaluate evaluated evaluation evaluations evaluator event events evidence exact example examples exceeded except
    exception exceptions excerpt exchange exclude excluded excludes exclusion exclusions exclusive exec executable
    execute executed execution executions executor existence existing exists exit expanded expected experience
    experiment experiments expiration expire expired expires expiry explain explanation explanations explicit exploit
    explorer exponential export exportable exported exports expose exposure express expression expressions extend
    extended extension extensions external extra extract extracted extraction fabric facet facets factor factors fail
    failed failover failure failures fall fallback false families family fargate fast fault favicon feature features
    federated federation fee feed feedback fetch field fields file filename files filesystem fill filled filler filter
    filtered filtering filters final finding findings fine fingerprint finish finished fips firelens firewall first fix
    fixed flag flagged flags flat fleet fleets flex float flow flows flush folder folders follow font footer for force
    forced forecast forecasted forgot form format formation formats forms forward forwarded forwarding found foundation
    fqdn fraction fragment frame framerate frames framework frameworks free frequencies frequency fresh freshness
    friendly from front fsx fulfillment full fully function functions gap gate gateway gateways gbps gcp gen gender
    general generate generated generation generations generative generator generic geo geometry get gib gid gids git
    given global glue goal goals governance governed gpu gpus grant granted grantee grants granularity graph greater
    grid ground grounding group grouped grouping groups grpc gte guard guardrail guardrails guest guid guidance handle
    handler handling hard hardware has hash hashes head header headers health healthy heartbeat height hex hibernate
    hibernation hidden hierarchical hierarchy high highest highlight highlights hint hints histogram historical
    histories history hit hits hive hls hold holder home hook hooks hop horizontal host hosted hostname hosts hour
    hourly hours hpo hsm html http https hub hubs human hybrid hyper iam iat icmp icon idc idempotency identification
    identified identifier identifiers identify identities identity idle idp ids iframe ignore ignored igw image images
    immediate immediately impact impacted impaired implementation implicit import importance imported imports impossible
    inactive inactivity inbound incident include included includes inclusion inclusive incompatible incomplete increase
    increment incremental index indexed indexes indexing indicator indicators indices individual industry inference
    inferred info information informational infos infrastructure ingest ingested ingestion ingress inheritance inherited
    init initial initialization initialize initials initiate initiated initiation initiator injection inline input
    inputs insecure insert insertion inside insight insights inspection install installation installed instance
    instances instruction instructions insufficient int integer integration integrations integrity intelligence intended
    intent intents interaction interactions interactive interconnect interest interface interfaces intermediate internal
    internet interpolated interpolation interpreter interrupt interruption interval intervals invalid inventory
    investigation investigations invitation invitations invite invited invocation invocations invoice invoke invoked
    invoker iops ios iot ipam ipc ips ipv iso isolation isp issue issued issuer issues issuing item items iteration
    iterations iterator job jobs join json justification jwks jwt keep kernel key keys keyword keywords kind kinesis kms
    knowledge known kubernetes label labeling labels lag lambda landing lang language languages large last lat latency
    latest latitude launch launched launches layer layers layout layouts learn learning leave left legacy legal length
    lens less letter level levels lex library license licenses life lifecycle lifetime limit limiter limits line lineage
    linear lines link linked links linux list listed listener listeners listing listings lists live load loading local
    locale locales locality localized location locations lock locked lockout log logging logic logical login logo logout
    logs lon long longitude look lookback lookup loop loss low lower lowercase lowest lte mac machine machines mail
    mailbox main maintenance major maker malware manage managed management manager mandatory manifest manifests manual
    manufacturer manufacturers map mapped mapper mapping mappings maps margin markdown marker markers market marketplace
    mask master match matched matcher matches matching material materials matrix max maximum mbps mcc mcp mean measure
    measurement mechanism media medical medium meeting mega member members membership memberships memory merge merged
    message messages messaging meta metadata metal metered metering method methods metric metrics mfa middle migration
    migrations millis milliseconds mime min minimum minor mins minute minutes missing mitigation mixed mnc mobile
    modality mode model models modes modifiable modification modifications modified modifier modify modifying module
    modules monitor monitored monitoring monitors month monthly months more most motion mount mounts move msg msk mss
    mtls multi multicast multipart multiple multiplier mutation mutual name named names namespace namespaces nat native
    natural navigation needed negate negated negative neq nested net network networking networks new next nfs nlu node
    nodes noise non nonce noncurrent none normal normalization normalized not note notebook notes notification
    notifications notified notify now null nullable num number numbers numeric nvme oauth object objective objectives
    objects observability observation observations observed occurrence occurrences ocsf ocsp off offer offering
    offerings offset offsets oidc old onboarding one online only ons ontap opacity open operand operands operating
    operation operational operations operator operators ops opt opted optimal optimization optimize optimized optimizer
    optimizing option optional options orchestration orchestrator order orderable ordered ordering orders org
    organization organizational organizations orientation origin original origination origins other otp out outbound
    outcome outgoing outlier outpost output outputs outstanding over overall overlap overridden override overrides
    overview overwrite owned owner owners ownership owning pack package packages packaging packet packets padding page
    pages pagination pair pairs panel par parallel parallelism parallelization param parameter parameters params parent
    parents parquet parse parsed parser parsing part partial participant participants participating partition partitions
    partner parts party pass passed passphrase passthrough password passwords patch path paths patient pattern patterns
    pause paused pay payer payload payment pays pca pci pcr pdf peak peer peering peers pem pending per percent
    percentage percentile perform performance period periodic periods permanent permission permissions permit permitted
    persistence persistent persona personal personalization phase phases phone phrase phrases physical pid pids pii pin
    ping pinned pipeline pipelines pixels place placeholder placement plain plan plane planned planning plans platform
    platforms playback playlist plugin plugins plus pod point points policies policy political poll polygon pool pools
    population port portal portals portfolio ports position positional positive posix possible post postal postgre
    posture potential power pre precision predefined predicate predicates predict predicted prediction predictions
    predictive predictor preference preferences preferred prefix prefixes preload premises prepare prepared prerequisite
    presentation preserve preset presigned prevent preview previews previous price prices pricing primary principal
    principals prior priorities priority privacy private privilege privileged proactive probability probe problem
    problems process processed processes processing processor processors producer product production products profile
    profiler profiles profiling program programs progress progressive project projected projects promote promotion
    promotional prompt prompts propagate propagating propagation properties property proposal proposed protect protected
    protection protections protocol protocols provenance provided provider providers province provision provisioned
    provisioning proximity proxy public publicly publish published publisher publishers publishing pull purchase purpose
    push pushed put qualification qualified qualifier quality quantity quantization queries query queryable question
    questions queue queued queues quick quota quotas quote quotes radius ram ramdisk random range ranges rank ranking
    rate rating ratio rationale raw rds reachability reached read reader readers readiness readme readonly ready real
    realm realtime reason reasoning reasons rebalance reboot rebuild recall receipt receipts receive received receiver
    recent recipe recipes recipient recipients recognition recommendation recommendations recommended recommender
    reconnect record recorded recorder recording records recovery recurrence recurring recursive redact redacted
    redaction redirect redirection reduction redundancy ref reference referenced references referencing refresh
    refreshed refund regex regexes region regional regions register registered registration registrations registries
    registry reject rejected rejection related relation relational relationship relationships relative relay release
    released relevance relevant remaining remediation remote removal remove removed rename render rendered rendering
    rendition renditions renew renewal repair repeat replace replacement replay replica replicas replicate replicated
    replication replications reply repo report reported reporting reports repositories repository reputation request
    requested requester requests require required requirement requirements requires reranked reranking reseller resend
    reservation reservations reserve reserved reset resilience resiliency resize resolution resolve resolved resolver
    resolvers resource resources respond response responses responsibility rest restart restorable restoration restore
    restored restrict restricted restriction restrictions result results resume retain retention retries retrieval
    retrieve retrieved retry retryable return returned reuse reveal revenue reverse revert review reviewed reviews
    revision revisions revocation revoke revoked reward rfc right risk role roles roll rollback rolling rollout rooms
    root rotate rotation route router routers routes routing row rows rtmp rule rules ruleset rulesets rum run running
    runs runtime runtimes saa safety same saml sample sampled samples sampling sandbox sasl savings sbom scalable scalar
    scale scaling scan scanned scanning scans scenario scenarios scene schedule scheduled scheduler schedules scheduling
    schema schemas scheme scope scopes score scores scoring scram screen screenshot screenshots script scte sdk search
    searchable sec second secondary seconds secret secrets section sections sector secure security seed seen segment
    segmentation segments select selected selection selections selective selector selectors self seller semantic send
    sender sending sensitive sensitivity sent sentiment separator sequence sequences serial serialization series server
    serverless servers service services session sessions set sets setting settings setup severities severity sha shadow
    shape shard shards share shared shares sharing sharpness shell shift shipping short shortcut shot should show
    shutdown sid side sign signal signaling signals signature signed signer signin signing silent similarity simple
    since single sink sinks site sites size sizes sizing skill skills skip skipped sla slate sliding slot slots small
    smb smooth smpte sms snap snapshot snapshots snippet sns socket soft software solution sort source sources space
    spaces span spans spatial speaker speakers spec specialty specific specification specifications specified specifier
    specs speech speed speke spend split spot spread sql sqls sqs squash srt sse ssekms ssh ssl ssm ssml sso stability
    stack stacks stage stages staging stale stamp standard standby start started starter starting starts startup stat
    state stateful stateless statement statements states static station statistic statistics stats status statuses std
    step steps stickiness stop stopped stopping storage store stored stores strategies strategy stream streaming streams
    street strength strict string strings strip stripe structure structured studio style sub subdirectory subdivision
    subdomain subdomains subject subjects submission submit submitted subnet subnets subscribe subscribed subscriber
    subscribers subscription subscriptions subset subtitle subtitles subtype succeeded success successful successfully
    suffix suggested suggestion suggestions suite sum summaries summarization summary supplemental support supported
    supporting supports suppress suppressed suppression surname suspend suspended swap swappiness switch switchover
    symbol symbols sync synced synchronization synonyms syntax system systems table tables tag tagging tags tail target
    targeting targets task tasks tax tcp tde team teams technical technique techniques telemetry telephony temp
    temperature template templates temporal temporary tenancy tenant term terminal terminate terminated termination
    terms test testing tests text than the theme themes thing things third thread threads threat threats three threshold
    thresholds throttle throttling through throughput thumbnail thumbprint tier tiering tiers tile till time timecode
    timed timeline timeout timer times timestamp timestamps timestream timezone timezones timing title tls tmpfs token
    tokens tolerance tone too tool tools top topic topics topology total totals tps trace traces tracing track tracked
    tracker tracking tracks trade traffic trail training transaction transactions transcribe transcript transcription
    transfer transferred transfers transform transformation transformations transformer transforms transit transition
    transitions translation translations transmission transparency transport treat treatment tree trend trial trigger
    triggered triggers trim true truncated trust trusted truth ttl ttml tune tuning tunnel tuple turn turns two type
    types udp uefi uid ulimits unallocated unauthenticated unavailable unchanged undo unhealthy unicode unified uniform
    unique unit units unknown unlimited unlock unmapped unmatched unprocessed unshare unspecified unsubscribe
    unsuccessful unsupported untag until unused updatable update updated updates upfront upgrade uplink upload uploaded
    uploads upper uppercase upstream uri uris url urls usage usages use used user username users using utc utilization
    utilized utterance uuid valid validate validation validations validators validity value values variable variables
    variant variants vault vaults vcpu vector vectors vended vendor verbose verdict verification verified verifier
    verify version versioned versioning versions vertical via video view viewer views violation virtual virtualization
    visibility visible visual vlan vocabulary voice volume volumes vpc vpce vpcs vpn vulnerabilities vulnerability
    vulnerable waf wait waiting wallet warehouse warm warmup warning warnings watch watermark watermarks web webhook
    webhooks website week weekly weight weighted weights welcome what whats when whitelist widget width window windows
    with within without word words work worker workers workflow workflows workgroup working workload workloads workspace
    workspaces wrap wrapping write writer writes written xml xss year years zero zfs zip zonal zone zones
    """.split()
)
