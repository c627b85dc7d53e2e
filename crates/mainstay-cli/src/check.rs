//! `check`.

use std::ffi::OsString;

use clap::ArgMatches;
use mainstay::Service;
use mainstay::identity::DirectorySettings;
use mainstay::life::{Configuration, StartError, route_table};
use mainstay_core::Chain;
use mainstay_core::settings::{Explanation, Loaded, Problem, Report, Severity, suggest};

use crate::arguments::chosen_format;
use crate::diagnostics::{self, Text};
use crate::{CommandError, Context, block_on};

pub(crate) fn run<S: Service>(
    service: &S,
    explanations: &[Explanation],
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<u8, CommandError> {
    if let Some(code) = matches.get_one::<String>("explain") {
        return explain(code, explanations, context);
    }
    let mut loaded = context.load::<Configuration<S>>();
    if matches.get_flag("deploy") && !loaded.report.environment.is_strict() {
        let production = OsString::from("ENVIRONMENT=production");
        context.input().overrides.push(production);
        loaded = context.load();
    }
    let Loaded { settings, mut report } = loaded;
    let settings_are_wrong = report.has_errors();
    if let Some(configuration) = settings {
        report.problems.extend(judge_routes(service, &configuration, context));
        if matches.get_flag("directory") {
            report.problems.extend(ask_directory(&configuration.runtime.directory)?);
        }
    }
    print::<S>(&report, explanations, chosen_format(matches), context)?;
    Ok(if settings_are_wrong { 2 } else { u8::from(report.has_errors()) })
}

fn print<S: Service>(
    report: &Report,
    explanations: &[Explanation],
    format: &str,
    context: &mut Context<'_>,
) -> Result<(), CommandError> {
    match format {
        "json" => context.json(&diagnostics::json(report)),
        "sarif" => {
            let tool = diagnostics::Tool { name: S::NAME, version: S::VERSION };
            context.json(&diagnostics::sarif(report, &tool, explanations))
        }
        _ => {
            let environment = report.environment.name();
            if report.problems.is_empty() {
                writeln!(context.data(), "nothing is wrong, as {environment} judges")?;
            } else {
                let text = Text { program: S::NAME, problems: &report.problems, styled: false };
                writeln!(context.data(), "{text}\njudged as {environment}")?;
            }
            Ok(())
        }
    }
}

/// What is wrong with the routes: registrations, and waivers that have ended.
fn judge_routes<S: Service>(
    service: &S,
    configuration: &Configuration<S>,
    context: &Context<'_>,
) -> Vec<Problem> {
    let table = match route_table(service, &configuration.runtime) {
        Ok(table) => table,
        Err(problems) => return vec![StartError::Routes(problems).problem()],
    };
    let expired = table.expired(context.clock().timestamp());
    let expired: Vec<_> = expired
        .map(|(row, waiver)| format!("{} of {} {}", waiver.control.as_str(), row.method, row.path))
        .collect();
    if expired.is_empty() {
        return Vec::new();
    }
    let strict = configuration.runtime.environment.is_strict();
    let severity = if strict { Severity::Error } else { Severity::Warning };
    let mut problem = StartError::Expired(expired).problem();
    problem.severity = severity;
    vec![problem]
}

/// What is wrong with the directory, which is asked for it.
fn ask_directory(directory: &DirectorySettings) -> Result<Vec<Problem>, CommandError> {
    let wrong = |message: String| {
        let problem = Problem::error("MS0705", message).at("LDAP_URL");
        problem.because("nobody who is known there could sign in, or not with their role")
    };
    Ok(match block_on(directory.look())? {
        Ok(None) => vec![wrong("there is no directory to ask".to_owned()).help("set LDAP_URL")],
        Ok(Some(missing)) => {
            let entry = |dn: String| {
                let help = "correct the setting that names it, or let the account of the service see it";
                wrong(format!("the directory shows no entry {dn}")).help(help)
            };
            missing.into_iter().map(entry).collect()
        }
        Err(error) => vec![wrong(Chain(&error).to_string()).help("look at the other LDAP settings")],
    })
}

fn explain(code: &str, explanations: &[Explanation], context: &mut Context<'_>) -> Result<u8, CommandError> {
    let wanted = code.trim().to_ascii_uppercase();
    if let Some(found) = explanations.iter().find(|explanation| explanation.code == wanted) {
        let text = diagnostics::with_program(found.text.trim_end(), context.program());
        writeln!(context.data(), "{}: {}\n\n{text}", found.code, found.title)?;
        return Ok(0);
    }
    let problem = Problem::error("MS0003", "there is no such code to explain");
    let codes = || explanations.iter().map(|explanation| explanation.code);
    let help = match suggest::nearest(&wanted, codes()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("known codes: {}", codes().collect::<Vec<_>>().join(", ")),
    };
    Err(problem.help(help).into())
}
