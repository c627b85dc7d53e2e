//! How large an upload may be.

use mainstay_core::settings::{Reader, Section};

use crate::pipeline::config::megabytes;

/// How large an upload may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadSettings {
    /// `MAX_UPLOAD_SIZE_MB`: the largest body of a route that takes files, in bytes.
    pub bytes: u64,
}

impl Section for UploadSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        let bytes = reader
            .field("MAX_UPLOAD_SIZE_MB")
            .doc("Largest body of a request that brings files; fractions are allowed. Beyond it: 413.")
            .unit("MiB")
            .default(10.0_f64)
            .bounds(0.001..=1024.0)
            .too_low("imports are refused")
            .too_high("a few uploads at once fill the memory")
            .read();
        Self { bytes: megabytes(bytes) }
    }
}

impl Default for UploadSettings {
    /// Ten mebibytes.
    fn default() -> Self {
        Self { bytes: megabytes(10.0) }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_core::settings::{Environment, read_pairs};

    use super::*;

    #[test]
    fn fractions_are_allowed_and_bounded() {
        let read = |text| read_pairs::<UploadSettings>(Environment::Test, &[("MAX_UPLOAD_SIZE_MB", text)]);
        for (text, bytes) in [("1", 1 << 20), ("0.5", 1 << 19), ("1.5", 3 << 19)] {
            assert_eq!(read(text).settings.unwrap(), UploadSettings { bytes }, "{text}");
        }
        for text in ["0", "-1", "NaN", "inf", "1e9", "ten"] {
            assert!(read(text).report.has_errors(), "{text}");
        }
        let defaults = read_pairs::<UploadSettings>(Environment::Production, &[]).settings.unwrap();
        assert_eq!(defaults, UploadSettings::default());
    }
}
