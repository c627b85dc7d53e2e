//! Limits over real HTTP: exact, not to be escaped, and what becomes of them while Redis is out.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test ends where its ground gives way")]

mod address;
mod outage;
mod rates;
mod sample;
mod shared;
