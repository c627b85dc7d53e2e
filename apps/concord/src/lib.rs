//! Concord: catalogues of things, rules that say which of them go together, and the answers.

pub mod api;
pub mod commands;
pub mod domain;
pub mod engine;
pub mod evaluation;
pub mod files;
pub mod import;
pub mod ledger;
pub mod pages;
pub mod program;
pub mod read;
pub mod service;
pub mod settings;
