//! What operators write, and what becomes of it.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

/// `Err` holds the reason and the cure.
fn parse<T: Setting>(text: &str) -> Result<T, (String, Option<String>)> {
    T::parse(text).map_err(|invalid| (invalid.to_string(), invalid.help().map(str::to_owned)))
}

fn reason<T: Setting + std::fmt::Debug>(text: &str) -> String {
    parse::<T>(text).unwrap_err().0
}

#[test]
fn whole_numbers_are_plain_digits() {
    assert_eq!(parse::<u16>(" 8080 "), Ok(8080));
    assert_eq!(parse::<u16>("0"), Ok(0));
    assert_eq!(reason::<u16>("65536"), "is larger than 65535");
    assert_eq!(reason::<u32>("-1"), "is negative");
    for text in ["80 80", "8,080", "8_080", "0x50", "1e3", "8080;", "８０", "80.0", "", "yes", "\u{0}"] {
        assert_eq!(reason::<u32>(text), "is not a whole number", "{text:?}");
    }
}

#[test]
fn numbers_are_finite() {
    assert_eq!(parse::<f64>("0.5"), Ok(0.5));
    for text in ["inf", "NaN", "1e999", "half", "0,5"] {
        assert_eq!(reason::<f64>(text), "is not a number", "{text:?}");
    }
}

#[test]
fn yes_and_no_come_in_any_case() {
    for text in ["yes", "yes ", "YES", "TRUE", "true", "1"] {
        assert_eq!(parse::<bool>(text), Ok(true), "{text:?}");
    }
    for text in ["no", "False", "0"] {
        assert_eq!(parse::<bool>(text), Ok(false), "{text:?}");
    }
    for text in ["", "on", "y", "2", "yess"] {
        assert_eq!(reason::<bool>(text), "is neither yes nor no", "{text:?}");
    }
}

#[test]
fn durations_carry_their_unit() {
    let millis = |text| parse::<Duration>(text).map(|duration| duration.as_millis());
    assert_eq!(millis("250ms"), Ok(250));
    assert_eq!(millis("5s"), Ok(5_000));
    assert_eq!(millis("2m"), Ok(120_000));
    assert_eq!(millis("1h"), Ok(3_600_000));
    assert_eq!(millis("7d"), Ok(604_800_000));
    assert_eq!(millis("0"), Ok(0));
    let cases = [
        ("5", "has no unit of time", Some("write `5s` for seconds, `5ms` for milliseconds")),
        ("5sec", "has an unknown unit of time", Some("did you mean `5s`?")),
        ("5 s", "has an unknown unit of time", Some("did you mean `5s`?")),
        ("5M", "has an unknown unit of time", Some("did you mean `5m`?")),
        ("3 weeks", "has an unknown unit of time", None),
        ("1h30m", "has an unknown unit of time", None),
        ("1.5s", "has an unknown unit of time", None),
        ("-5s", "is not a duration", None),
        ("s", "is not a duration", None),
        ("99999999999999999999s", "is not a duration", None),
        ("18446744073709551615d", "is a longer time than can be counted", None),
    ];
    for (text, reason, help) in cases {
        assert_eq!(millis(text), Err((reason.to_owned(), help.map(str::to_owned))), "{text:?}");
    }
}

#[test]
fn texts_and_secrets_have_no_stray_white_space() {
    assert_eq!(parse::<String>("two words"), Ok("two words".to_owned()));
    assert_eq!(reason::<String>("value "), "begins or ends with white space");
    assert_eq!(reason::<Secret>("value\n"), "begins or ends with white space");
    assert_eq!(reason::<String>(""), "is empty");
}

#[test]
fn lists_name_the_bad_entry() {
    assert_eq!(parse::<Vec<u16>>("1, 2,3"), Ok(vec![1, 2, 3]));
    assert_eq!(parse::<Vec<u16>>(" "), Ok(vec![]));
    assert_eq!(reason::<Vec<u16>>("1,x"), "has a bad entry: number 2 is not a whole number");
    assert_eq!(reason::<Vec<String>>("a,,b"), "has a bad entry: number 2 is empty");
    assert_eq!(reason::<Vec<String>>("a,"), "has a bad entry: number 2 is empty");
}

#[test]
fn addresses_need_no_names() {
    assert!(parse::<SocketAddr>("[::1]:9090").is_ok());
    assert_eq!(reason::<SocketAddr>("localhost:9090"), "is not an address");
    assert_eq!(reason::<SocketAddr>("127.0.0.1"), "is not an address");
}

#[test]
fn choices_suggest_the_nearest() {
    assert_eq!(Environment::parse("Production"), Ok(Environment::Production));
    let invalid = Environment::parse("prodction").unwrap_err();
    assert_eq!(invalid.help(), Some("did you mean `production`?"));
    assert_eq!(Environment::parse("live").unwrap_err().help(), None);
    assert_eq!(Environment::expected(), "`development`, `test`, `staging` or `production`");
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(millis: u32, number: f64, entries in proptest::collection::vec("[a-z]{1,9}", 0..5)) {
        let duration = Duration::from_millis(millis.into());
        prop_assert_eq!(Duration::parse(&duration.show()), Ok(duration));
        prop_assert_eq!(f64::parse(&number.show()), Ok(number));
        prop_assert_eq!(Vec::<String>::parse(&entries.show()), Ok(entries));
    }

    #[test]
    fn no_text_makes_a_type_panic(text in ".*") {
        let _ = u64::parse(&text);
        let _ = f64::parse(&text);
        let _ = Duration::parse(&text);
        let _ = Vec::<bool>::parse(&text);
        let _ = Environment::parse(&text);
    }
}
