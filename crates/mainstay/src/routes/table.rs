//! The table of all routes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::assemble::checked;
use super::{Describe, Entry, RouteMethod, RoutePolicy, Routes, Waiver};
use crate::ErrorCode;
use crate::admission::Course;
use crate::controls::body::BodyLimits;
use crate::controls::{Control, ControlSet};
use crate::limits::{LimitSettings, RowLimits};
use crate::pipeline::RequestSettings;
use crate::telemetry::metrics::{HttpMeter, Metrics, RouteMeter};

/// The name of what is behind a row that stands for a router of axum's own.
const FOREIGN: &str = "foreign router";

/// One route of a running service: what it demands, with the service's own limits filled in.
#[non_exhaustive]
pub struct Row {
    /// The method; GET stands for HEAD too, and a foreign router for all.
    pub method: RouteMethod,
    /// The path, with its parameters in braces; that of a foreign router ends in `/*`.
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
    /// How often who may call it.
    pub limits: RowLimits,
    /// The controls whose stamps its answers carry.
    pub demanded: ControlSet,
    /// Counts its requests.
    pub(crate) meter: RouteMeter,
    /// What admission knows of it.
    pub(crate) course: Course,
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
    /// `role`, `limit` or the like before any route, or after others were merged.
    #[error("a policy is set below '{prefix}' where no route was registered just before")]
    NoRouteYet {
        /// The prefix of the routes.
        prefix: &'static str,
    },
    /// Two handlers for one method and path.
    #[error("{method} {path} is registered twice")]
    Duplicate {
        /// The method.
        method: RouteMethod,
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
    /// The class of its limit is not among the service's, so no setting has a say in it.
    #[error("{method} {path} has a limit of the class {class}, which the service does not list")]
    Unlisted {
        /// The method.
        method: RouteMethod,
        /// The path.
        path: String,
        /// The class.
        class: &'static str,
    },
    /// An old answer is to stand in where there is nothing to keep.
    #[error("{method} {path} is to give old answers, and only GET has any")]
    NothingToKeep {
        /// The method.
        method: RouteMethod,
        /// The path.
        path: String,
    },
    /// A waiver with a blank reason.
    #[error("{method} {path} waives {control} without a reason", control = .control.as_str())]
    NoReason {
        /// The method.
        method: RouteMethod,
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
    pub fn of<S>(routes: Routes<S>, settings: &RequestSettings) -> Result<Self, Vec<RouteProblem>>
    where
        S: Clone + Send + Sync + 'static,
    {
        Ok(Self::new(&checked(routes)?, settings, Metrics::new().http()))
    }

    pub(super) fn new<S>(entries: &[Entry<S>], settings: &RequestSettings, meter: &HttpMeter) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        Self { rows: entries.iter().map(|entry| Arc::new(Row::new(entry, settings, meter))).collect() }
    }

    /// The rows as the guards of their routes share them.
    pub(super) fn shared(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.rows.iter()
    }

    /// The rows, in the order of their paths.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.iter().map(|row| &**row)
    }

    /// The routes with a limit that no setting has a say in.
    pub(crate) fn unlisted(&self, settings: &LimitSettings) -> Vec<RouteProblem> {
        let unlisted = self.rows().filter(|row| !settings.knows(&row.policy.limit));
        let problem = |row: &Row| RouteProblem::Unlisted {
            method: row.method.clone(),
            path: row.path.clone(),
            class: row.policy.limit.name,
        };
        unlisted.map(problem).collect()
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
            &[Control::Admission, Control::Session, Control::Csrf, Control::Role, Control::IdentityLimit],
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
            method: RouteMethod::Any,
            path: path.to_owned(),
            tag: "",
            name: "edge",
            summary: None,
            errors: Vec::new(),
            deadline: settings.timeout,
            body: settings.body_limits(settings.body_bytes),
            limits: RowLimits::new(settings.limits.class(policy.limit), policy.auth),
            demanded: policy.demanded(),
            course: Course::of(&policy),
            policy,
            describe: None,
            meter: meter.route("(any)", path),
        }
    }

    fn new<S>(entry: &Entry<S>, settings: &RequestSettings, meter: &HttpMeter) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        let policy = entry.policy.clone();
        let describe = entry.target.describe();
        let is_upload = describe.is_some_and(|describe| describe.is_upload);
        let own_bytes = if is_upload { settings.upload.bytes } else { settings.body_bytes };
        Self {
            method: entry.method.clone(),
            path: entry.path.clone(),
            tag: entry.tag,
            name: describe.map_or(FOREIGN, Describe::name),
            summary: entry.summary,
            errors: entry.errors.clone(),
            deadline: policy.deadline.unwrap_or(settings.timeout),
            body: settings.body_limits(policy.body_bytes.unwrap_or(own_bytes)),
            limits: RowLimits::new(settings.limits.class(policy.limit), policy.auth),
            demanded: policy.demanded(),
            course: Course::of(&policy),
            policy,
            describe,
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
