//! Why a document is not transferred, and what to do about it.

use std::io;
use std::path::PathBuf;

use mainstay_cli::CommandError;
use mainstay_core::Chain;
use mainstay_core::settings::{Explanation, Problem};
use mainstay_db::DbError;

use crate::files::LoadError;
use crate::ledger::LedgerError;

/// Why a document is not transferred.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransferError {
    #[error("the file cannot be imported")]
    Load(#[from] LoadError),
    #[error("the file is no document of an export")]
    Shape(#[source] serde_json::Error),
    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the store cannot be read")]
    Read(#[from] DbError),
    #[error("the store does not take the document")]
    Import(#[from] LedgerError),
}

impl TransferError {
    /// The error as the diagnostic that the command line prints.
    fn problem(&self) -> Problem {
        let (code, help) = match self {
            Self::Load(_) | Self::Shape(_) => ("CC0101", "name a .json or .yaml file that `export` wrote"),
            Self::Write { .. } => ("CC0102", "name a file in a folder that you may write to"),
            Self::Read(_) | Self::Import(_) => {
                ("CC0103", "see the cause; nothing is half done, so try again")
            }
        };
        let problem = Problem::error(code, self.to_string()).help(help);
        match std::error::Error::source(self) {
            Some(cause) => problem.because(Chain(cause).to_string()),
            None => problem,
        }
    }
}

impl From<TransferError> for CommandError {
    fn from(error: TransferError) -> Self {
        Self::of(&error, TransferError::problem)
    }
}

/// What `check --explain` says of these codes.
pub(in crate::program) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "CC0101",
        title: "a file cannot be imported",
        text: "`concord import` reads one object with any of the keys schemas, rulesets,\n\
               cluster_rulesets and catalogs, each a list, from a .json, .yaml or .yml file: what\n\
               `concord export` and GET /api/v1/export/all write. YAML_MAX_DEPTH and\n\
               YAML_MAX_ALIASES bound what a YAML file may be.",
    },
    Explanation {
        code: "CC0102",
        title: "an export cannot be written",
        text: "`concord export` writes into a new file beside the one that is named, and puts it in\n\
               that one's place when it is whole. It needs the right to create files in that folder.",
    },
    Explanation {
        code: "CC0103",
        title: "the store cannot be used",
        text: "`concord import` and `concord export` work on the database of DATABASE_URL itself, beside a\n\
               service that may be running on it. It was opened, and its schema is current, but it failed\n\
               meanwhile, or did not take the document. The message says why.",
    },
];
