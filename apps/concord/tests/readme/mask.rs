//! What differs from one run to the next, made equal.

/// The text without blanks (the README breaks long lines for reading), and with a sign in place of each id, time, token,
/// password and duration.
pub(crate) fn masked(text: &str) -> String {
    let is_word = |character: char| character.is_ascii_alphanumeric() || "-_:.+".contains(character);
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end.max(first.len_utf8()));
        let is_duration = masked.ends_with("took_ms=");
        masked.push_str(if is_duration { "<duration>" } else { sign_of(word) });
        rest = behind;
    }
    masked.retain(|character| !character.is_whitespace());
    masked
}

fn sign_of(word: &str) -> &str {
    let groups = |separator: char| word.split(separator).map(str::len).collect::<Vec<_>>();
    let is_time = word.len() > 19 && word.as_bytes()[10] == b'T' && word.starts_with("20");
    match groups('-').as_slice() {
        [8, 4, 4, 4, 12] => "<id>",
        [5, 5, 5, 5] => "<password>",
        _ if is_time => "<time>",
        _ if word.len() == 64 => "<token>",
        _ => word,
    }
}

#[test]
fn only_what_differs_is_masked() {
    let rows = [
        ("{\"id\":3,  \"name\":\n \"tea\"}", "{\"id\":3,\"name\":\"tea\"}"),
        ("\"01a1fc80-d6a5-7234-bca1-c11be3191d8a\"", "\"<id>\""),
        ("with s8nad-kph9w-unexb-k7r2v", "with<password>"),
        ("\"2026-11-21T04:15:09.832280+00:00\",\"2026-11-21T05:37:44.698628958Z\"", "\"<time>\",\"<time>\""),
        ("stopped took_ms=4", "stoppedtook_ms=<duration>"),
        ("gZbSA70IGYMXtg1RzUvmJjuM9XiWZwZ0ig08Xs5_J2khzC1BaknJfj5NlcOMalDP", "<token>"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ];
    for (text, expected) in rows {
        assert_eq!(masked(text), expected, "{text}");
    }
}
