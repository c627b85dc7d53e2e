//! The one random source: the operating system's.

use uuid::{Timestamp, Uuid};

use crate::Clock;

/// Fills `buffer` with bytes fit for keys and tokens.
///
/// # Panics
///
/// When the operating system has no randomness to give: nothing that follows could be secure.
#[expect(clippy::disallowed_methods, clippy::expect_used, reason = "the one place; see Panics")]
pub fn fill(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the operating system gives random bytes");
}

/// `N` bytes fit for keys and tokens.
///
/// # Panics
///
/// As [`fill`].
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    fill(&mut buffer);
    buffer
}

/// A number below `bound`, for jitter: fair enough for spreading, not for drawing lots.
///
/// # Panics
///
/// As [`fill`].
pub fn below(bound: u64) -> u64 {
    if bound == 0 { 0 } else { u64::from_le_bytes(bytes()) % bound }
}

/// A UUID of version 7: its first 48 bits are the clock's milliseconds, so ids sort by their time.
///
/// # Panics
///
/// As [`fill`].
pub fn uuid(clock: &Clock) -> Uuid {
    let millis = u64::try_from(clock.timestamp().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes()).into_uuid()
}

/// The moment that a version 7 UUID carries, in milliseconds since 1970; `None` for other versions.
pub fn uuid_millis(id: &Uuid) -> Option<u64> {
    id.get_timestamp().map(|time: Timestamp| {
        let (seconds, nanos) = time.to_unix();
        seconds * 1_000 + u64::from(nanos / 1_000_000)
    })
}
