//! How much may be kept for bad times.

use mainstay_core::settings::{Reader, Section};

const MIB: usize = 1024 * 1024;

/// How much may be kept for bad times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DegradationSettings {
    /// `STALE_ANSWERS_MB`: most bytes of answers that are kept; 0 keeps none.
    pub kept_bytes: usize,
}

impl Section for DegradationSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Degradation", "What routes answer while the database is not well.");
        let megabytes = reader
            .field("STALE_ANSWERS_MB")
            .doc(
                "Memory for the last good answers of routes that may give an old answer while the database \
                 is not well. 0 keeps none: these routes then fail like others.",
            )
            .unit("MiB")
            .default(16_usize)
            .bounds(0..=1024)
            .too_low("few answers can stand in")
            .too_high("the memory is taken for good once that many answers were given")
            .read();
        Self { kept_bytes: megabytes * MIB }
    }
}

impl Default for DegradationSettings {
    /// The documented defaults.
    fn default() -> Self {
        Self { kept_bytes: 16 * MIB }
    }
}
