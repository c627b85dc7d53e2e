//! Why a command is not carried out.

use crate::domain::{Kind, Name};
use crate::engine::Problem;

/// Why a command is not carried out. Nothing was changed.
///
/// The texts are what clients are told; some of them look for these words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// The thing itself is not there.
    #[error("{kind} '{name}' not found")]
    NotFound {
        /// Its kind.
        kind: Kind,
        /// The name that was asked for, as the client wrote it.
        name: String,
    },
    /// A cluster ruleset names a pairwise ruleset that is not there.
    #[error("Pairwise RuleSet '{name}' not found")]
    PairwiseRulesetNotFound {
        /// The name.
        name: Name,
    },
    /// The key is taken.
    #[error("{}", already_exists(*kind, name))]
    AlreadyExists {
        /// The kind.
        kind: Kind,
        /// The key.
        name: Name,
    },
    /// The client has seen an earlier state of it.
    #[error("{kind} '{name}' has changed since it was read; its ETag is \"{tag}\" now")]
    Changed {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: Name,
        /// Its tag.
        tag: u64,
    },
    /// The content is not what its kind demands.
    #[error("{kind} validation failed: {}", sentence(problems))]
    Invalid {
        /// The kind.
        kind: Kind,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
    /// The content is larger than one thing may be.
    #[error("{kind} '{name}' has {bytes} bytes of content; at most {limit} are stored")]
    TooLarge {
        /// The kind.
        kind: Kind,
        /// Its name.
        name: Name,
        /// Its size as JSON.
        bytes: usize,
        /// The most that is stored.
        limit: usize,
    },
    /// The content is nested deeper than one thing may be.
    #[error("{kind} '{name}' is nested too deeply; at most {limit} levels are stored")]
    TooDeep {
        /// The kind.
        kind: Kind,
        /// Its name.
        name: Name,
        /// The most levels that are stored.
        limit: usize,
    },
}

impl DomainError {
    /// A thing that is not there.
    pub fn not_found(kind: Kind, name: &Name) -> Self {
        Self::NotFound { kind, name: name.to_string() }
    }
}

/// The messages of all problems in one line.
pub(in crate::commands) fn sentence(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ")
}

fn already_exists(kind: Kind, name: &Name) -> String {
    match kind {
        Kind::Schema => format!("Schema with name '{name}' already exists"),
        Kind::Item => format!("Item '{name}' already exists in catalog"),
        _ => format!("{kind} '{name}' already exists"),
    }
}
