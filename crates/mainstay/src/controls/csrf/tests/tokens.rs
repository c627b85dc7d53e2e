//! Tokens and the visits they are bound to.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn mac() -> Mac {
    Keys::new(&Secret::new("a key"), &[]).purpose(Purpose::Csrf)
}

#[test]
fn no_two_tokens_are_alike() {
    let (mac, secret) = (mac(), CsrfSecret::generate());
    let tokens: HashSet<_> = (0..1000).map(|_| token::issue(&mac, Holder::Session, &secret)).collect();
    assert_eq!(tokens.len(), 1000);
    // At no place do they share a character, so there is nothing for a guess to be confirmed at.
    for place in 0..token::CHARACTERS {
        let different: HashSet<_> = tokens.iter().map(|token| token.as_bytes()[place]).collect();
        assert!(different.len() > 16, "place {place}");
    }
}

#[test]
fn a_token_says_nothing_of_its_secret() {
    let mac = mac();
    let secret = CsrfSecret::from_bytes([7; 32]);
    assert!(!token::issue(&mac, Holder::Session, &secret).contains("BwcHBw"));
    assert_eq!(format!("{secret:?}"), "CsrfSecret(redacted)");
    assert!(!format!("{:?}", CsrfSecrets::new().rotated(Timestamp::UNIX_EPOCH)).contains("[7"));
}

#[test]
fn former_secrets_end() {
    let start = Timestamp::UNIX_EPOCH;
    let first = CsrfSecrets::new();
    let second = first.rotated(start);
    let mac = mac();
    let old = token::issue(&mac, Holder::Session, first.current());
    let verify = |secrets: &CsrfSecrets, minutes| {
        let now = start + Duration::from_mins(minutes);
        token::verify(&mac, Holder::Session, secrets.accepted(now), &old).is_ok()
    };
    assert!(verify(&first, 1_000_000), "a secret that was not replaced does not end");
    assert!(verify(&second, 0) && verify(&second, 9));
    assert!(!verify(&second, 10) && !verify(&second, 11));
    assert!(!verify(&second.rotated(start), 1), "only the last one before");
    let (former, until) = second.previous().unwrap();
    let kept = CsrfSecrets::restore(
        CsrfSecret::from_bytes(*second.current().expose()),
        Some((CsrfSecret::from_bytes(*former.expose()), until)),
    );
    assert!(verify(&kept, 9) && !verify(&kept, 10), "as a store gives it back");
}

#[test]
fn visits_are_renewed_in_their_second_half() {
    let start = Timestamp::UNIX_EPOCH;
    let visit = Visit::begin(start);
    let renewed = |hours| visit.renewed(start + Duration::from_hours(hours));
    assert!(renewed(0).is_none() && renewed(6).is_none());
    let later = renewed(7).unwrap();
    assert_eq!(later.secret().expose(), visit.secret().expose(), "forms of the visit stay good");
    assert!(later.renewed(start + Duration::from_hours(8)).is_none());
}

#[test]
fn the_cookie_is_protected() {
    let (mac, visit) = (mac(), Visit::begin(Timestamp::UNIX_EPOCH));
    let secure = VisitCookie::new(true).set(&mac, &visit).unwrap();
    let secure = secure.to_str().unwrap();
    assert!(secure.starts_with("__Host-csrf="), "{secure}");
    assert!(secure.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"), "{secure}");
    let plain = VisitCookie::new(false).set(&mac, &visit).unwrap();
    let plain = plain.to_str().unwrap();
    assert!(plain.starts_with("csrf=") && plain.ends_with("; HttpOnly; SameSite=Lax"), "{plain}");
    let removed = VisitCookie::new(true).remove().unwrap();
    assert_eq!(removed, "__Host-csrf=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
}

proptest! {
    #[test]
    fn no_text_is_a_token_by_chance(text in "\\PC{0,80}|[A-Za-z0-9_-]{64}") {
        let secrets = CsrfSecrets::new();
        let secrets = secrets.accepted(Timestamp::UNIX_EPOCH);
        prop_assert!(token::verify(&mac(), Holder::Session, secrets, &text).is_err());
    }

    #[test]
    fn no_cookie_is_a_visit_by_chance(value in "[!-:<-~]{0,120}|[A-Za-z0-9_-]{96}") {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; csrf={value}").parse().unwrap());
        let visited = VisitCookie::new(false).read(&mac(), &headers, Timestamp::UNIX_EPOCH);
        prop_assert!(matches!(visited, Visited::Invalid));
    }

    #[test]
    fn one_changed_bit_is_another_token(bit in 0_usize..64 * 6) {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (mac, secrets) = (mac(), CsrfSecrets::new());
        let mut token = token::issue(&mac, Holder::Session, secrets.current()).into_bytes();
        let index = ALPHABET.iter().position(|letter| *letter == token[bit / 6]).unwrap();
        token[bit / 6] = ALPHABET[index ^ (1 << (bit % 6))];
        let token = String::from_utf8(token).unwrap();
        let verdict = token::verify(&mac, Holder::Session, secrets.accepted(Timestamp::UNIX_EPOCH), &token);
        prop_assert_eq!(verdict, Err(CsrfFailure::TokenForeign));
    }
}
