//! The pages.

use axum::response::Html;
use mainstay::routes::Priority;
use mainstay::{Control, ErrorCode, Refusal, Routes};
use minijinja::{Environment, context};

use crate::api::Catalogues;

/// What this is, in a sentence.
pub const ABOUT: &str = "Catalogues of things, rules that say which of them go together, and the answers.";

/// The page at `/`.
pub fn routes() -> Routes<Catalogues> {
    Routes::new()
        .tag("Pages")
        .get("/", home)
        .summary("What this is, and where to go on")
        .public()
        .priority(Priority::Interactive)
        .waive(Control::Session, "says what this is to whoever comes by")
}

/// What is stored is for those who may read it, so the page does not even count it.
async fn home() -> Result<Html<String>, Refusal> {
    let context = context! { about => ABOUT, version => env!("CARGO_PKG_VERSION") };
    let page = Environment::new().render_named_str("home.html", include_str!("home.html"), context);
    page.map(Html).map_err(|error| Refusal::new(ErrorCode::InternalError).because(error))
}
