//! The router that is made of the table.

use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;
use http::{Method, StatusCode};
use tower::Layer;

use super::{Entry, RouteMethod, RouteProblem, RouteTable, Routes, Row, Target};
use crate::degradation::Degradation;
use crate::pipeline::{GuardLayer, RequestSettings};
use crate::telemetry::metrics::HttpMeter;
use crate::{ErrorCode, Refusal};

/// How the path of a foreign router ends in the table.
const BELOW: &str = "/*";

/// The table, and the router that is made of it.
#[derive(Clone, Default)]
pub(crate) struct Assembled {
    pub(crate) router: Router,
    pub(crate) table: RouteTable,
}

/// Makes the table and the router. Whatever a request ends in stands behind a guard: each handler and each foreign
/// router behind its own, the refusals of unknown methods and paths behind that of the edge.
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
    let nothing = guard.with(Arc::new(Row::unmatched(settings, meter)));
    // axum adds the methods that there are to a plain 405.
    let other_method = axum::routing::any(async || StatusCode::METHOD_NOT_ALLOWED).layer(nothing.clone());

    let mut router = Router::new();
    let mut fallback = axum::routing::any(async move || Refusal::new(unmatched)).layer(nothing);
    let mut resources: Vec<(String, MethodRouter)> = Vec::new();
    for (entry, row) in entries.into_iter().zip(table.shared()) {
        let guard = guard.with(Arc::clone(row));
        match (entry.target, entry.path.strip_suffix(BELOW)) {
            (Target::Handler { handler, .. }, _) => {
                let handler = handler.route_layer(guard);
                match resources.last_mut() {
                    Some((path, resource)) if *path == entry.path => {
                        *resource = std::mem::take(resource).merge(handler);
                    }
                    _ => resources.push((entry.path, handler)),
                }
            }
            (Target::Foreign(foreign), None | Some("")) => {
                fallback = MethodRouter::new().fallback_service(guard.layer(foreign));
            }
            (Target::Foreign(foreign), Some(prefix)) => {
                router = router.nest_service(prefix, guard.layer(foreign));
            }
        }
    }
    for (path, resource) in resources {
        router = router.route(&path, resource.fallback_service(other_method.clone()));
    }
    Ok(Assembled { router: router.fallback_service(fallback), table })
}

/// The entries in the order of their paths, if nothing is wrong with any of them.
pub(super) fn checked<S>(routes: Routes<S>) -> Result<Vec<Entry<S>>, Vec<RouteProblem>> {
    let Routes { mut entries, mut problems, .. } = routes;
    entries.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| a.method.order().cmp(&b.method.order())));
    problems.extend(entries.iter().flat_map(waivers_without_reason));
    problems.extend(entries.iter().filter_map(nothing_to_keep));
    for (one, next) in entries.iter().zip(entries.iter().skip(1)) {
        if one.path == next.path && one.method == next.method {
            problems.push(RouteProblem::Duplicate { method: one.method.clone(), path: one.path.clone() });
        }
    }
    // axum panics on a path it cannot take; asking its matcher first makes that a problem.
    let mut matcher = matchit::Router::new();
    let mut last = None;
    for entry in &entries {
        if last.replace(entry.path.as_str()) == Some(&entry.path) {
            continue;
        }
        let taken = insert(&mut matcher, entry);
        problems.extend(taken.err().map(|reason| RouteProblem::Path { path: entry.path.clone(), reason }));
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

/// Inserts the paths that axum will insert for an entry.
fn insert<S>(matcher: &mut matchit::Router<()>, entry: &Entry<S>) -> Result<(), String> {
    let path = entry.path.as_str();
    if !path.starts_with('/') {
        return Err("it does not begin with /".to_owned());
    }
    let mut insert = |path: String| matcher.insert(path, ()).map_err(|error| error.to_string());
    if let (Target::Foreign(_), Some(prefix)) = (&entry.target, path.strip_suffix(BELOW)) {
        plain(prefix)?;
        if prefix.split('/').any(|segment| segment.starts_with("{*")) {
            return Err("a router cannot stand below a wildcard".to_owned());
        }
        return match prefix {
            "" => Ok(()),
            prefix => ["", "/", "/{*rest}"].into_iter().try_for_each(|end| insert(format!("{prefix}{end}"))),
        };
    }
    plain(path)?;
    insert(path.to_owned())
}

/// Whether axum takes the path for what it says: it refuses what older versions took for parameters.
fn plain(path: &str) -> Result<(), String> {
    let old = path.split('/').find(|segment| segment.starts_with([':', '*']));
    old.map_or(Ok(()), |segment| Err(format!("the parameter {segment} is written in braces")))
}

fn nothing_to_keep<S>(entry: &Entry<S>) -> Option<RouteProblem> {
    let is_stale = matches!(entry.policy.degradation, Degradation::Stale(_));
    (is_stale && entry.method != RouteMethod::One(Method::GET))
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
