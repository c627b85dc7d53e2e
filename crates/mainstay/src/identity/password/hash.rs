//! Hashes as they are kept.

use std::fmt;
use std::time::Duration;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use mainstay_core::random;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Password;

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// What a stored hash may ask for at most. A row that somebody tampered with must not be able to hold the machine.
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 8;

/// How expensive a hash is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// Memory, in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over that memory.
    pub(crate) passes: u32,
    /// Lanes, which run one after the other here.
    pub(crate) lanes: u32,
}

/// The Argon2id hash of a password, as text in the PHC format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// A hash could not be computed or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// All places are taken, and will be for too long.
    #[error("too many passwords are being hashed")]
    Overloaded {
        /// When there should be a place.
        retry_after: Duration,
    },
    /// The stored text is no Argon2id hash.
    #[error("the stored hash is not one of Argon2id")]
    NotAHash(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The stored hash asks for more memory or time than any of ours.
    #[error("the stored hash asks for too much")]
    TooExpensive,
    /// The computation itself failed.
    #[error("the hash could not be computed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A stored hash, taken apart.
pub(super) struct Parsed {
    pub(super) parameters: Parameters,
    salt: phc::Salt,
    output: phc::Output,
}

impl Parameters {
    /// What OWASP's cheat sheet on password storage asks for: 19 MiB, two passes.
    pub(crate) const CURRENT: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// Memory in whole MiB, as places are counted.
    pub(super) fn mebibytes(self) -> u32 {
        self.memory_kib.div_ceil(1024)
    }

    /// The number of blocks of memory.
    pub(super) fn blocks(self) -> usize {
        self.memory_kib as usize
    }

    fn argon2(self, output_bytes: usize) -> Result<Argon2<'static>, HashError> {
        let Self { memory_kib, passes, lanes } = self;
        let params = Params::new(memory_kib, passes, lanes, Some(output_bytes)).map_err(failed)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

impl PasswordHash {
    /// Takes a hash from a store. It is looked at when it is verified.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text for a store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the text apart.
    ///
    /// # Errors
    ///
    /// When it is no Argon2id hash, or asks for more than a hash of ours ever would.
    pub(super) fn parse(&self, max_memory_kib: u32) -> Result<Parsed, HashError> {
        let not_a_hash = |source| HashError::NotAHash(source);
        let hash = phc::PasswordHash::new(&self.0).map_err(|error| not_a_hash(Some(Box::new(error))))?;
        let is_current = hash.algorithm.as_str() == "argon2id" && hash.version == Some(Version::V0x13.into());
        let number = |name: &str| hash.params.get_decimal(name);
        let (Some(memory_kib), Some(passes), Some(lanes)) = (number("m"), number("t"), number("p")) else {
            return Err(not_a_hash(None));
        };
        let (Some(salt), Some(output), true) = (hash.salt, hash.hash, is_current) else {
            return Err(not_a_hash(None));
        };
        if memory_kib > max_memory_kib || passes > MAX_PASSES || lanes > MAX_LANES {
            return Err(HashError::TooExpensive);
        }
        Ok(Parsed { parameters: Parameters { memory_kib, passes, lanes }, salt, output })
    }

    /// Hashes a password with a new salt, in `memory`.
    pub(super) fn compute(
        parameters: Parameters,
        password: &Password,
        memory: &mut [Block],
    ) -> Result<Self, HashError> {
        let salt = random::bytes::<SALT_BYTES>();
        let mut output = Zeroizing::new([0; OUTPUT_BYTES]);
        let argon2 = parameters.argon2(OUTPUT_BYTES)?;
        argon2
            .hash_password_into_with_memory(password.expose().as_bytes(), &salt, &mut *output, memory)
            .map_err(failed)?;
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(argon2.params()).map_err(failed)?,
            salt: Some(phc::Salt::new(&salt).map_err(failed)?),
            hash: Some(phc::Output::new(&*output).map_err(failed)?),
        };
        Ok(Self(hash.to_string()))
    }
}

impl Parsed {
    /// What no password verifies against, at the price of the current parameters.
    pub(super) fn decoy(parameters: Parameters) -> Result<Self, HashError> {
        let salt = phc::Salt::new(&random::bytes::<SALT_BYTES>()).map_err(failed)?;
        let output = phc::Output::new(&random::bytes::<OUTPUT_BYTES>()).map_err(failed)?;
        Ok(Self { parameters, salt, output })
    }

    /// Whether the password is the one that was hashed; computed in `memory`, compared in constant time.
    pub(super) fn verify(&self, password: &Password, memory: &mut [Block]) -> Result<bool, HashError> {
        let expected = self.output.as_bytes();
        let mut output = Zeroizing::new(vec![0; expected.len()]);
        self.parameters
            .argon2(expected.len())?
            .hash_password_into_with_memory(password.expose().as_bytes(), &self.salt, &mut output, memory)
            .map_err(failed)?;
        Ok(output.as_slice().ct_eq(expected).into())
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> HashError {
    HashError::Failed(Box::new(error))
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}
