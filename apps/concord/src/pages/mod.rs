//! The pages.

use axum::extract::State;
use axum::response::Html;
use mainstay::{Control, ErrorCode, Refusal, Routes, Service as _};
use minijinja::{Environment, context};

use crate::domain::{Catalog, ClusterRuleset, Ruleset, Schema};
use crate::ledger::Ledger;
use crate::service::{Catalogues, Concord};

/// The page at `/`.
pub fn routes() -> Routes<Catalogues> {
    Routes::new()
        .tag("Pages")
        .get("/", home)
        .summary("What this is, and where to go on")
        .public()
        .waive(Control::Session, "says what this is to whoever comes by")
        .errors(&[ErrorCode::DatabaseUnavailable])
}

async fn home(State(ledger): State<Ledger>) -> Result<Html<String>, Refusal> {
    let mut snapshot = ledger.snapshot().await?;
    let context = context! {
        about => Concord::ABOUT,
        version => Concord::VERSION,
        schemas => snapshot.count::<Schema>().await?,
        rulesets => snapshot.count::<Ruleset>().await?,
        cluster_rulesets => snapshot.count::<ClusterRuleset>().await?,
        catalogs => snapshot.count::<Catalog>().await?,
        items => snapshot.count_items().await?,
    };
    drop(snapshot);
    let page = Environment::new().render_named_str("home.html", include_str!("home.html"), context);
    page.map(Html).map_err(|error| Refusal::new(ErrorCode::InternalError).because(error))
}
