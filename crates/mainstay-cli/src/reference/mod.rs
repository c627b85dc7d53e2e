//! `reference`: what the program knows of itself, as pages for its documentation.

mod diagnostics;
mod errors;
mod metrics;

use clap::ArgMatches;
use mainstay::Service;
use mainstay::telemetry::metrics::{FAMILIES, Family};
use mainstay_core::settings::Explanation;

use crate::{CommandError, Context, Verdict, routes};

/// The pages that there are.
pub(crate) const PAGES: [&str; 4] = ["routes", "errors", "diagnostics", "metrics"];

/// What every page begins with, so that nobody corrects it by hand.
fn head(title: &str, program: &str, page: &str, about: &str) -> String {
    format!("# {title}\n\n<!-- Printed by `{program} reference {page}`. -->\n\n{about}\n\n")
}

/// Prints a page. It does not depend on settings: it is the same on every machine.
pub(crate) fn run<S: Service>(
    service: &S,
    explanations: &[Explanation],
    families: &[Family],
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let text = match matches.get_one::<String>("page").map(String::as_str) {
        Some("routes") => {
            let about = "Every route with what it demands by default. [routes.md](../routes.md) says what the columns mean.";
            head("Routes", S::NAME, "routes", about) + &routes::default_markdown(service)?
        }
        Some("errors") => errors::page(S::NAME),
        Some("diagnostics") => diagnostics::page(S::NAME, explanations),
        // The tree takes no other words.
        _ => metrics::page(S::NAME, FAMILIES.iter().copied().flatten().chain(families)),
    };
    write!(context.data(), "{text}")?;
    Ok(Verdict::Good)
}

/// Text for the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
