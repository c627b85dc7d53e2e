//! `/api/v1/export`

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use mainstay::routes::{DescribeRequest, DescribeResponse, Operation, Priority};
use mainstay::upload::{FileName, attachment};
use mainstay::{Detail, ErrorCode, Json, Query, Refusal, Role, Routes};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::api::Catalogues;
use crate::api::answers::insert_links;
use crate::api::policy::READING;
use crate::api::requests::{Fresh, Named, find, find_in};
use crate::domain::{Catalog, ClusterRuleset, Name, Ruleset, Schema};
use crate::ledger::Ledger;
use crate::read::export::{
    CatalogExport, ClusterRulesetExport, Cursor, ExportLimits, ExportPage, Part, RulesetExport, SchemaExport,
};

pub(super) fn routes() -> Routes<Catalogues> {
    let routes = Routes::at("/api/v1/export").tag("Export");
    let routes = reads(routes.get("/schemas", schemas).summary("Exports schemas"));
    let routes = reads(routes.get("/schemas/{name}", schema).summary("Exports one schema"));
    let routes = reads(routes.get("/rulesets", rulesets).summary("Exports pairwise rulesets"));
    let routes = reads(routes.get("/rulesets/{name}", ruleset).summary("Exports one pairwise ruleset"));
    let routes = reads(routes.get("/cluster-rulesets", cluster_rulesets).summary("Exports cluster rulesets"));
    let routes =
        reads(routes.get("/cluster-rulesets/{name}", cluster_ruleset).summary("Exports one cluster ruleset"));
    let routes = reads(routes.get("/catalogs", catalogs).summary("Exports catalogs with their items"));
    let routes = reads(routes.get("/catalogs/{name}", catalog).summary("Exports one catalog with its items"));
    reads(routes.get("/all", all).summary("Exports everything"))
}

fn reads(routes: Routes<Catalogues>) -> Routes<Catalogues> {
    routes.role(Role::Viewer).priority(Priority::Bulk).errors(&[ErrorCode::NotFound]).errors(READING)
}

/// Everything, as `/import/all` takes it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Everything")]
struct EverythingView {
    schemas: Vec<SchemaExport>,
    rulesets: Vec<RulesetExport>,
    cluster_rulesets: Vec<ClusterRulesetExport>,
    catalogs: Vec<CatalogExport>,
}

/// Where a page of an export begins.
struct From {
    cursor: Option<Cursor>,
    path: String,
}

#[derive(Deserialize, JsonSchema)]
struct FromQuery {
    /// Where the page begins: from the `Link` of the page before.
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Query(FromQuery { cursor }) = Query::from_request_parts(parts, state).await?;
        let cursor = cursor.map(|text| text.parse::<Cursor>()).transpose().map_err(|error| {
            let detail = Detail::new("cursor", "invalid", error.to_string());
            Refusal::new(ErrorCode::ValidationFailed).detail(detail)
        })?;
        Ok(Self { cursor, path: parts.uri.path().to_owned() })
    }
}

impl DescribeRequest for From {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Query<FromQuery> as DescribeRequest>::describe(operation, schemas);
    }
}

/// A page of an export, with the way to the next one. Browsers keep it as a file, under a name of our choosing.
struct Exported<T> {
    page: T,
    next: Option<String>,
    file: FileName,
}

impl<T> Exported<T> {
    fn new(page: T, next: Option<Cursor>, from: &From, file: &str) -> Self {
        let next = next.map(|cursor| format!("{}?cursor={cursor}", from.path));
        Self { page, next, file: FileName::cleaned(&format!("{file}.json")) }
    }

    /// One thing.
    fn one(page: T, kind: &str, name: &Name) -> Self {
        Self { page, next: None, file: FileName::cleaned(&format!("{kind}-{name}.json")) }
    }
}

impl<T: Serialize> IntoResponse for Exported<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.page).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_DISPOSITION, attachment(&self.file));
        insert_links(headers, self.next.map(|next| ("next", next)));
        response
    }
}

