//! Limits over real HTTP: exact, not to be escaped, and what becomes of them while Redis is out.

mod address;
mod outage;
mod rates;
mod sample;
mod shared;
