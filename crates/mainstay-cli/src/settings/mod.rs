//! `settings`.

mod committed;
mod example;
mod schema;
mod show;

use clap::ArgMatches;
use mainstay::Service;
use mainstay::life::Configuration;
use mainstay_core::settings::{Environment, Setting as _, describe};

use crate::arguments::chosen_format;
use crate::{CommandError, Context, Verdict};

pub(crate) fn run<S: Service>(
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match matches.subcommand() {
        Some(("show", matches)) => {
            let report = context.load::<Configuration<S>>().report;
            match chosen_format(matches) {
                "json" => context.json(&show::json(&report))?,
                _ => show::text(&report, context.data())?,
            }
            if report.has_errors() {
                context.report(&report.problems);
                return Err(CommandError::Settings);
            }
        }
        Some(("example", matches)) => {
            let program = S::NAME;
            if let Some(name) = matches.get_one::<String>("config") {
                let environment = Environment::parse(name).unwrap_or_default();
                let fields = &describe::<Configuration<S>>(environment);
                let committed = committed::Committed { program, fields, environment };
                write!(context.data(), "{committed}")?;
                return Ok(Verdict::Good);
            }
            let production = matches.get_flag("production");
            let environment = if production { Environment::Production } else { Environment::Development };
            let fields = &describe::<Configuration<S>>(environment);
            write!(context.data(), "{}", example::Example { program, fields, environment })?;
        }
        _ => context.json(&schema::schema(&describe::<Configuration<S>>(Environment::Development)))?,
    }
    Ok(Verdict::Good)
}
