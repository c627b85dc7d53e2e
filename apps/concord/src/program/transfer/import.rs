//! `import FILE`

use clap::ArgMatches;
use mainstay::life::Configuration;
use mainstay_cli::{CommandError, Context, Verdict};

use super::error::TransferError;
use super::{file, with_ledger};
use crate::commands::Strictness;
use crate::commands::import::ImportOptions;
use crate::files::{Format, Limits, load};
use crate::import::{Document, Importer};
use crate::ledger::Origin;
use crate::service::Concord;

/// Most bytes of a file: it is read whole.
const MAX_BYTES: u64 = 256 << 20;

/// Deepest nesting of a JSON file: as deep as the parser goes.
const JSON_DEPTH: usize = 128;

pub(super) fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    let configuration = context.settings::<Configuration<Concord>>()?;
    let document = read(matches, context, configuration.service.files)?;
    let options =
        ImportOptions { skip_existing: matches.get_flag("skip-existing"), strictness: strictness(matches) };
    let origin = (!matches.get_flag("dry-run")).then(Origin::default);
    let most_things = configuration.service.max_import_items;
    let clock = context.clock().clone();
    let reports = with_ledger(&configuration, context, async |ledger| {
        let importer = Importer::new(ledger.clone(), clock, most_things);
        Ok(importer.import_all(document, options, origin.as_ref()).await?)
    })?;
    if reports.is_empty() {
        context.say("nothing to import: the document is empty");
    }
    for (part, report) in &reports {
        writeln!(context.data(), "{}: {}", part.label(), report.message())?;
        for warning in &report.warnings {
            context.say(format_args!("warning: {}: {}", warning.field, warning.message));
        }
    }
    Ok(Verdict::good_if(reports.iter().all(|(_, report)| report.errors.is_empty())))
}

fn read(matches: &ArgMatches, context: &Context<'_>, limits: Limits) -> Result<Document, TransferError> {
    let path = context.directory().join(file(matches));
    let depth = match Format::of(&path)? {
        Format::Json => JSON_DEPTH,
        Format::Yaml => limits.depth,
    };
    let value = load(&path, Limits { bytes: MAX_BYTES, depth, ..limits })?;
    serde_json::from_value(value).map_err(TransferError::Shape)
}

fn strictness(matches: &ArgMatches) -> Strictness {
    match matches.get_one::<String>("validate").map(String::as_str) {
        Some("lenient") => Strictness::Lenient,
        Some("strict") => Strictness::Strict,
        _ => Strictness::Default,
    }
}
