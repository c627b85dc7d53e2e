//! Every rule of the audit: its code, what it finds, why that matters, what cures it.

use mainstay_core::settings::{Place, Problem, Severity};

/// Something that can be wrong with a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A code such as `MS1012`.
    pub code: &'static str,
    /// Whether a deployment must not go out with it.
    pub severity: Severity,
    /// The problem in a few words: lower case, no full stop.
    pub title: &'static str,
    /// Why it matters.
    pub because: &'static str,
    /// What cures it.
    pub help: &'static str,
}

impl Rule {
    /// The problem that this rule finds at a place.
    pub(super) fn at(&self, place: Place, message: impl Into<String>) -> Problem {
        Problem::new(self.code, self.severity, message).because(self.because).help(self.help).place(place)
    }

    /// The problem with the rule's title for a message.
    pub(super) fn found(&self, place: Place) -> Problem {
        self.at(place, self.title)
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $code:literal $severity:ident $title:literal, $because:literal, $help:literal;)*) => {
        $(pub(super) const $name: Rule = Rule {
            code: $code,
            severity: Severity::$severity,
            title: $title,
            because: $because,
            help: $help,
        };)*

        /// Every rule, by code.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    ROOT_USER = "MS1001" Error "it runs as root",
        "whoever gets code to run in it has the rights of root, and a hole in the container runtime makes that the machine",
        "give it a user of its own: `USER 1000:1000` in a Dockerfile, `user:` in Compose, `runAsNonRoot: true` in Kubernetes, `DynamicUser=yes` in a unit";
    UNPINNED_IMAGE = "MS1002" Error "an image is not pinned",
        "the same file gives another program tomorrow, and nobody reviewed it",
        "name an exact version, such as `postgres:15.14-bookworm`, or a digest";
    NO_HEALTH_CHECK = "MS1003" Error "nothing asks whether it is healthy",
        "a process that hangs is taken for one that works",
        "add a health check: `HEALTHCHECK CMD [\"/usr/local/bin/app\", \"health\"]` in a Dockerfile, `healthcheck:` in Compose";
    SECRET_IN_CLEAR = "MS1004" Error "a secret stands in the file",
        "it is in the repository, in the image's history and in every listing of the process, for ever",
        "take it out, change it, and give its file instead: `SECRET_KEY_FILE`, `secrets:`, `secretKeyRef`, `LoadCredential=`";
    WIDE_CONTEXT = "MS1005" Warning "the image is built from everything",
        "`COPY . .` takes along .git, .env and whatever lies about",
        "write a .dockerignore beside the build's context that names what is needed, or leaves out .git, .env and target";
    SHELL_FORM = "MS1006" Error "the service is started by a shell",
        "the shell gets the signal to stop and the service does not: it is killed in the middle of requests",
        "write the command as a list: `CMD [\"serve\"]`";
    FETCHED_BY_ADD = "MS1007" Error "the image fetches from an address",
        "what is fetched is another thing tomorrow, and nobody checks what it is",
        "copy a file that is in the repository, or check a digest with `ADD --checksum=`";
    TOOLS_IN_IMAGE = "MS1008" Warning "the image holds a compiler",
        "everything in an image can be used by whoever gets in, and has to be patched",
        "build in a stage of its own, and begin the last stage from a small base";
    STOP_TOO_SHORT = "MS1010" Error "it is killed before it has drained",
        "requests in flight are cut off and unwritten work is lost, at every deployment",
        "give it more time than SHUTDOWN_TIMEOUT: `stop_grace_period`, `terminationGracePeriodSeconds` or `TimeoutStopSec`";
    NOT_CONFINED = "MS1011" Error "it may do more than it needs",
        "each right that a service does not need is one that an intruder has",
        "in Compose: `cap_drop: [ALL]` and `security_opt: [\"no-new-privileges:true\"]`, no `privileged`; in Kubernetes: `allowPrivilegeEscalation: false` and `capabilities: {drop: [ALL]}`";
    WRITABLE_ROOT = "MS1012" Warning "its root file system can be written",
        "an intruder can leave things behind that survive until the next image",
        "make it read-only (`read_only: true`, `readOnlyRootFilesystem: true`), with a tmpfs for /tmp";
    STORE_EXPOSED = "MS1013" Error "a store is reachable from outside",
        "passwords are guessed and holes are tried, all day, by everybody",
        "publish no port of a store; services of one network reach it without";
    BYPASSES_PROXY = "MS1014" Error "the service is reachable past the proxy",
        "what the proxy does (TLS, limits, the client's address) can be walked around",
        "publish only the proxy's ports, and `expose` that of the service";
    NO_RESTART = "MS1015" Error "nobody starts it again",
        "a crash at night is an outage until the morning",
        "add `restart: unless-stopped` in Compose, `Restart=on-failure` in a unit";
    NO_MEMORY_LIMIT = "MS1016" Warning "its memory is not limited",
        "one that grows takes its neighbours with it, and the kernel picks which of them dies",
        "set a limit: `deploy.resources.limits.memory`, `resources.limits.memory`, `MemoryMax=`";
    STARTS_TOO_EARLY = "MS1017" Warning "it starts before what it needs is ready",
        "the first seconds after every start are errors",
        "wait for health, not for the process: `depends_on: {postgres: {condition: service_healthy}}`";
    MIGRATIONS_NOWHERE = "MS1018" Error "nobody migrates the database",
        "the service refuses to start on an old schema",
        "run `migrate up` in one place before the service, or set MIGRATE_ON_START=yes";
    MIGRATIONS_TWICE = "MS1019" Warning "migrations run in two places",
        "which of them ran, and when, can no longer be said; a change that takes long blocks starts that should not wait for it",
        "set MIGRATE_ON_START=no where something else runs `migrate up`";
    PROXY_NOT_TRUSTED = "MS1020" Error "the proxy is not trusted",
        "every client has the proxy's address: limits by address hit all of them at once, and logs name nobody",
        "set TRUSTED_PROXIES to the network that the proxy is in";
    TRUST_TOO_WIDE = "MS1021" Error "more is trusted than the proxy's network",
        "whoever sits in the rest of it can claim to be any client, and walks around every limit",
        "set TRUSTED_PROXIES to the network that the proxy is in, and nothing more";
    HOST_NAMESPACE = "MS1022" Error "it shares the machine's namespaces or its runtime's socket",
        "the walls of the container are gone: it sees and reaches what the machine does",
        "leave out `network_mode: host`, `pid: host`, `hostNetwork`, `hostPID` and the socket of the container runtime";
    LOG_UNBOUNDED = "MS1023" Warning "its log grows without end",
        "the disk fills up, and takes the database with it",
        "bound it: `logging: {driver: json-file, options: {max-size: 10m, max-file: \"5\"}}`";
    STORE_NETWORK_OPEN = "MS1024" Warning "the network of a store reaches outside",
        "an intruder can fetch tools and send data away",
        "put stores into a network with `internal: true`";
    DATA_NOT_KEPT = "MS1025" Error "data is gone with the container",
        "the next update of the image takes the data along",
        "put the store's folder on a named volume";
    LOCAL_STORE_SHARED = "MS1026" Error "several instances, and a store that is local to each",
        "limits count per instance, sessions are known to one of them, SQLite files drift apart",
        "use PostgreSQL, `SESSION_STORE=database` and `RATE_LIMIT_STORE=redis`, or run one instance";
    SERVER_TOKENS = "MS1030" Warning "nginx tells its version",
        "whoever looks for servers with a known hole finds this one",
        "set `server_tokens off;`";
    FORWARDED_APPENDED = "MS1031" Error "the proxy passes on what clients claim about their address",
        "`$proxy_add_x_forwarded_for` and `$http_x_forwarded_for` begin with what the client sent",
        "overwrite it: `proxy_set_header X-Forwarded-For $remote_addr;`";
    FORWARDED_MISSING = "MS1032" Error "the proxy does not say who the client is",
        "nginx passes a header of the client's on unless it sets it: anybody can be any client, or everybody is the proxy",
        "set X-Forwarded-For to $remote_addr, X-Forwarded-Proto to $scheme, Host to $host, and Forwarded to \"\"";
    BODY_LIMIT_DISAGREES = "MS1033" Error "the proxy's body limit disagrees with the service's",
        "below it, uploads that the service takes are refused, and not in its shape; far above it, the proxy stores what the service will refuse",
        "set `client_max_body_size` a little above the larger of MAX_REQUEST_SIZE_MB and MAX_UPLOAD_SIZE_MB (nginx's default is 1m)";
    TIMEOUT_DISAGREES = "MS1034" Error "the proxy gives up before the service does",
        "the client gets a 504 of the proxy while the work goes on, and tries again",
        "set `proxy_read_timeout` above REQUEST_TIMEOUT (nginx's default is 60s)";
    KEEP_ALIVE_DISAGREES = "MS1035" Error "the service closes idle connections before the proxy does",
        "the proxy sends a request into a connection that is being closed, and the client gets a 502",
        "keep the upstream's `keepalive_timeout` below KEEP_ALIVE_TIMEOUT";
    OLD_TLS = "MS1036" Error "old versions of TLS are spoken",
        "they are broken, and browsers have left them",
        "set `ssl_protocols TLSv1.2 TLSv1.3;`";
    HEADER_FIGHT = "MS1037" Error "the proxy adds a header that the service sends itself",
        "two values of one security header are read differently by each browser, or not at all",
        "leave it to the service, or add it only where the service sent none (a `map` on `$upstream_http_…`)";
    METRICS_OPEN = "MS1038" Warning "metrics and drills are passed on",
        "they tell an attacker which attack works",
        "answer them in the proxy: `location = /metrics { return 404; }`; operators ask MANAGEMENT_ADDR";
    PLAIN_HTTP = "MS1039" Error "plain HTTP reaches the service",
        "passwords and cookies go over the line in the clear",
        "let the port without TLS redirect pages and refuse the rest";
    CHANGES_REPEATED = "MS1040" Error "the proxy sends changes twice",
        "`non_idempotent` repeats a POST at the next instance when the first may have done it already",
        "leave `non_idempotent` out of `proxy_next_upstream`";
    STREAMS_BUFFERED = "MS1041" Warning "a stream of events is held back by the proxy",
        "events arrive when the buffer is full, or never",
        "set `proxy_buffering off;` and a long `proxy_read_timeout` for the stream's location";
    NOT_SANDBOXED = "MS1050" Error "the unit is not sandboxed",
        "the service sees and may change what the whole machine has",
        "set NoNewPrivileges, ProtectSystem=strict, ProtectHome, PrivateTmp, PrivateDevices, CapabilityBoundingSet= and SystemCallFilter; `systemd-analyze security` shows what is left";
    NOT_SUPERVISED = "MS1051" Warning "systemd does not know whether it is ready or alive",
        "what depends on it starts too early, and a process that hangs is left hanging",
        "set Type=notify and WatchdogSec=";
    TOO_FEW_FILES = "MS1052" Error "it may open fewer files than it may have connections",
        "connections are refused long before MAX_CONNECTIONS",
        "set LimitNOFILE= above MAX_CONNECTIONS, with room for the database's files";
    RESTARTS_WRONG_SETTINGS = "MS1053" Warning "wrong settings are tried again and again",
        "exit code 2 means that the settings are wrong, which no restart cures; the message drowns in repetitions",
        "set RestartPreventExitStatus=2";
    NO_PROBES = "MS1060" Error "Kubernetes does not ask whether it is ready or alive",
        "requests are sent to pods that cannot serve, and one that hangs is left hanging",
        "add a readinessProbe on /health/ready and a livenessProbe on /health/live";
    LIVENESS_ON_STORES = "MS1061" Error "a store that is down kills the service",
        "a liveness probe that looks at dependencies restarts every pod when the database is away, and makes the outage longer",
        "ask /health/live for liveness, and /health/ready for readiness";
    NO_DISRUPTION_BUDGET = "MS1062" Warning "all pods may be evicted at once",
        "the upgrade of a node takes the whole service away",
        "add a PodDisruptionBudget with `minAvailable: 1`";
    NO_NETWORK_POLICY = "MS1063" Warning "every pod of the cluster reaches it, and it reaches everything",
        "one pod that is broken into is enough to try the others",
        "add a NetworkPolicy with what comes in and what goes out";
    ROLLOUT_DROPS = "MS1064" Error "a rollout may take all pods at once",
        "there is a moment in which nothing serves",
        "set `maxUnavailable: 0` and `maxSurge: 1`";
}
