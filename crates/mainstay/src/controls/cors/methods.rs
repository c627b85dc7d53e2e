//! Which methods the path of a preflight takes.

use http::{HeaderValue, Method};

use crate::routes::RouteTable;

/// The methods of every path, looked up before routing: a preflight names a path that it does not call.
#[derive(Clone, Default)]
pub(crate) struct MethodTable {
    paths: matchit::Router<Methods>,
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
            let methods = [Some(row.method.clone()), (row.method == Method::GET).then_some(Method::HEAD)];
            match paths.last_mut() {
                Some((path, list)) if *path == row.path => list.extend(methods.into_iter().flatten()),
                _ => paths.push((&row.path, methods.into_iter().flatten().collect())),
            }
        }
        let mut table = Self::default();
        for (path, list) in paths {
            // The router was made of the same paths, so each of them is known to fit.
            let _ = table.paths.insert(path, Methods::new(list));
        }
        table
    }

    /// The methods of the route that a path belongs to.
    pub(crate) fn of(&self, path: &str) -> Option<&Methods> {
        self.paths.at(path).ok().map(|found| found.value)
    }
}

impl Methods {
    pub(crate) fn new(list: Vec<Method>) -> Self {
        let names = list.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let value = HeaderValue::from_str(&names).unwrap_or(HeaderValue::from_static(""));
        Self { list, value }
    }

    /// Whether a method, as a preflight names it, is among them. Methods are case-sensitive.
    pub(super) fn contains(&self, name: &[u8]) -> bool {
        self.list.iter().any(|method| method.as_str().as_bytes() == name)
    }

    pub(super) fn value(&self) -> HeaderValue {
        self.value.clone()
    }
}
