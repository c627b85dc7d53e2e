use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::keys;
use crate::keys::Purpose;
use crate::session::token::{TOKEN_CHARACTERS, Token};

#[test]
fn a_token_reads_back_as_itself() {
    let mac = keys("a", &[]).purpose(Purpose::Session);
    let token = Token::generate();
    let text = token.encode();
    assert_eq!(text.len(), TOKEN_CHARACTERS);
    let read = Token::parse(text.as_bytes()).unwrap();
    assert_eq!(read.id(), token.id());
    assert_eq!(*read.encode(), *text);
    assert!(read.matches(&mac, &token.hash(&mac)));
    assert!(!Token::generate().matches(&mac, &token.hash(&mac)));
}

#[test]
fn what_is_not_quite_a_token_is_none() {
    let text = Token::generate().encode();
    let (id, secret) = (&text[3..25], &text[26..]);
    let padded = format!("v1.{}.{secret}", URL_SAFE.encode([7; 16]));
    let rows = [
        String::new(),
        text[..57].to_owned(),
        format!("{}A", *text),
        format!(" {}", &text[1..]),
        format!("{} ", &text[..57]),
        format!("\"{}\"", &text[1..57]),
        format!("v2.{id}.{secret}"),
        format!("V1.{id}.{secret}"),
        format!("v1.{secret}.{id}"),
        format!("v1.{id}{secret}."),
        format!("v1..{id}{secret}"),
        format!("{id}.{secret}"),
        padded,
        // The other alphabet; the last bits of 22 characters must be zero.
        format!("v1.{}.{secret}", &STANDARD.encode([0xff; 16])[..22]),
        format!("v1.{}B.{secret}", "A".repeat(21)),
        format!("v1.{}\u{e9}.{secret}", "A".repeat(20)),
    ];
    for row in rows {
        assert!(Token::parse(row.as_bytes()).is_err(), "{row}");
    }
    assert!(Token::parse(format!("v1.{}A.{secret}", "A".repeat(21)).as_bytes()).is_ok());
}

#[test]
fn nothing_of_a_token_is_printed() {
    let mac = keys("a", &[]).purpose(Purpose::Session);
    let token = Token::generate();
    let printed = format!("{token:?} {:?} {:?}", token.hash(&mac), Token::parse(token.encode().as_bytes()));
    assert_eq!(printed, "Token(redacted) SecretHash(redacted) Ok(Token(redacted))");
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_the_same(text in "v1\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{32}") {
        if let Ok(token) = Token::parse(text.as_bytes()) {
            prop_assert_eq!(&*token.encode(), &text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0_usize..58, byte: u8) {
        let _ = Token::parse(&bytes);
        let mut text = Token::generate().encode().as_bytes().to_vec();
        let same = text[at] == byte;
        text[at] = byte;
        // One character is another token, or none.
        if let Ok(token) = Token::parse(&text) {
            let written = token.encode();
            prop_assert_eq!(written.as_bytes(), &text[..]);
        } else {
            prop_assert!(!same);
        }
    }

    #[test]
    fn no_other_length_is_a_token(length in 0_usize..200) {
        let text = Token::generate().encode().repeat(4);
        let is_token = Token::parse(&text.as_bytes()[..length]).is_ok();
        prop_assert_eq!(is_token, length == TOKEN_CHARACTERS);
    }
}
