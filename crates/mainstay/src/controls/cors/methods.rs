//! Which methods the path of a preflight takes.

use http::{HeaderValue, Method};

use crate::routes::{RouteMethod, RouteTable};

/// The methods of every path, looked up before routing: a preflight names a path that it does not call.
#[derive(Clone, Default)]
pub(crate) struct MethodTable {
    paths: matchit::Router<Methods>,
    /// Those of a foreign router that has all other paths.
    rest: Option<Methods>,
}

/// The methods that one path takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Methods {
    list: Vec<Method>,
    /// The same as the value of a header, made once.
    value: HeaderValue,
}

impl MethodTable {
    /// The table of all routes.
    pub(crate) fn new(table: &RouteTable) -> Self {
        // The rows of one path are neighbours: the table is in the order of its paths.
        let mut paths: Vec<(&str, Vec<Method>)> = Vec::new();
        for row in table.rows() {
            let methods = methods(&row.method);
            match paths.last_mut() {
                Some((path, list)) if *path == row.path => list.extend(methods),
                _ => paths.push((&row.path, methods)),
            }
        }
        let mut table = Self::default();
        for (path, list) in paths {
            let methods = Methods::new(list);
            // The router was made of the same paths, so each of them is known to fit.
            let _ = match path.strip_suffix("/*") {
                None => table.paths.insert(path, methods),
                Some("") => {
                    table.rest = Some(methods);
                    Ok(())
                }
                Some(prefix) => ["", "/", "/{*rest}"]
                    .into_iter()
                    .try_for_each(|end| table.paths.insert(format!("{prefix}{end}"), methods.clone())),
            };
        }
        table
    }

    /// The methods of the route that a path belongs to.
    pub(crate) fn of(&self, path: &str) -> Option<&Methods> {
        self.paths.at(path).ok().map(|found| found.value).or(self.rest.as_ref())
    }
}

/// The methods that a row takes. Those of a foreign router it does not tell: all that there are might be.
fn methods(method: &RouteMethod) -> Vec<Method> {
    match method {
        RouteMethod::One(Method::GET) => vec![Method::GET, Method::HEAD],
        RouteMethod::One(method) => vec![method.clone()],
        RouteMethod::Any => {
            vec![Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
        }
    }
}

impl Methods {
    pub(crate) fn new(list: Vec<Method>) -> Self {
        let names = list.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let value = HeaderValue::from_str(&names).unwrap_or(HeaderValue::from_static(""));
        Self { list, value }
    }

    /// Whether a method, as a preflight names it, is among them. Methods are case-sensitive.
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.list.iter().any(|method| method.as_str().as_bytes() == name)
    }

    pub(super) fn value(&self) -> HeaderValue {
        self.value.clone()
    }
}
