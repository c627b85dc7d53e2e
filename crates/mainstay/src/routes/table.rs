//! The table of all routes, and the router that is made of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::MethodRouter;
use http::Method;
use jiff::Timestamp;

use super::{Describe, Entry, RoutePolicy, Routes, Waiver};
use crate::controls::body::BodyLimits;
use crate::controls::{Control, ControlSet};
use crate::degradation::Degradation;
use crate::pipeline::{GuardLayer, RequestSettings};
use crate::telemetry::metrics::{HttpMeter, Metrics, RouteMeter};
use crate::{ErrorCode, Refusal};

/// One route of a running service: what it demands, with the service's own limits filled in.
#[non_exhaustive]
pub struct Row {
    /// The method; GET stands for HEAD too.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: String,
    /// What it demands.
    pub policy: RoutePolicy,
    /// Its group in the API reference.
    pub tag: &'static str,
    /// The handler's name.
    pub name: &'static str,
    /// One line for the API reference.
    pub summary: Option<&'static str>,
    /// Codes that the handler itself refuses with.
    pub errors: Vec<ErrorCode>,
    /// How long the handler may take.
    pub deadline: Duration,
    /// How much body it takes, and how slowly.
    pub body: BodyLimits,
    /// The controls whose stamps its answers carry.
    pub demanded: ControlSet,
    /// Counts its requests.
    pub(crate) meter: RouteMeter,
    describe: Option<Describe>,
}

/// Every route of a service, in the order of its paths.
#[derive(Clone, Default)]
pub struct RouteTable {
    rows: Arc<[Arc<Row>]>,
}

/// What is wrong with a registration. Found before the service starts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteProblem {
    /// `role`, `limit` or the like before any route.
    #[error("a policy is set below '{prefix}' before any route is registered there")]
    NoRouteYet {
        /// The prefix of the routes.
        prefix: &'static str,
    },
    /// Two handlers for one method and path.
    #[error("{method} {path} is registered twice")]
    Duplicate {
        /// The method.
        method: Method,
        /// The path.
        path: String,
    },
    /// The path is not one, or can be confused with another.
    #[error("the path {path} cannot be routed: {reason}")]
    Path {
        /// The path.
        path: String,
        /// Why not.
        reason: String,
    },
    /// An old answer is to stand in where there is nothing to keep.
    #[error("{method} {path} is to give old answers, and only GET has any")]
    NothingToKeep {
        /// The method.
        method: Method,
        /// The path.
        path: String,
    },
    /// A waiver with a blank reason.
    #[error("{method} {path} waives {control} without a reason", control = .control.as_str())]
    NoReason {
        /// The method.
        method: Method,
        /// The path.
        path: String,
        /// What is waived.
        control: Control,
    },
}

impl RouteTable {
    /// The table of routes whose handlers need no state to be listed.
    ///
    /// # Errors
    ///
    /// All problems of the registrations at once.
    pub fn of<S>(routes: Routes<S>, settings: &RequestSettings) -> Result<Self, Vec<RouteProblem>> {
        Ok(Self::new(&checked(routes)?, settings, Metrics::new().http()))
    }

    fn new<S>(entries: &[Entry<S>], settings: &RequestSettings, meter: &HttpMeter) -> Self {
        Self { rows: entries.iter().map(|entry| Arc::new(Row::new(entry, settings, meter))).collect() }
    }

    /// The rows, in the order of their paths.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.iter().map(|row| &**row)
    }

    /// The waivers whose last day is over, each with its route.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = (&Row, &Waiver)> {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let over = move |waiver: &&Waiver| waiver.until.is_some_and(|until| until < today);
        self.rows()
            .flat_map(move |row| row.policy.waivers.iter().filter(over).map(move |waiver| (row, waiver)))
    }
}

impl Row {
    /// What the handler's types say, made anew at each call.
    pub(crate) fn operation(&self, schemas: &mut schemars::SchemaGenerator) -> Option<super::Operation> {
        self.describe.map(|describe| describe.run(schemas))
    }

    /// The row of requests that no route matches. They are told so, whoever they are: asking first who they are, or
    /// where they come from, would cost a look at the session and tell them no more.
    pub(crate) fn unmatched(settings: &RequestSettings, meter: &HttpMeter) -> Self {
        const WHY: &str = "there is nothing here to guard";
        Self::of_the_edge(
            "(unmatched)",
            &[Control::Session, Control::Csrf, Control::Role],
            WHY,
            settings,
            meter,
        )
    }

    /// The row of preflights, which are answered before there is a route.
    pub(crate) fn preflight(settings: &RequestSettings, meter: &HttpMeter) -> Self {
        const WHY: &str = "answered before routing, without a handler";
        let kept = [Control::Cors, Control::Headers];
        let waived: Vec<_> = Control::ALL.iter().copied().filter(|control| !kept.contains(control)).collect();
        Self::of_the_edge("(preflight)", &waived, WHY, settings, meter)
    }

