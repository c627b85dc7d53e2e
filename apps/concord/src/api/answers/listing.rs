//! Parts of lists, and the way from one to the next.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use mainstay::Json;
use mainstay::routes::{DescribeResponse, Operation};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;

use crate::api::requests::Paging;

/// How many rows a list has in all.
pub(in crate::api) const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// Says where other parts of a list are, each with its relation to this one.
pub(in crate::api) fn insert_links(
    headers: &mut HeaderMap,
    links: impl IntoIterator<Item = (&'static str, String)>,
) {
    let links = links.into_iter().map(|(relation, target)| format!("<{target}>; rel=\"{relation}\""));
    let links = links.collect::<Vec<_>>().join(", ");
    // Targets are paths and queries that came in a request or are our own, so a header can hold them.
    if !links.is_empty()
        && let Ok(links) = HeaderValue::from_str(&links)
    {
        headers.insert(header::LINK, links);
    }
}

/// A part of a list, with links to the parts around it.
pub(in crate::api) struct Listing<T> {
    pub(in crate::api) rows: Vec<T>,
    pub(in crate::api) total: u64,
    pub(in crate::api) paging: Paging,
}

impl<T: Serialize> IntoResponse for Listing<T> {
    fn into_response(self) -> Response {
        let Self { rows, total, paging } = self;
        let mut response = Json(rows).into_response();
        let headers = response.headers_mut();
        headers.insert(TOTAL_COUNT, HeaderValue::from(total));
        insert_links(headers, around(&paging, total));
        response
    }
}

/// The parts around one part, as far as there are any.
fn around(Paging { page, path }: &Paging, total: u64) -> Vec<(&'static str, String)> {
    let (skip, limit) = (u64::from(page.skip), u64::from(page.limit));
    if limit == 0 {
        return Vec::new();
    }
    let from = |skip: u64| format!("{path}?skip={skip}&limit={limit}");
    let previous = (skip > 0).then(|| ("prev", from(skip.saturating_sub(limit))));
    let next = (skip + limit < total).then(|| ("next", from(skip + limit)));
    previous.into_iter().chain(next).collect()
}

impl<T: JsonSchema> DescribeResponse for Listing<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Json<Vec<T>> as DescribeResponse>::describe(operation, schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Page;

    #[test]
    fn links_lead_to_the_parts_that_are_there() {
        let at = |skip, limit, total| {
            let mut headers = HeaderMap::new();
            let paging = Paging { page: Page { skip, limit }, path: "/x".into() };
            insert_links(&mut headers, around(&paging, total));
            headers.remove(header::LINK).map(|links| links.to_str().unwrap().to_owned())
        };
        assert_eq!(at(0, 100, 100), None);
        assert_eq!(at(0, 100, 101).unwrap(), "</x?skip=100&limit=100>; rel=\"next\"");
        assert_eq!(at(50, 100, 150).unwrap(), "</x?skip=0&limit=100>; rel=\"prev\"");
        assert_eq!(
            at(200, 100, 400).unwrap(),
            "</x?skip=100&limit=100>; rel=\"prev\", </x?skip=300&limit=100>; rel=\"next\""
        );
        assert_eq!(at(0, 0, 5), None);
    }
}
