//! The command line of the `mainstay` program.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use mainstay_cli::diagnostics::{self, Text};
use mainstay_core::settings::{Problem, Severity, suggest};
use serde_json::json;

use crate::audit::{Audit, RULES, audit};

/// Runs the program with these arguments, the first of which is its name.
///
/// It ends with 0 when nothing is wrong that a deployment must not go out with, with 1 when something is, and
/// with 2 when it could not look.
pub fn run<A>(arguments: A) -> ExitCode
where
    A: IntoIterator,
    A::Item: Into<OsString> + Clone,
{
    let matches = match tree().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let failed = error.use_stderr();
            // Whoever stopped reading has seen enough.
            let _ = error.print();
            return ExitCode::from(if failed { 2 } else { 0 });
        }
    };
    let done = match matches.subcommand() {
        Some(("audit", matches)) => run_audit(matches),
        // The tree holds no other names.
        _ => Ok(ExitCode::from(2)),
    };
    done.unwrap_or_else(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return ExitCode::SUCCESS;
        }
        anstream::eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn tree() -> Command {
    let audit = Command::new("audit")
        .about("Whether the files of a deployment are right, and agree with one another")
        .long_about(
            "Reads Dockerfiles, Compose files, configurations of nginx, units of systemd, Kubernetes manifests and\n\
             files of settings in a folder and those below it, and says what is wrong: with each of them, and\n\
             where they contradict one another. What cannot be judged is said to be so.\n\n\
             Ends with 1 if something is wrong that a deployment must not go out with.",
        )
        .arg(Arg::new("folder").value_name("DIR").default_value(".").value_parser(value_parser!(PathBuf)))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .default_value("text")
                .value_parser(PossibleValuesParser::new(["text", "json"]))
                .help("For people, or for programs"),
        )
        .arg(
            Arg::new("explain")
                .long("explain")
                .value_name("CODE")
                .help("Say what a code means, and what cures it")
                .conflicts_with("folder"),
        )
        .arg(
            Arg::new("rules")
                .long("rules")
                .action(ArgAction::SetTrue)
                .help("Print all rules, as a page of reference in Markdown")
                .conflicts_with_all(["folder", "explain"]),
        );
    Command::new("mainstay")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Tools beside a Mainstay service")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(audit)
}

fn run_audit(matches: &ArgMatches) -> io::Result<ExitCode> {
    if let Some(code) = matches.get_one::<String>("explain") {
        return explain(code);
    }
    if matches.get_flag("rules") {
        return rules(&mut io::BufWriter::new(anstream::stdout()));
    }
    let here = PathBuf::from(".");
    let folder = matches.get_one::<PathBuf>("folder").unwrap_or(&here);
    let audit = audit(folder)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
    let mut output = io::BufWriter::new(anstream::stdout());
    match matches.get_one::<String>("format").map(String::as_str) {
        Some("json") => writeln!(output, "{}", as_json(&audit))?,
        _ => as_text(&audit, folder, &mut output)?,
    }
    output.flush()?;
    Ok(ExitCode::from(u8::from(audit.has_errors())))
}

fn as_text(audit: &Audit, folder: &Path, output: &mut impl Write) -> io::Result<()> {
    for one in &audit.not_judged {
        writeln!(output, "not judged: {one}")?;
    }
    if !audit.not_judged.is_empty() {
        writeln!(output)?;
    }
    if audit.judged.is_empty() {
        return writeln!(output, "there is no file of a deployment in {}", folder.display());
    }
    let files = match audit.judged.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    if audit.problems.is_empty() {
        return writeln!(output, "nothing is wrong in {files}");
    }
    let text = Text { program: "mainstay audit", problems: &audit.problems, styled: true }.to_string();
    // The services' programs explain with `check`.
    writeln!(
        output,
        "{}\n{files} judged",
        text.replace("mainstay audit check --explain", "mainstay audit --explain")
    )
}

fn as_json(audit: &Audit) -> serde_json::Value {
    let errors = audit.problems.iter().filter(|problem| problem.is_error()).count();
    json!({
        "errors": errors,
        "warnings": audit.problems.len() - errors,
        "problems": audit.problems.iter().map(diagnostics::problem_json).collect::<Vec<_>>(),
        "judged": audit.judged.iter().map(|one| json!({
            "path": one.path.to_string_lossy(),
            "kind": one.kind,
        })).collect::<Vec<_>>(),
        "not_judged": audit.not_judged.iter().map(|one| json!({
            "path": one.path.to_string_lossy(),
            "reason": one.reason,
        })).collect::<Vec<_>>(),
    })
}

/// Every rule, as a page of the documentation.
fn rules(output: &mut impl Write) -> io::Result<ExitCode> {
    writeln!(
        output,
        "# Rules of the audit\n\n<!-- Printed by `mainstay audit --rules`. -->\n\n\
         What `mainstay audit` looks for; [deployment](../deployment.md#the-audit) says how. Settings in these files are judged as\n\
         the service judges them, with [its codes](diagnostics.md).\n\n\
         | code | | what is wrong | why it matters | cure |\n|---|---|---|---|---|"
    )?;
    for rule in RULES {
        let severity = if rule.severity == Severity::Error { "error" } else { "warning" };
        let cells = [rule.code, severity, rule.title, rule.because, rule.help];
        writeln!(output, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn explain(code: &str) -> io::Result<ExitCode> {
    let wanted = code.trim().to_ascii_uppercase();
    if let Some(rule) = RULES.iter().find(|rule| rule.code == wanted) {
        let mut output = anstream::stdout();
        writeln!(output, "{}: {}\n\nWhy: {}.\n\nCure: {}.", rule.code, rule.title, rule.because, rule.help)?;
        return Ok(ExitCode::SUCCESS);
    }
    let near = suggest::nearest(&wanted, RULES.iter().map(|rule| rule.code));
    let help = near.map_or_else(
        || "codes below MS1000 are explained by the service: `concord check --explain CODE`".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    let problem = Problem::error("MS0003", "there is no such code to explain").help(help);
    let text = Text { program: "mainstay audit", problems: &[problem], styled: true }.to_string();
    anstream::eprintln!("{text}");
    Ok(ExitCode::from(2))
}
