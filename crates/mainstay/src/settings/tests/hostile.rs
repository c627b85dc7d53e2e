//! Files and variables that are not what they should be, and secrets that must not come out.

use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;

use super::*;

/// Stands for every secret in these tests.
const MARK: &str = "Tr0ub4dor";

#[test]
fn what_is_no_text_file_is_named() {
    let cases: [(&str, &[u8], &str); 4] = [
        (
            "utf16",
            b"\xff\xfe4\0",
            "MS0106 process environment: the file that PORT_FILE names is not UTF-8: line 1, byte 1 of that line",
        ),
        (
            "latin1",
            b"80\n\xe4",
            "MS0106 process environment: the file that PORT_FILE names is not UTF-8: line 2, byte 1 of that line",
        ),
        (
            "huge",
            &vec![b'8'; 64 * 1024 + 1],
            "MS0106 process environment: the file that PORT_FILE names is larger than 65536 bytes",
        ),
        ("nul", b"80\080", "MS0101 process environment"),
    ];
    for (name, content, expected) in cases {
        let ground = Ground::new().file(name, content).variable("PORT_FILE", name);
        let problems = ground.problems();
        assert_eq!(problems.len(), 1, "{name}");
        if name != "nul" {
            assert_eq!(problems[0], expected);
        }
    }
    let problem = |path: &str| Ground::new().variable("PORT_FILE", path).problems().remove(0);
    assert!(problem("nowhere").ends_with("PORT_FILE names does not exist"));
    assert!(problem(".").ends_with("PORT_FILE names is not a regular file"));
    assert!(problem("/dev/zero").ends_with("PORT_FILE names is not a regular file"));
    assert!(problem("").ends_with("PORT_FILE names is not a regular file"));
}

#[test]
fn env_files_that_are_none_are_named() {
    let problems = |ground: Ground| ground.problems();
    let named = |path: &str| problems(Ground::new().variable("ENV_FILE", path));
    assert_eq!(named("gone.env"), ["MS0106 process environment: the env file gone.env does not exist"]);
    assert_eq!(
        named("/dev/null"),
        ["MS0106 process environment: the env file /dev/null is not a regular file"]
    );
    assert_eq!(
        problems(Ground::new().file(".env", b"PORT=1\nPOOL=\xff\n")),
        ["MS0106 .env:2:6: the env file .env is not UTF-8: line 2, byte 6 of that line"]
    );
    assert_eq!(
        problems(Ground::new().file(".env", "#".repeat(1024 * 1024 + 1))),
        ["MS0106 .env:1:1: the env file .env is larger than 1048576 bytes"]
    );
    assert_eq!(
        problems(Ground::new().file(".env/inner", "")),
        ["MS0106 .env:1:1: the env file .env is not a regular file"]
    );
}

#[test]
fn a_file_of_another_kind_gives_a_handful_of_problems() {
    let ground = Ground::new().file(".env", "<html>\n".repeat(500));
    let problems = ground.problems();
    assert_eq!(problems.len(), 21);
    assert_eq!(problems[20], "MS0107: .env has 480 more malformed lines");
}

#[test]
fn variables_that_are_not_text_are_named() {
    let broken = OsString::from_vec(vec![b'8', 0xff]);
    let ground = Ground::new().variable("PORT", broken.clone()).set(broken);
    assert_eq!(
        ground.problems(),
        [
            "MS0113: --set number 1 is not of the form NAME=value",
            "MS0101 process environment: PORT is not UTF-8"
        ]
    );
}

#[test]
fn values_cannot_paint_on_the_terminal() {
    let ground = Ground::new().variable("PORT", "\u{1b}[2J\u{202e}80\r\n");
    let excerpt = ground.load().report.problems[0].place.clone().unwrap().excerpt.unwrap();
    assert_eq!(excerpt.text, "PORT=\\u{1b}[2J\\u{202e}80\\r\\n");
    let ground = Ground::new().variable("PORT", "8".repeat(10_000));
    let excerpt = ground.load().report.problems[0].place.clone().unwrap().excerpt.unwrap();
    assert_eq!(excerpt.text.chars().count(), "PORT=…".chars().count() + 120);
}

/// All that a report can show.
fn everything(report: &Report) -> String {
    format!("{report:?}")
}

#[test]
fn secrets_never_come_out() {
    let grounds = [
        Ground::new().variable("PASSWORD", MARK),
        Ground::new().variable("PASSWORD", format!(" {MARK}")),
        Ground::new().variable("PASSWORD_FILE", MARK),
        Ground::new().variable("URL", format!("postgres://app:{MARK}@db/app")),
        Ground::new().variable("URL", format!("app:{MARK}@db/app ")),
        Ground::new().variable("URL", format!("postgres://app:a/{MARK}@db/app ")),
        Ground::new().variable("HOSTS", format!("http://a:{MARK}@b,,http://c")),
        Ground::new().file(".env", format!("PASSWORD={MARK}\n")),
        Ground::new().file(".env", format!("PASSWORD={MARK}\nPASSWORD={MARK}2\n")),
        Ground::new().file(".env", format!("PASSWORD {MARK}\n")),
        Ground::new().file(".env", format!("PASSWORD: {MARK}\n")),
        Ground::new().file(".env", format!("PASSWORD='{MARK}\n")),
        Ground::new().file(".env", format!("PASSWORD={MARK}\"\n")),
        Ground::new().file(".env", format!("PASWORD={MARK}\n")),
        Ground::new().file(".env", format!("{MARK}\n{MARK}=\n{MARK}==\n")),
        Ground::new().file(".env", format!("PORT=x # {MARK}\n")),
        Ground::new().set(format!("PASSWORD={MARK}")),
        Ground::new().set(MARK),
        Ground::new().set(format!("{MARK}=")),
    ];
    for ground in grounds {
        let shown = everything(&ground.load().report);
        assert!(!shown.contains(MARK), "{shown}");
        let shown = everything(&ground.variable("ENVIRONMENT", "production").load().report);
        assert!(!shown.contains(MARK), "{shown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_file_makes_reading_panic(content: Vec<u8>) {
        Ground::new().file(".env", &content).file("port", &content).variable("PORT_FILE", "port").load();
    }

    #[test]
    fn no_text_makes_reading_panic(lines in proptest::collection::vec("(PORT|POOL|PASSWORD|URL|HOSTS|ENVIRONMENT|ENV_FILE|URL_FILE)=.*", 0..6)) {
        Ground::new().file(".env", lines.join("\n")).load();
    }

    #[test]
    fn no_secret_comes_out_of_any_file(before in "[^\n]{0,8}", after in "[^\n]{0,8}") {
        let ground = Ground::new().file(".env", format!("{before}PASSWORD={MARK}{after}\nPASSWORD{after}={MARK}\n"));
        prop_assert!(!everything(&ground.load().report).contains(MARK));
    }
}
