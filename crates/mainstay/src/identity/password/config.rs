//! How much memory hashing may take.

use mainstay_core::settings::{Reader, Section};

use super::Parameters;

/// The setting of password hashing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasswordSettings {
    /// `PASSWORD_HASH_MEMORY_MB`: the most memory of all hashes at once, in MiB.
    pub hash_memory_mib: u32,
}

impl Section for PasswordSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Passwords", "How much of the machine the hashing of passwords may take.");
        let one = Parameters::CURRENT.mebibytes();
        let hash_memory_mib = reader
            .field::<u32>("PASSWORD_HASH_MEMORY_MB")
            .doc("Most memory of all password hashes at once; each takes 19 MiB. Who would wait long gets 503.")
            .unit("MiB")
            .default_text("19 for each two processors")
            .bounds(one..=16_384)
            .too_low("not one password could be hashed")
            .too_high("a wave of sign-ins takes the processors from all other requests")
            .optional();
        Self { hash_memory_mib: hash_memory_mib.unwrap_or_else(|| Self::default().hash_memory_mib) }
    }
}

impl Default for PasswordSettings {
    /// Hashes on half of the processors, at least one: the other half is left to everybody else.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = u32::try_from(processors / 2).unwrap_or(u32::MAX).max(1);
        Self { hash_memory_mib: at_once.saturating_mul(Parameters::CURRENT.mebibytes()) }
    }
}
