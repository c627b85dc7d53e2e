//! `openapi`.

use mainstay::Service;
use mainstay::openapi::{About, document};

use crate::{CommandError, Context, Verdict, routes};

pub(crate) fn run<S: Service>(service: &S, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let table = routes::table(service, context)?;
    let about = About { title: S::NAME, version: S::VERSION, description: S::ABOUT };
    context.json(&document(&table, &about))?;
    Ok(Verdict::Good)
}
