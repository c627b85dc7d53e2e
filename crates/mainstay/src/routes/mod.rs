//! Routes, each registered with its policy.
//!
//! ```
//! use mainstay::{Json, Role, Routes};
//!
//! async fn answer() -> Json<u32> {
//!     Json(42)
//! }
//!
//! let routes: Routes = Routes::at("/api/v1").tag("Answers").get("/answer", answer).role(Role::Viewer);
//! ```
//!
//! A method that describes a route (`role`, `limit`, `waive`, …) speaks of the route registered last.
//! The handler's own types describe the route in the API reference: nothing is declared twice.
//!
//! A route that says nothing of itself is for operators, and every control is on. A control is switched off by
//! [`waive`](Routes::waive), with a reason. Without one it does not compile (and a blank one does not start):
//!
//! ```compile_fail,E0061
//! use mainstay::{Control, Json, Routes};
//!
//! let routes: Routes = Routes::new().post("/hook", async || Json(0)).waive(Control::Csrf);
//! ```
//!
//! Nor can a router be merged past the table, or a handler be registered whose answer nobody described:
//!
//! ```compile_fail,E0308
//! use axum::Router;
//! use axum::routing::get;
//! use mainstay::Routes;
//!
//! let routes: Routes = Routes::new().merge(Router::new().route("/open", get(async || "unguarded")));
//! ```
//!
//! ```compile_fail,E0277
//! use mainstay::Routes;
//!
//! let routes: Routes = Routes::new().get("/open", async || "unguarded");
//! ```
//!
//! [`mount`](Routes::mount) takes a router of axum's and puts it behind a guard.

mod assemble;
mod compose;
mod describe;
mod method;
mod policy;
mod table;
mod target;

use std::time::Duration;

use axum::routing::{MethodFilter, on};
use http::Method;
use jiff::civil::Date;

use crate::ErrorCode;
use crate::controls::Control;
use crate::degradation::Degradation;
use crate::limits::Class;

pub(crate) use assemble::{Assembled, assemble};
pub use describe::{Answer, DescribeRequest, DescribeResponse, Endpoint, Operation};
pub use method::RouteMethod;
pub use policy::{Auth, Cache, Cost, Priority, Role, RoutePolicy, Waiver};
pub use table::{RouteProblem, RouteTable, Row};

pub(crate) use describe::Describe;
pub(crate) use target::Target;

/// Routes that share a prefix and a state, each with its policy.
#[must_use]
pub struct Routes<S = ()> {
    prefix: &'static str,
    tag: &'static str,
    entries: Vec<Entry<S>>,
    problems: Vec<RouteProblem>,
    /// Whether the route registered last was registered here, and can still be described.
    is_open: bool,
}

/// A route before the service is built.
pub(crate) struct Entry<S> {
    pub(crate) method: RouteMethod,
    pub(crate) path: String,
    pub(crate) policy: RoutePolicy,
    pub(crate) tag: &'static str,
    pub(crate) summary: Option<&'static str>,
    pub(crate) errors: Vec<ErrorCode>,
    pub(crate) target: Target<S>,
}

impl<S> Default for Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::at("")
    }
}