    fn of_the_edge(
        path: &'static str,
        waived: &[Control],
        reason: &'static str,
        settings: &RequestSettings,
        meter: &HttpMeter,
    ) -> Self {
        let waivers =
            waived.iter().map(|control| Waiver { control: *control, reason, until: None }).collect();
        let policy = RoutePolicy { auth: super::Auth::Public, waivers, ..RoutePolicy::default() };
        Self {
            method: Method::GET,
            path: path.to_owned(),
            tag: "",
            name: "edge",
            summary: None,
            errors: Vec::new(),
            deadline: settings.timeout,
            body: BodyLimits { bytes: settings.body_bytes, time: settings.body_time },
            demanded: policy.demanded(),
            policy,
            describe: None,
            meter: meter.route("(any)", path),
        }
    }

    fn new<S>(entry: &Entry<S>, settings: &RequestSettings, meter: &HttpMeter) -> Self {
        let policy = entry.policy.clone();
        let own_bytes = if entry.describe.is_upload { settings.upload.bytes } else { settings.body_bytes };
        Self {
            method: entry.method.clone(),
            path: entry.path.clone(),
            tag: entry.tag,
            name: entry.describe.name(),
            summary: entry.summary,
            errors: entry.errors.clone(),
            deadline: policy.deadline.unwrap_or(settings.timeout),
            body: BodyLimits { bytes: policy.body_bytes.unwrap_or(own_bytes), time: settings.body_time },
            demanded: policy.demanded(),
            policy,
            describe: Some(entry.describe),
            meter: meter.route(entry.method.as_str(), &entry.path),
        }
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl std::fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.rows()).finish()
    }
}

/// The table, and the router that is made of it.
#[derive(Clone, Default)]
pub(crate) struct Assembled {
    pub(crate) router: Router,
    pub(crate) table: RouteTable,
}

/// Makes the table and the router, each handler behind its guard.
///
/// # Errors
///
/// All problems of the registrations at once.
pub(crate) fn assemble(
    routes: Routes,
    settings: &RequestSettings,
    guard: &GuardLayer,
    meter: &HttpMeter,
    unmatched: ErrorCode,
) -> Result<Assembled, Vec<RouteProblem>> {
    let entries = checked(routes)?;
    let table = RouteTable::new(&entries, settings, meter);
    let mut resources: Vec<(String, MethodRouter)> = Vec::new();
    for (entry, row) in entries.into_iter().zip(table.rows.iter()) {
        let handler = entry.handler.route_layer(guard.with(Arc::clone(row)));
        match resources.last_mut() {
            Some((path, resource)) if *path == entry.path => {
                *resource = std::mem::take(resource).merge(handler);
            }
            _ => resources.push((entry.path, handler)),
        }
    }
    let refuse = axum::routing::any(async move || Refusal::new(unmatched));
    let fallback = refuse.layer(guard.with(Arc::new(Row::unmatched(settings, meter))));
    let all = resources.into_iter().fold(Router::new(), |all, (path, resource)| all.route(&path, resource));
    Ok(Assembled { router: all.fallback_service(fallback), table })
}

/// The entries in the order of their paths, if nothing is wrong with any of them.
fn checked<S>(routes: Routes<S>) -> Result<Vec<Entry<S>>, Vec<RouteProblem>> {
    let Routes { mut entries, mut problems, .. } = routes;
    entries.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| order(&a.method).cmp(&order(&b.method))));
    problems.extend(entries.iter().flat_map(waivers_without_reason));
    problems.extend(entries.iter().filter_map(nothing_to_keep));
    for (one, next) in entries.iter().zip(entries.iter().skip(1)) {
        if one.path == next.path && one.method == next.method {
            problems.push(RouteProblem::Duplicate { method: one.method.clone(), path: one.path.clone() });
        }
    }
    // axum panics on a path it cannot take; asking its matcher first makes that a problem.
    let mut matcher = matchit::Router::new();
    let mut paths: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
    paths.dedup();
    for path in paths {
        let taken = if path.starts_with('/') {
            matcher.insert(path, ()).map_err(|error| error.to_string())
        } else {
            Err("it does not begin with /".to_owned())
        };
        problems.extend(taken.err().map(|reason| RouteProblem::Path { path: path.to_owned(), reason }));
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

fn nothing_to_keep<S>(entry: &Entry<S>) -> Option<RouteProblem> {
    let is_stale = matches!(entry.policy.degradation, Degradation::Stale(_));
    (is_stale && entry.method != Method::GET)
        .then(|| RouteProblem::NothingToKeep { method: entry.method.clone(), path: entry.path.clone() })
}

fn waivers_without_reason<S>(entry: &Entry<S>) -> impl Iterator<Item = RouteProblem> {
    entry.policy.waivers.iter().filter(|waiver| waiver.reason.trim().is_empty()).map(|waiver| {
        RouteProblem::NoReason {
            method: entry.method.clone(),
            path: entry.path.clone(),
            control: waiver.control,
        }
    })
}

fn order(method: &Method) -> u8 {
    match method.as_str() {
        "GET" => 0,
        "POST" => 1,
        "PUT" => 2,
        "PATCH" => 3,
        _ => 4,
    }
}
