use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use mainstay_core::settings::Problem;

use super::*;

const ON: (&str, &str) = ("ALERTS_ENABLED", "yes");
const MAILS: [(&str, &str); 2] =
    [("ALERT_MAIL_FROM", "c@example.org"), ("ALERT_MAIL_TO", "a@example.org,b@example.org")];

fn problems(environment: Environment, pairs: &[(&str, &str)]) -> Vec<String> {
    let summary = |problem: &Problem| {
        let severity = if problem.is_error() { "" } else { "warning " };
        format!("{severity}{} {}", problem.code, problem.message)
    };
    read_pairs::<AlertSettings>(environment, pairs).report.problems.iter().map(summary).collect()
}

#[test]
fn alerts_need_a_way_out() {
    let message =
        "MS0112 ALERTS_ENABLED=yes needs at least one of ALERT_WEBHOOK_URL, ALERT_SMTP_URL, ALERT_COMMAND";
    assert_eq!(problems(Environment::Test, &[ON]), [message]);
    assert_eq!(problems(Environment::Test, &[ON, ("ALERT_COMMAND", "")]), [message]);
    assert_eq!(problems(Environment::Test, &[]), [""; 0]);
    let ways = [
        ("ALERT_WEBHOOK_URL", "https://alerts.example/x"),
        ("ALERT_SMTP_URL", "smtps://u:p@mail.example"),
        ("ALERT_COMMAND", "/bin/true"),
    ];
    for way in ways {
        let pairs = [&[ON, way], MAILS.as_slice()].concat();
        assert_eq!(problems(Environment::Production, &pairs), [""; 0], "{way:?}");
        let off = [&[way], MAILS.as_slice()].concat();
        assert_eq!(
            problems(Environment::Test, &off),
            [format!("warning MS0804 {} is set, and alerts are off", way.0)]
        );
    }
}

#[test]
fn what_is_wrong_is_said_without_the_secret() {
    let rows = [
        (&[("ALERT_SMTP_URL", "mail:s3cret")], "MS0101 ALERT_SMTP_URL begins with none of smtps://, smtp://"),
        (&[("ALERT_WEBHOOK_URL", "https://")], "MS0101 ALERT_WEBHOOK_URL is not a URL"),
        (
            &[("ALERT_WEBHOOK_URL", "http://169.254.169.254/s3cret")],
            "MS0101 ALERT_WEBHOOK_URL names an address that no webhook is sent to",
        ),
        (&[("ALERT_COMMAND", "page someone")], "MS0803 ALERT_COMMAND is not an absolute path"),
        (&[("ALERT_COMMAND", "/bin/true --now")], "MS0803 ALERT_COMMAND is not there"),
        (&[("ALERT_COMMAND", "/etc/passwd")], "MS0803 ALERT_COMMAND cannot be executed"),
        (&[("ALERT_COMMAND", "/bin")], "MS0803 ALERT_COMMAND cannot be executed"),
        (&[("ALERT_CA_FILE", "/nowhere")], "MS0805 ALERT_CA_FILE cannot be used"),
    ];
    for (pairs, message) in rows {
        let all = problems(Environment::Test, pairs);
        assert!(all.iter().any(|problem| problem == message), "{pairs:?}: {all:?}");
        assert!(all.iter().all(|problem| !problem.contains("s3cret")), "{all:?}");
    }
    let nobody = problems(Environment::Test, &[ON, ("ALERT_SMTP_URL", "smtps://mail.example")]);
    let needs = |name| format!("MS0802 ALERT_SMTP_URL needs {name}");
    assert_eq!(nobody, [needs("ALERT_MAIL_FROM"), needs("ALERT_MAIL_TO")]);
    let wrong = [
        &[ON, ("ALERT_SMTP_URL", "smtps://mail.example"), MAILS[0]],
        [("ALERT_MAIL_TO", "nobody")].as_slice(),
    ];
    let wrong = problems(Environment::Test, &wrong.concat());
    assert!(
        wrong
            .iter()
            .any(|problem| problem.contains("ALERT_MAIL_TO has a bad entry: number 1 is not a mail address")),
        "{wrong:?}"
    );
}

#[test]
fn the_clear_is_refused_where_it_counts() {
    let webhook = [ON, ("ALERT_WEBHOOK_URL", "http://alerts.example/x")];
    let message = "MS0801 ALERT_WEBHOOK_URL sends alerts in the clear";
    assert_eq!(problems(Environment::Production, &webhook), [message]);
    assert_eq!(problems(Environment::Development, &webhook), [format!("warning {message}")]);
    let mail = [&[ON, ("ALERT_SMTP_URL", "smtp://mail.example?tls=none")], MAILS.as_slice()].concat();
    assert_eq!(problems(Environment::Staging, &mail), ["MS0801 ALERT_SMTP_URL sends alerts in the clear"]);
}

#[test]
fn a_program_that_everybody_may_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    fs::write(&path, "#!/bin/sh\n").unwrap();
    for (mode, problem) in [(0o755, None), (0o757, Some("is a program that everybody may change"))] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let expected: Vec<_> =
            problem.iter().map(|problem| format!("MS0803 ALERT_COMMAND {problem}")).collect();
        assert_eq!(problems(Environment::Test, &[ON, ("ALERT_COMMAND", text(&path))]), expected);
    }
}

#[test]
fn nothing_prints_a_secret() {
    let pairs = [
        ("ALERT_WEBHOOK_URL", "https://u:s3cret@hooks.example/s3cret"),
        ("ALERT_WEBHOOK_SECRET", "whsec_s3cret"),
        ("ALERT_SMTP_URL", "smtps://u:s3cret@mail.example"),
    ];
    let loaded = read_pairs::<AlertSettings>(Environment::Test, &pairs);
    assert!(!format!("{:?} {:?}", loaded.report, loaded.settings).contains("s3cret"));
}
