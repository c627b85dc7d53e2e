//! Passwords of servers: everybody on this machine can reach their ports.

use mainstay_core::random;

/// 128 random bits, in letters that mean nothing in a URL or in SQL.
pub(crate) fn random() -> String {
    format!("{:032x}", u128::from_le_bytes(random::bytes()))
}
