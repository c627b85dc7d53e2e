//! `/api/v1/import`

use axum::extract::State;
use mainstay::routes::Priority;
use mainstay::{Detail, ErrorCode, Json, Query, Refusal, Role, Routes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::documents::Imported;
use crate::api::Catalogues;
use crate::api::answers::At;
use crate::api::policy;
use crate::api::policy::READING;
use crate::api::requests::{Lax, Repeatable};
use crate::commands::import::{ImportOptions, ImportReport};
use crate::commands::{Strictness, Warning};
use crate::domain::Object;
use crate::import::{Document, Importer, Part};
use crate::ledger::Origin;

pub(super) fn routes() -> Routes<Catalogues> {
    let routes = Routes::at("/api/v1/import").tag("Import");
    let routes = writes(routes.post("/schemas", schemas).summary("Imports schemas"));
    let routes = writes(routes.post("/rulesets", rulesets).summary("Imports pairwise rulesets"));
    let routes =
        writes(routes.post("/cluster-rulesets", cluster_rulesets).summary("Imports cluster rulesets"));
    let routes = writes(routes.post("/catalogs", catalogs).summary("Imports catalogs with their items"));
    writes(routes.post("/all", all).summary("Imports schemas, rulesets, cluster rulesets and catalogs"))
}

fn writes(routes: Routes<Catalogues>) -> Routes<Catalogues> {
    routes
        .role(Role::Editor)
        .read_only()
        .limit(policy::IMPORT)
        .priority(Priority::Bulk)
        .errors(&[ErrorCode::BatchTooLarge, ErrorCode::Conflict])
        .errors(READING)
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
struct ImportQuery {
    /// Whether rows whose name is taken are skipped rather than reported.
    #[serde(default)]
    skip_existing: Lax,
    /// Whether to say what would happen, and do nothing.
    #[serde(default)]
    dry_run: Lax,
    /// `lenient` stores what no evaluation can use and marks it `invalid`; `strict` refuses also what is only
    /// questionable.
    #[serde(default)]
    validate: Strictness,
}

impl ImportQuery {
    fn options(self) -> ImportOptions {
        ImportOptions { skip_existing: self.skip_existing.0, strictness: self.validate }
    }
}

/// What became of an import.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportResult")]
struct ImportView {
    /// What was imported, skipped and refused.
    message: String,
    /// What was refused.
    detail: Option<String>,
    /// What was stored although it is questionable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
    /// Only there, and true, if nothing was done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// One part.
async fn import(
    importer: &Importer,
    repeatable: &Repeatable,
    query: ImportQuery,
    part: Part,
    rows: Vec<Object>,
) -> Result<At<Json<ImportView>>, Refusal> {
    let origin = repeatable.origin_of_part(part.name(), &(query, &rows))?;
    let mut document = Document::default();
    *document.part_mut(part) = Some(rows);
    bounded(importer, &document)?;
    let rows = document.part_mut(part).take().unwrap_or_default();
    let report = run(importer, part, rows, query, &origin).await?;
    let (message, detail) = (report.message(), report.detail());
    let view = ImportView { message, detail, warnings: report.warnings, dry_run: query.dry_run.0 };
    Ok(At::of(&origin, Json(view)))
}

async fn run(
    importer: &Importer,
    part: Part,
    rows: Vec<Object>,
    query: ImportQuery,
    origin: &Origin,
) -> Result<ImportReport, Refusal> {
    let origin = (!query.dry_run.0).then_some(origin);
    Ok(importer.import(part, rows, query.options(), origin).await?)
}

fn bounded(importer: &Importer, document: &Document) -> Result<(), Refusal> {
    let (count, most) = (document.count(), importer.most_things());
    if count <= most {
        return Ok(());
    }
    let message = format!("The import holds {count} things; at most {most} are taken at once.");
    let detail = Detail::new("", "too_many", message.clone());
    Err(Refusal::new(ErrorCode::BatchTooLarge).message(message).detail(detail))
}

async fn schemas(
    State(importer): State<Importer>,
    repeatable: Repeatable,
    Query(query): Query<ImportQuery>,
    Imported(rows): Imported<Vec<Object>>,
) -> Result<At<Json<ImportView>>, Refusal> {
    import(&importer, &repeatable, query, Part::Schemas, rows).await
}

async fn rulesets(
    State(importer): State<Importer>,
    repeatable: Repeatable,
    Query(query): Query<ImportQuery>,
    Imported(rows): Imported<Vec<Object>>,
) -> Result<At<Json<ImportView>>, Refusal> {
    import(&importer, &repeatable, query, Part::Rulesets, rows).await
}

async fn cluster_rulesets(
    State(importer): State<Importer>,
    repeatable: Repeatable,
    Query(query): Query<ImportQuery>,
    Imported(rows): Imported<Vec<Object>>,
) -> Result<At<Json<ImportView>>, Refusal> {
    import(&importer, &repeatable, query, Part::ClusterRulesets, rows).await
}

async fn catalogs(
    State(importer): State<Importer>,
    repeatable: Repeatable,
    Query(query): Query<ImportQuery>,
    Imported(rows): Imported<Vec<Object>>,
) -> Result<At<Json<ImportView>>, Refusal> {
    import(&importer, &repeatable, query, Part::Catalogs, rows).await
}

/// Each part is recorded on its own, so a failure in a later one does not undo an earlier one.
async fn all(
    State(importer): State<Importer>,
    repeatable: Repeatable,
    Query(query): Query<ImportQuery>,
    Imported(mut document): Imported<Document>,
) -> Result<At<Json<ImportView>>, Refusal> {
    bounded(&importer, &document)?;
    // The parts of one request are the same request only together.
    let origins = Part::ALL.map(|part| repeatable.origin_of_part(part.name(), &(query, &document)));
    let mut messages = Vec::new();
    let mut warnings = Vec::new();
    let mut last = Origin::default();
    for (part, origin) in Part::ALL.into_iter().zip(origins) {
        let origin = origin?;
        let rows = document.part_mut(part).take().unwrap_or_default();
        if rows.is_empty() {
            continue;
        }
        let report = run(&importer, part, rows, query, &origin).await?;
        messages.push(format!("{}: {}", part.label(), report.message()));
        warnings.extend(report.warnings);
        last = origin;
    }
    let message = if messages.is_empty() { "No data imported".to_owned() } else { messages.join(" | ") };
    let view = ImportView { message, detail: None, warnings, dry_run: query.dry_run.0 };
    Ok(At::of(&last, Json(view)))
}
