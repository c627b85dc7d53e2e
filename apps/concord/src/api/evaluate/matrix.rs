//! `/evaluate/matrix`

use std::num::NonZeroU32;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use mainstay::routes::{DescribeResponse, Operation};
use mainstay::{Answer, Exchange, Json, Query, Refusal};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;

use super::body::body;
use super::form::{COMPACT, Wanted};
use super::{deadline, pairwise};
use crate::api::answers::{TOTAL_COUNT, insert_links};
use crate::api::requests::{Fresh, Lax};
use crate::engine::{ComparisonResult, MatrixOptions, Page};
use crate::evaluation::{Evaluator, MatrixAnswer, MatrixForm};

/// All items of a catalogue.
#[derive(Deserialize, JsonSchema)]
pub(super) struct MatrixQuestion {
    catalog_name: String,
    ruleset_name: String,
    /// Whether each item is compared with itself, too. The table always has its diagonal.
    include_self: Option<Lax>,
}

/// Which part of the matrix is asked for; all of it if neither is given.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
pub(super) struct MatrixPage {
    /// The most pairs to return; of the table, the most rows.
    limit: Option<NonZeroU32>,
    /// Where the page begins: the `next_cursor` of the one before, which `Link` names too.
    cursor: Option<u64>,
}

impl MatrixPage {
    fn page(self) -> Option<Page> {
        if self.limit.is_none() && self.cursor.is_none() {
            return None;
        }
        // A cursor beyond the last place is an empty page.
        let first = usize::try_from(self.cursor.unwrap_or(0)).unwrap_or(usize::MAX);
        let limit = self.limit.and_then(|limit| usize::try_from(limit.get()).ok()).unwrap_or(usize::MAX);
        Some(Page { first, limit })
    }
}

pub(super) async fn matrix(
    State(evaluator): State<Evaluator>,
    _: Fresh,
    exchange: Exchange,
    Wanted(form): Wanted,
    Query(part): Query<MatrixPage>,
    Json(body): Json<MatrixQuestion>,
) -> Result<Matrix, Refusal> {
    let subject = pairwise(&body.catalog_name, &body.ruleset_name)?;
    let include_self = body.include_self.is_some_and(|Lax(included)| included);
    let options = MatrixOptions { include_self, page: part.page(), ..MatrixOptions::default() };
    let answer = evaluator.matrix(&subject, form, options, deadline(&exchange)).await?;
    Ok(Matrix { form, part, answer })
}

/// A matrix in one of its forms.
pub(super) struct Matrix {
    form: MatrixForm,
    part: MatrixPage,
    answer: MatrixAnswer,
}

impl IntoResponse for Matrix {
    fn into_response(self) -> Response {
        let Self { form, part, answer: MatrixAnswer { rendering, places, next } } = self;
        let content_type = HeaderValue::from_static(match form {
            MatrixForm::Results => "application/json; charset=utf-8",
            MatrixForm::Compact => COMPACT,
            MatrixForm::Table => "text/csv; header=present; charset=utf-8",
        });
        let mut response = ([(header::CONTENT_TYPE, content_type)], body(rendering)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        if part.page().is_some() {
            // Pairs, or rows of the table.
            headers.insert(TOTAL_COUNT, HeaderValue::from(places));
        }
        // Only a limit can leave something for a next page.
        let next = next.zip(part.limit);
        insert_links(
            headers,
            next.map(|(cursor, limit)| ("next", format!("?limit={limit}&cursor={cursor}"))),
        );
        response
    }
}

impl DescribeResponse for Matrix {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        let answer = Answer::new(StatusCode::OK)
            .content("application/json", Some(schemas.subschema_for::<MatrixView>()))
            .content(COMPACT, Some(schemas.subschema_for::<CompactView>()))
            .content("text/csv", None);
        operation.answers.push(answer);
    }
}

/// The matrix with every result in full. The totals follow the results because they are counted on the way.
#[derive(JsonSchema)]
#[schemars(rename = "Matrix")]
#[expect(dead_code, reason = "describes what the engine writes piece by piece")]
struct MatrixView {
    catalog_name: String,
    ruleset_name: String,
    schema_name: String,
    results: Vec<ComparisonResult>,
    evaluated_at: String,
    total_comparisons: usize,
    compatible_count: usize,
    /// 0 where there is no comparison.
    compatibility_rate: f64,
    /// Of a page only: where the next one begins; null on the last.
    #[schemars(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<usize>,
}

/// The matrix as bits: in base64, from the lowest bit of the first byte.
#[derive(JsonSchema)]
#[schemars(rename = "CompactMatrix")]
#[expect(dead_code, reason = "describes what the engine writes piece by piece")]
struct CompactView {
    catalog_name: String,
    ruleset_name: String,
    schema_name: String,
    include_self: bool,
    item_ids: Vec<String>,
    rule_names: Vec<String>,
    rows: Vec<CompactRow>,
    evaluated_at: String,
    total_comparisons: usize,
    compatible_count: usize,
    /// 0 where there is no comparison.
    compatibility_rate: f64,
    /// Of a page only: where the next one begins; null on the last.
    #[schemars(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<usize>,
}

/// The pairs of one item with some of the items behind it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes what the engine writes piece by piece")]
struct CompactRow {
    /// The index of the item in `item_ids`.
    item: usize,
    /// The index of the first item that it is compared with.
    first: usize,
    /// With how many items it is compared.
    pairs: usize,
    /// A bit for each pair: 1 where the items are compatible.
    compatible: String,
    /// By the index of the rule in `rule_names`: a bit for each pair, 1 where the rule fails. Rules that fail nowhere
    /// in the row are left out.
    failed: std::collections::BTreeMap<String, String>,
}
