//! Routes as JSON.

use mainstay::Control;
use mainstay::routes::{RouteTable, Row};
use serde_json::{Map, Value, json};

use super::State;

/// An object a route.
pub(super) fn json(table: &RouteTable) -> Value {
    table.rows().map(route).collect()
}

fn route(row: &Row) -> Value {
    let state = |control| json!(State::of(control, row).as_str());
    let controls = Control::ALL.iter().map(|control| (control.as_str().to_owned(), state(*control)));
    let policy = &row.policy;
    json!({
        "method": row.method.as_str(),
        "path": row.path,
        "name": row.name,
        "summary": row.summary,
        "tag": Some(row.tag).filter(|tag| !tag.is_empty()),
        "auth": policy.auth.as_str(),
        "csrf": state(Control::Csrf),
        "cors": state(Control::Cors),
        "limits": limits(row),
        "body": { "bytes": row.body.bytes, "timeout_ms": millis(row.body.time) },
        "timeout_ms": millis(row.deadline),
        "cache": policy.cache,
        "priority": policy.priority,
        "slow": policy.slow,
        "degradation": policy.degradation.to_string(),
        "controls": controls.collect::<Map<_, _>>(),
        "waivers": policy.waivers,
        "errors": row.errors.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
    })
}

fn limits(row: &Row) -> Value {
    let class = row.limits.class;
    json!({
        "class": class.name,
        "rate": class.rate.to_string(),
        "address_rate": row.limits.address_rate(true).to_string(),
        "anonymous_rate": row.limits.address_rate(false).to_string(),
        "for_credentials": class.for_credentials,
        "on_failure": class.on_failure.as_str(),
    })
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
