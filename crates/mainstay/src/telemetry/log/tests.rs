use std::fmt;

use mainstay_core::Clock;
use mainstay_core::settings::Setting as _;
use tracing::{error, error_span, info, warn};

use super::{Captured, LogFilter, LogFormat, LogSettings, Logging, MAX_TEXT_BYTES, redact};

fn written(format: LogFormat, filter: &str, work: impl FnOnce()) -> String {
    let lines = Captured::default();
    let settings = LogSettings { filter: LogFilter::parse(filter).unwrap(), format };
    let logging = Logging::new(&settings, &Clock::manual().0, lines.clone());
    tracing::subscriber::with_default(logging.subscriber(), work);
    lines.text()
}

fn json(work: impl FnOnce()) -> serde_json::Value {
    let line = written(LogFormat::Json, "info", work);
    assert_eq!(line.matches('\n').count(), 1, "one record is one line: {line}");
    serde_json::from_str(&line).unwrap()
}

#[test]
fn keys_come_in_order_and_the_innermost_wins() {
    let line = written(LogFormat::Json, "info", || {
        let request = error_span!("request", request_id = "r-1", route = "/a", attempt = 1).entered();
        let query = error_span!("query", attempt = 2, table = "item").entered();
        info!(rows = 3_u64, took = 0.5, ok = true, level = "x", "done");
        drop((query, request));
    });
    assert_eq!(
        line,
        concat!(
            r#"{"timestamp":"1970-01-01T00:00:00.000000Z","level":"INFO","#,
            r#""target":"mainstay::telemetry::log::tests","message":"done","request_id":"r-1","#,
            r#""rows":3,"took":0.5,"ok":true,"field_level":"x","attempt":2,"table":"item","route":"/a"}"#,
            "\n"
        )
    );
}

#[test]
fn fields_recorded_later_are_there() {
    let record = json(|| {
        let span = error_span!("request", status = tracing::field::Empty);
        span.record("status", 404);
        span.in_scope(|| warn!("refused"));
    });
    assert_eq!(record["status"], 404);
}

#[test]
fn critical_is_a_level_and_not_a_field() {
    let record = json(|| crate::critical!(control = "csrf", "no {}", "stamp"));
    assert_eq!(record["level"], "CRITICAL");
    assert_eq!(record["message"], "no stamp");
    assert_eq!(record["critical"], serde_json::Value::Null);
}

#[test]
fn a_line_cannot_be_forged_or_hidden() {
    let hostile = "a\"b\\\r\n{\"level\":\"INFO\"}\u{1b}[2K\u{85}\u{2028}\u{202e}é";
    let record = json(|| info!(name = hostile, "{hostile}"));
    assert_eq!(record["message"], hostile);
    assert_eq!(record["name"], hostile);
    let line = written(LogFormat::Text, "info", || info!(name = hostile, "{hostile}"));
    assert_eq!(line.matches('\n').count(), 1);
    assert!(!line.contains(['\r', '\u{1b}', '\u{85}', '\u{2028}', '\u{202e}']), "{line:?}");
    assert!(line.contains('é'));
}

#[test]
fn secrets_are_taken_out() {
    let record = json(|| {
        let cause = std::io::Error::other("connect postgresql://app:hunter2@db/app?password=hunter2 failed");
        error!(
            db_password = "hunter2",
            ApiToken = 42,
            set_cookie = "sid=hunter2",
            has_secret = true,
            error = &cause as &dyn std::error::Error,
            headers = "Authorization: Basic hunter2",
            url = "https://host/path?next=hunter2",
            "sent Bearer hunter2, password=hunter2; token=hunter2"
        );
    });
    assert!(!record.to_string().contains("hunter2"), "{record}");
    assert_eq!(record["db_password"], "[redacted]");
    assert_eq!(record["ApiToken"], "[redacted]");
    assert_eq!(record["has_secret"], true);
    assert_eq!(record["error"], "connect postgresql://app:***@db/app?[redacted] failed");
    assert_eq!(record["url"], "https://host/path?[redacted]");
}

#[test]
fn a_text_without_secrets_stays_as_it_is() {
    for text in ["", "a basic idea", "tokens: 5", "://", "http://host/a@b", "50% of ?"] {
        assert_eq!(redact::text(text.to_owned()), text.replace("http://host/a@b", "http://host/a@b".trim()));
    }
}

#[test]
fn a_password_with_a_slash_or_an_at_is_masked_whole() {
    assert_eq!(redact::text("x://u:p/a@ss@host/db".to_owned()), "x://u:***@host/db");
    assert_eq!(redact::text("(x://u:p@h)".to_owned()), "(x://u:***@h)");
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let record = json(|| info!("{}", "é".repeat(MAX_TEXT_BYTES)));
    let message = record["message"].as_str().unwrap();
    assert!(message.ends_with("é [cut 16384 bytes]"), "{}", &message[message.len() - 40..]);
}

#[test]
fn an_event_from_inside_another_is_written_too() {
    struct Nested;
    impl fmt::Debug for Nested {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!("inner");
            f.write_str("outer")
        }
    }
    // `with_default` drops what a subscriber logs of itself, so this shows no more than that nothing breaks.
    let lines = written(LogFormat::Json, "info", || info!(value = ?Nested, "event"));
    assert!(lines.contains(r#""value":"outer""#));
}

#[test]
fn filters_are_read_and_shown() {
    let filter = LogFilter::parse("WARNING, mainstay::telemetry=debug").unwrap();
    assert_eq!(filter.show(), "warn,mainstay::telemetry=debug");
    assert_eq!(LogFilter::parse(&filter.show()), Ok(filter));
    assert!(LogFilter::parse("loud").is_err());
    assert!(LogFilter::parse("=debug").is_err());
    assert_eq!(written(LogFormat::Json, "warn", || info!("quiet")), "");
    assert_ne!(written(LogFormat::Json, "warn,mainstay=info", || info!("heard")), "");
}

#[test]
fn text_is_for_people() {
    let line = written(LogFormat::Text, "info", || {
        error_span!("request", request_id = "r-1").in_scope(|| {
            info!(port = 80, name = "two words", backtrace = "0: a\n1: b", "listening");
        });
    });
    assert_eq!(
        line,
        concat!(
            "1970-01-01T00:00:00.000Z     INFO mainstay::telemetry::log::tests: ",
            "listening port=80 name=\"two words\" request_id=r-1\n    0: a\n    1: b\n"
        )
    );
}
