//! What to do when accepting fails.

use std::io;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(10);
const MOST: Duration = Duration::from_secs(1);

/// Waits between attempts while the process or the system lacks something that accepting needs.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    /// How long to wait after this failure; `None` when the next connection may well be fine.
    pub(super) fn after(&mut self, error: &io::Error) -> Option<Duration> {
        if concerns_one_connection(error) {
            return None;
        }
        let wait = self.last.map_or(FIRST, |last| (last * 2).min(MOST));
        self.last = Some(wait);
        Some(wait)
    }

    /// Forgets earlier failures.
    pub(super) fn reset(&mut self) {
        self.last = None;
    }
}

/// Whether the failure is that of a connection which broke in the queue, rather than ours.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_delays_nobody() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.after(&io::ErrorKind::ConnectionAborted.into()), None);
        assert_eq!(backoff.after(&io::ErrorKind::ConnectionReset.into()), None);
    }

    #[test]
    fn a_lack_of_descriptors_is_waited_out_longer_and_longer_up_to_a_bound() {
        let mut backoff = Backoff::default();
        let too_many_open_files = io::Error::from_raw_os_error(24);
        let waits: Vec<_> = (0..9).filter_map(|_| backoff.after(&too_many_open_files)).collect();
        assert_eq!(waits[0], FIRST);
        assert!(waits.windows(2).all(|pair| pair[0] < pair[1] || pair[1] == MOST), "{waits:?}");
        assert_eq!(waits.last(), Some(&MOST));
        backoff.reset();
        assert_eq!(backoff.after(&too_many_open_files), Some(FIRST));
    }
}
