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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Under load as it never is in earnest: all threads draw without a pause.
    #[test]
    fn many_threads_at_once_draw_nothing_twice_and_nothing_slanted() {
        const THREADS: usize = 16;
        const DRAWS: usize = 10_000;
        let draw = || (0..DRAWS).map(|_| bytes::<16>()).collect::<Vec<[u8; 16]>>();
        let drawn: Vec<[u8; 16]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(draw)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("it draws")).collect()
        });
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), THREADS * DRAWS);
        for bit in 0..128 {
            let set = drawn.iter().filter(|bytes| bytes[bit / 8] >> (bit % 8) & 1 == 1).count();
            // Half of them; twelve standard deviations away nobody ever is.
            let half = THREADS * DRAWS / 2;
            assert!(set.abs_diff(half) < 12 * 200, "bit {bit}: {set} of {}", THREADS * DRAWS);
        }
    }
}