impl<T: JsonSchema> DescribeResponse for Exported<T> {
    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Json<T> as DescribeResponse>::describe(operation, schemas);
    }
}

/// A page of some parts.
async fn page(
    ledger: &Ledger,
    parts: &[Part],
    from: &From,
    limits: ExportLimits,
) -> Result<ExportPage, Refusal> {
    Ok(ledger.snapshot().await?.export(parts, from.cursor, limits).await?)
}

async fn schemas(
    State(ledger): State<Ledger>,
    _: Fresh,
    State(limits): State<ExportLimits>,
    from: From,
) -> Result<Exported<Vec<SchemaExport>>, Refusal> {
    let page = page(&ledger, &[Part::Schemas], &from, limits).await?;
    Ok(Exported::new(page.schemas, page.next, &from, "schemas"))
}

async fn schema(
    State(ledger): State<Ledger>,
    _: Fresh,
    Named(name): Named,
) -> Result<Exported<SchemaExport>, Refusal> {
    let found = find::<Schema>(&ledger, &name).await?;
    Ok(Exported::one(found.content.into(), "schema", &name))
}

async fn rulesets(
    State(ledger): State<Ledger>,
    _: Fresh,
    State(limits): State<ExportLimits>,
    from: From,
) -> Result<Exported<Vec<RulesetExport>>, Refusal> {
    let page = page(&ledger, &[Part::Rulesets], &from, limits).await?;
    Ok(Exported::new(page.rulesets, page.next, &from, "rulesets"))
}

async fn ruleset(
    State(ledger): State<Ledger>,
    _: Fresh,
    Named(name): Named,
) -> Result<Exported<RulesetExport>, Refusal> {
    let found = find::<Ruleset>(&ledger, &name).await?;
    Ok(Exported::one(found.content.into(), "ruleset", &name))
}

async fn cluster_rulesets(
    State(ledger): State<Ledger>,
    _: Fresh,
    State(limits): State<ExportLimits>,
    from: From,
) -> Result<Exported<Vec<ClusterRulesetExport>>, Refusal> {
    let page = page(&ledger, &[Part::ClusterRulesets], &from, limits).await?;
    Ok(Exported::new(page.cluster_rulesets, page.next, &from, "cluster-rulesets"))
}

async fn cluster_ruleset(
    State(ledger): State<Ledger>,
    _: Fresh,
    Named(name): Named,
) -> Result<Exported<ClusterRulesetExport>, Refusal> {
    let found = find::<ClusterRuleset>(&ledger, &name).await?;
    Ok(Exported::one(found.content.into(), "cluster-ruleset", &name))
}

async fn catalogs(
    State(ledger): State<Ledger>,
    _: Fresh,
    State(limits): State<ExportLimits>,
    from: From,
) -> Result<Exported<Vec<CatalogExport>>, Refusal> {
    let page = page(&ledger, &[Part::Catalogs], &from, limits).await?;
    Ok(Exported::new(page.catalogs, page.next, &from, "catalogs"))
}

async fn catalog(
    State(ledger): State<Ledger>,
    _: Fresh,
    State(limits): State<ExportLimits>,
    Named(name): Named,
    from: From,
) -> Result<Exported<CatalogExport>, Refusal> {
    let mut snapshot = ledger.snapshot().await?;
    let stored = find_in::<Catalog>(&mut snapshot, &name).await?;
    let (page, next) = snapshot.export_catalog(stored, from.cursor, limits).await?;
    Ok(Exported::new(page, next, &from, &format!("catalog-{name}")))
}

async fn all(
    State(ledger): State<Ledger>,
    _: Fresh,
    State(limits): State<ExportLimits>,
    from: From,
) -> Result<Exported<EverythingView>, Refusal> {
    let ExportPage { schemas, rulesets, cluster_rulesets, catalogs, next } =
        page(&ledger, &Part::ALL, &from, limits).await?;
    Ok(Exported::new(
        EverythingView { schemas, rulesets, cluster_rulesets, catalogs },
        next,
        &from,
        "concord",
    ))
}
