//! Routes made of routes: merged, nested, given their state, and routers of somebody else.

use axum::Router;

use super::{Entry, RouteMethod, Routes, Target};

impl<S> Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// All routes of both. The paths of the others stay as they are.
    ///
    /// What is said of a route afterwards would be said of one of the others: it is a
    /// [`RouteProblem`](super::RouteProblem) until the next route is registered.
    pub fn merge(mut self, other: Self) -> Self {
        self.entries.extend(other.entries);
        self.problems.extend(other.problems);
        self.is_open = false;
        self
    }

    /// All routes of both, the others below `path`, which is itself below the prefix. As with
    /// [`merge`](Self::merge), nothing can be said of them afterwards.
    pub fn nest(self, path: &str, mut other: Self) -> Self {
        let prefix = format!("{}{}", self.prefix, path.trim_end_matches('/'));
        for entry in &mut other.entries {
            entry.path.insert_str(0, &prefix);
        }
        self.merge(other)
    }

    /// Hands every request below `path` to a router that was not made with `Routes`: of another crate, or of a part of
    /// the service that is older than it.
    ///
    /// The router is one route: what is said of it (`role`, `waive`, …) holds for all that ends in it, its own refusals
    /// of unknown paths and methods included; who may not call it does not learn what is in it. It says nothing of
    /// itself, so the strict defaults stand until somebody loosens them. In the table it is one row, `ANY path/*`.
    ///
    /// A route whose path is registered here takes precedence, for all methods. With an empty path and no prefix the
    /// router gets everything that no route matches.
    ///
    /// ```
    /// use axum::Router;
    /// use axum::routing::get;
    /// use mainstay::{Role, Routes};
    ///
    /// let foreign = Router::new().route("/queues", get(async || "none"));
    /// let routes: Routes = Routes::at("/admin").mount("/jobs", foreign).role(Role::Operator);
    /// ```
    pub fn mount(mut self, path: &str, router: Router<S>) -> Self {
        let path = format!("{}{}/*", self.prefix, path.trim_end_matches('/'));
        self.add(RouteMethod::Any, path, Target::Foreign(router));
        self
    }

    /// Gives the handlers their state. The routes can then be merged with those of any other state.
    pub fn with_state<Other>(self, state: S) -> Routes<Other>
    where
        Other: Clone + Send + Sync + 'static,
    {
        self.each(|target| target.with_state(state.clone()))
    }

    /// The same routes without their handlers: to be listed and described, not to be served.
    pub(crate) fn listed<Other>(self) -> Routes<Other>
    where
        Other: Clone + Send + Sync + 'static,
    {
        self.each(Target::listed)
    }

    fn each<Other>(self, change: impl Fn(Target<S>) -> Target<Other>) -> Routes<Other> {
        let Self { prefix, tag, entries, problems, is_open } = self;
        let entries = entries
            .into_iter()
            .map(|Entry { method, path, policy, tag, summary, errors, target }| Entry {
                method,
                path,
                policy,
                tag,
                summary,
                errors,
                target: change(target),
            })
            .collect();
        Routes { prefix, tag, entries, problems, is_open }
    }
}
