//! The commands `import FILE` and `export FILE`: a whole installation as one document, without a server.
//!
//! They work on the database itself, beside a service that may be running on it.

mod error;
mod export;
mod import;

use clap::{Arg, ArgAction, ArgMatches, Command};
use mainstay::life::Configuration;
use mainstay_cli::{CommandError, Context, Schema, Verdict, with_database};
use mainstay_core::Tasks;

pub(super) use self::error::EXPLANATIONS;
use self::error::TransferError;
use crate::ledger::Ledger;
use crate::service::Concord;

/// The commands.
pub(super) fn commands() -> [Command; 2] {
    let file = |help: &'static str| Arg::new("file").value_name("FILE").required(true).help(help);
    let switch = |name: &'static str, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let import = Command::new("import")
        .about("Import schemas, rulesets and catalogs from a file")
        .arg(file("A .json, .yaml or .yml file as `export` writes it"))
        .arg(switch("skip-existing", "Skip what is there already, without a word"))
        .arg(switch("dry-run", "Say what would happen, and do nothing"))
        .arg(
            Arg::new("validate")
                .long("validate")
                .value_name("HOW")
                .value_parser(["default", "lenient", "strict"])
                .default_value("default")
                .help("How contents are judged"),
        );
    let export = Command::new("export")
        .about("Export all schemas, rulesets and catalogs into a file")
        .arg(file("The file to write, or - for standard output"));
    [import, export]
}

/// Runs the command of the name.
///
/// # Errors
///
/// See [`CommandError`].
pub(super) fn run(
    name: &str,
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    match name {
        "import" => import::run(matches, context),
        _ => export::run(matches, context),
    }
}

/// Opens the store, works with it, and closes it.
fn with_ledger<T>(
    configuration: &Configuration<Concord>,
    context: &mut Context<'_>,
    work: impl AsyncFnOnce(&Ledger) -> Result<T, TransferError>,
) -> Result<T, CommandError> {
    with_database(&Concord, &configuration.runtime, Schema::Current, context, async |database, context| {
        let ledger = Ledger::open(database.clone(), context.clock().clone(), &Tasks::new());
        let worked = work(&ledger).await;
        ledger.close().await;
        Ok(worked?)
    })
}

/// The file that a command is about.
fn file(matches: &ArgMatches) -> &str {
    matches.get_one::<String>("file").map(String::as_str).unwrap_or_default()
}
