//! The limits that every request meets.

use std::time::Duration;

use crate::controls::client::TrustedProxies;
use crate::controls::host::AllowedHosts;
use crate::controls::target::TargetLimits;

/// What a request may bring and how long it may take, unless its route says otherwise.
#[derive(Clone, Debug)]
pub struct RequestSettings {
    /// The hosts that this service answers for.
    pub allowed_hosts: AllowedHosts,
    /// The networks whose word on a client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// Bounds on the query string.
    pub target: TargetLimits,
    /// Most bytes of a body.
    pub body_bytes: u64,
    /// From the first look at a body to its last byte.
    pub body_time: Duration,
    /// From the arrival of a request to the head of its answer.
    pub timeout: Duration,
}

impl Default for RequestSettings {
    /// The documented defaults.
    fn default() -> Self {
        Self {
            allowed_hosts: AllowedHosts::new(AllowedHosts::LOOPBACK),
            trusted_proxies: TrustedProxies::default(),
            target: TargetLimits { query_bytes: 4096, query_fields: 100 },
            body_bytes: 10 * 1024 * 1024,
            body_time: Duration::from_secs(20),
            timeout: Duration::from_mins(1),
        }
    }
}
