//! Concord: catalogues of things, rules that say which of them go together, and the answers.

pub mod engine;
