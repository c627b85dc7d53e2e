//! Signing and verifying for one purpose.

use std::fmt;
use std::sync::Arc;

use hmac::Mac as _;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::KEY_BYTES;

type Hmac = hmac::Hmac<Sha256>;

/// The keys of one purpose. Clones share them.
#[derive(Clone)]
pub struct Mac {
    /// Keyed once, then copied for each message: the key schedule is half the work. The first one signs.
    keyed: Arc<[Hmac]>,
}

impl Mac {
    pub(super) fn new(keys: impl Iterator<Item = Zeroizing<[u8; KEY_BYTES]>>) -> Self {
        Self { keyed: keys.map(|key| keyed(&key)).collect() }
    }

    /// Signs a message of several parts. Where one part ends and the next begins is signed too.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; KEY_BYTES] {
        // There is always a first key: `Keys` is made of one.
        self.keyed.first().map_or([0; KEY_BYTES], |key| tag(key, parts))
    }

    /// Whether the parts were signed with one of the keys, fallbacks included.
    ///
    /// The time it takes says nothing of where tags differ.
    pub fn verify(&self, parts: &[&[u8]], tag_given: &[u8]) -> bool {
        let matches = |key| tag(key, parts).as_slice().ct_eq(tag_given);
        self.keyed.iter().fold(Choice::from(0), |found, key| found | matches(key)).into()
    }
}

fn keyed(key: &[u8; KEY_BYTES]) -> Hmac {
    // HMAC fills a key up to the block of its hash with zeros; the type wants it filled up.
    let mut block = Zeroizing::new([0; 2 * KEY_BYTES]);
    block[..KEY_BYTES].copy_from_slice(key);
    Hmac::new((&*block).into())
}

fn tag(key: &Hmac, parts: &[&[u8]]) -> [u8; KEY_BYTES] {
    let mut mac = key.clone();
    for part in parts {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        mac.update(&length.to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(redacted)")
    }
}
