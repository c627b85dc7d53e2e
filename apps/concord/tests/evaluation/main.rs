//! Evaluation over HTTP: `/api/v1/evaluate`, route by route, on a service with its own database.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where its ground gives way")]

mod changes;
mod clusters;
mod content;
mod matrix;
mod pairs;
mod time;
mod world;
