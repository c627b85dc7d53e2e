//! The API, through a whole service and its socket.
//!
//! The modules mirror the tree of URLs: what `/api/v1/schemas` does is tested in `schemas.rs`. What holds across
//! resources has modules of its own, named after what holds.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

mod activity;
mod bad_input;
mod catalogs;
mod cluster_rulesets;
mod conditional;
mod credentials;
mod directory;
#[cfg(feature = "drills")]
mod drill;
mod events;
mod exports;
mod forged;
mod guard;
mod home;
mod idempotency;
mod imports;
mod items;
mod lists;
mod log;
mod names;
mod races;
mod records;
mod rulesets;
mod safe;
mod schemas;
mod sign_in;
mod summary;
mod support;
mod uploads;
