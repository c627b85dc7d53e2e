use mainstay_core::Secret;
use proptest::prelude::*;

use super::{Keys, Purpose};

const PURPOSES: [Purpose; 3] = [Purpose::Session, Purpose::Csrf, Purpose::Throttle];

fn keys(secret: &str, fallbacks: &[&str]) -> Keys {
    let fallbacks: Vec<_> = fallbacks.iter().map(|key| Secret::new(*key)).collect();
    Keys::new(&Secret::new(secret), &fallbacks)
}

#[test]
fn keys_are_the_same_in_every_release() {
    // Computed apart from this code (Python's hmac): HKDF-Extract(salt, secret), HKDF-Expand(label), then HMAC over
    // each part behind its length. A change here ends all sessions and tokens of all users.
    let mac = keys("the secret of this test", &[]).purpose(Purpose::Session);
    let tag = mac.sign(&[b"one", b"two"]);
    let hex = tag.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(hex, "a0509ce8decf00c810a803f3bc2da84e97fa2483552c39335cf04a3e1610907a");
}

#[test]
fn each_purpose_has_keys_of_its_own() {
    let keys = keys("a", &["b"]);
    for signs in PURPOSES {
        let tag = keys.purpose(signs).sign(&[b"message"]);
        for verifies in PURPOSES {
            assert_eq!(keys.purpose(verifies).verify(&[b"message"], &tag), signs == verifies);
        }
    }
}

#[test]
fn fallbacks_verify_and_never_sign() {
    let message: &[&[u8]] = &[b"message"];
    let former = keys("former", &[]).purpose(Purpose::Session);
    let current = keys("current", &[]).purpose(Purpose::Session);
    let rotating = keys("current", &["other", "former"]).purpose(Purpose::Session);
    assert!(rotating.verify(message, &former.sign(message)));
    assert!(!former.verify(message, &rotating.sign(message)));
    assert!(!current.verify(message, &former.sign(message)));
    assert_eq!(rotating.sign(message), current.sign(message));
}

#[test]
fn only_a_whole_tag_passes() {
    let mac = keys("a", &["b"]).purpose(Purpose::Csrf);
    let tag = mac.sign(&[b"message"]);
    let longer = [&tag[..], &[0]].concat();
    for wrong in [&tag[..31], &tag[1..], &[], &longer] {
        assert!(!mac.verify(&[b"message"], wrong));
    }
    for bit in 0..256 {
        let mut wrong = tag;
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert!(!mac.verify(&[b"message"], &wrong));
    }
}

#[test]
fn nothing_is_printed() {
    let keys = keys("planted", &["planted too"]);
    let printed = format!("{keys:?} {:?}", keys.purpose(Purpose::Session));
    assert_eq!(printed, "Keys(redacted) Mac(redacted)");
}

proptest! {
    #[test]
    fn different_parts_have_different_tags(
        one: Vec<Vec<u8>>,
        other: Vec<Vec<u8>>,
    ) {
        let mac = keys("a", &[]).purpose(Purpose::Throttle);
        let tag = |parts: &[Vec<u8>]| mac.sign(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(tag(&one) == tag(&other), one == other);
    }
}