impl<S> Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// No routes yet, without a prefix.
    pub fn new() -> Self {
        Self::default()
    }

    /// No routes yet, all to be below `prefix`.
    pub fn at(prefix: &'static str) -> Self {
        Self { prefix, tag: "", entries: Vec::new(), problems: Vec::new(), is_open: false }
    }

    /// The group in the API reference of the routes that follow.
    pub fn tag(mut self, name: &'static str) -> Self {
        self.tag = name;
        self
    }

    /// Registers a handler for GET (and HEAD).
    pub fn get<H, T>(self, path: &str, handler: H) -> Self
    where
        H: Endpoint<T, S>,
        T: 'static,
    {
        self.route(Method::GET, MethodFilter::GET, path, handler)
    }

    /// Registers a handler for POST.
    pub fn post<H, T>(self, path: &str, handler: H) -> Self
    where
        H: Endpoint<T, S>,
        T: 'static,
    {
        self.route(Method::POST, MethodFilter::POST, path, handler)
    }

    /// Registers a handler for PUT.
    pub fn put<H, T>(self, path: &str, handler: H) -> Self
    where
        H: Endpoint<T, S>,
        T: 'static,
    {
        self.route(Method::PUT, MethodFilter::PUT, path, handler)
    }

    /// Registers a handler for PATCH.
    pub fn patch<H, T>(self, path: &str, handler: H) -> Self
    where
        H: Endpoint<T, S>,
        T: 'static,
    {
        self.route(Method::PATCH, MethodFilter::PATCH, path, handler)
    }

    /// Registers a handler for DELETE.
    pub fn delete<H, T>(self, path: &str, handler: H) -> Self
    where
        H: Endpoint<T, S>,
        T: 'static,
    {
        self.route(Method::DELETE, MethodFilter::DELETE, path, handler)
    }

    /// Anybody may call the route, signed in or not.
    pub fn public(self) -> Self {
        self.adjust(|entry| entry.policy.auth = Auth::Public)
    }

    /// Anybody who has signed in may call the route, whatever their role, and also while they have to change their
    /// password before anything else.
    pub fn signed_in(self) -> Self {
        self.adjust(|entry| entry.policy.auth = Auth::SignedIn)
    }

    /// An identity with at least this role may call the route.
    pub fn role(self, role: Role) -> Self {
        self.adjust(|entry| entry.policy.auth = Auth::Role(role))
    }

    /// The class whose rate the route shares.
    pub fn limit(self, class: Class) -> Self {
        self.adjust(|entry| entry.policy.limit = class)
    }

    /// How long the handler may take, where the service's own limit does not fit.
    pub fn deadline(self, deadline: Duration) -> Self {
        self.adjust(|entry| entry.policy.deadline = Some(deadline))
    }

    /// How many bytes of body the route takes, where the service's own limit does not fit. A handler that takes
    /// an [`Upload`](crate::Upload) has the limit of uploads without being told.
    pub fn body_bytes(self, bytes: u64) -> Self {
        self.adjust(|entry| entry.policy.body_bytes = Some(bytes))
    }

    /// What caches may keep of the answer.
    pub fn cache(self, cache: Cache) -> Self {
        self.adjust(|entry| entry.policy.cache = cache)
    }

    /// Who is let in first when there is not room for all.
    pub fn priority(self, priority: Priority) -> Self {
        self.adjust(|entry| entry.policy.priority = priority)
    }

    /// The route belongs to the lane for slow requests: what takes a noticeable time does not keep others waiting.
    pub fn slow(self) -> Self {
        self.adjust(|entry| entry.policy.slow = true)
    }

    /// While the database is not well, the route gives its last good answer, if that is no older than `max_age`: see
    /// [`degradation`](crate::degradation). For GET only, and for answers that depend on nothing but the target, the role of who
    /// asks and what they accept.
    pub fn stale(self, max_age: Duration) -> Self {
        self.adjust(|entry| entry.policy.degradation = Degradation::Stale(max_age))
    }

    /// While the database is not well, the route is not even tried: what little may pass is left to those that read.
    pub fn read_only(self) -> Self {
        self.adjust(|entry| entry.policy.degradation = Degradation::ReadOnly)
    }

    /// Switches a control off, with the reason why that is right.
    pub fn waive(self, control: Control, reason: &'static str) -> Self {
        self.adjust(|entry| entry.policy.waivers.push(Waiver { control, reason, until: None }))
    }

    /// Switches a control off until the end of a day. After it, the service refuses to start in strict
    /// environments.
    pub fn waive_until(self, control: Control, reason: &'static str, until: Date) -> Self {
        self.adjust(|entry| entry.policy.waivers.push(Waiver { control, reason, until: Some(until) }))
    }

    /// One line for the API reference; without it the handler's name speaks.
    pub fn summary(self, text: &'static str) -> Self {
        self.adjust(|entry| entry.summary = Some(text))
    }

    /// Codes that the handler itself refuses with, beyond those of the controls and extractors.
    pub fn errors(self, codes: &[ErrorCode]) -> Self {
        self.adjust(|entry| entry.errors.extend_from_slice(codes))
    }

    fn route<H, T>(mut self, method: Method, filter: MethodFilter, path: &str, handler: H) -> Self
    where
        H: Endpoint<T, S>,
        T: 'static,
    {
        let target =
            Target::Handler { handler: on::<H, T, S>(filter, handler), describe: Describe::of::<H, T, S>() };
        self.add(method.into(), format!("{}{path}", self.prefix), target);
        self
    }

    fn add(&mut self, method: RouteMethod, path: String, target: Target<S>) {
        let policy = RoutePolicy::default();
        let tag = self.tag;
        self.entries.push(Entry { method, path, policy, tag, summary: None, errors: Vec::new(), target });
        self.is_open = true;
    }

    fn adjust(mut self, change: impl FnOnce(&mut Entry<S>)) -> Self {
        match self.entries.last_mut().filter(|_| self.is_open) {
            Some(entry) => change(entry),
            None => self.problems.push(RouteProblem::NoRouteYet { prefix: self.prefix }),
        }
        self
    }
}
