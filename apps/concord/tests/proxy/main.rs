//! nginx, with the configuration under `deploy/`, in front of Concord.

#![expect(clippy::expect_used, reason = "a test ends where its ground gives way")]

mod browser;
mod headers;
mod limits;
mod outages;
mod place;
