//! The limits of a service, as its settings want them.

use crate::Service;
use crate::life::{Process, Runtime, StartError};
use crate::limits::{Instances, Limiter, LimiterParts};

/// Opens the limits. Where they are in Redis, the connection is made meanwhile; until then, and whenever it is lost, each
/// limit does what it does on failure.
#[cfg_attr(
    not(feature = "redis"),
    expect(
        clippy::extra_unused_type_parameters,
        clippy::unnecessary_wraps,
        reason = "the store in Redis bears the name of the service, and can fail to open"
    )
)]
pub(super) fn open_limits<S: Service>(
    process: &Process,
    runtime: &Runtime,
    instances: &Instances,
) -> Result<Limiter, StartError> {
    Ok(Limiter::new(LimiterParts {
        settings: &runtime.requests.limits,
        meter: process.metrics.limits(),
        clock: &process.clock,
        instances: instances.clone(),
        #[cfg(feature = "redis")]
        redis: shared::open::<S>(process, runtime)?,
    }))
}

#[cfg(feature = "redis")]
mod shared {
    use mainstay_core::Chain;

    use super::{Process, Runtime, Service, StartError};
    use crate::health::{Criticality, Finding};
    use crate::keys::Keys;
    use crate::life::Restart;
    use crate::limits::{RedisParts, RedisStore, StoreKind};
    use crate::redis::Link;

    /// The store in Redis, if the settings want it, with what keeps it connected.
    pub(super) fn open<S: Service>(
        process: &Process,
        runtime: &Runtime,
    ) -> Result<Option<RedisStore>, StartError> {
        let settings = &runtime.requests.limits;
        let wanted = settings.enabled && settings.store == StoreKind::Redis;
        // Settings without a URL were refused.
        let Some(url) = runtime.redis.url.as_ref().filter(|_| wanted) else { return Ok(None) };
        let ca_file = runtime.redis.ca_file.as_deref();
        let link =
            Link::new(url, ca_file, &process.clock).map_err(|error| StartError::Build(error.into()))?;
        let probed = link.clone();
        let probe = move || {
            let link = probed.clone();
            async move {
                match link.ping().await {
                    Ok(()) => Finding::healthy("answers"),
                    Err(error) => Finding::degraded(Chain(&error).to_string()),
                }
            }
        };
        process.health.register("redis", Criticality::Contributing, probe);
        let store = RedisStore::new(RedisParts {
            link: link.clone(),
            service: S::NAME,
            keys: &Keys::from(&runtime.secret_key),
            budget: settings.redis_timeout,
            slots: settings.table_slots,
            clock: &process.clock,
        });
        let present = store.clone();
        process.workers.start("redis", Restart::budgeted(), move |shutdown| {
            let (link, store) = (link.clone(), present.clone());
            async move {
                tokio::join!(link.keep(&shutdown), store.keep_present(&shutdown));
                Ok(())
            }
        })?;
        Ok(Some(store))
    }
}
