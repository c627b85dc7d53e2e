//! The sections that belong to no other module.

use super::*;

fn problems_of<S: Section>(environment: Environment, pairs: &[(&str, &str)]) -> Vec<String> {
    read_pairs::<S>(environment, pairs).report.problems.iter().map(summary).collect()
}

#[test]
fn alerts_need_a_way_out() {
    let on = ("ALERTS_ENABLED", "yes");
    let message = "MS0112 process environment: ALERTS_ENABLED=yes needs at least one of ALERT_WEBHOOK_URL, \
                   ALERT_SMTP_URL, ALERT_COMMAND";
    assert_eq!(problems_of::<AlertSettings>(Environment::Test, &[on]), [message]);
    assert_eq!(problems_of::<AlertSettings>(Environment::Test, &[on, ("ALERT_COMMAND", "")]), [message]);
    for way in [
        ("ALERT_WEBHOOK_URL", "https://alerts.example/x"),
        ("ALERT_SMTP_URL", "smtps://u:p@mail"),
        ("ALERT_COMMAND", "/bin/true"),
    ] {
        assert_eq!(problems_of::<AlertSettings>(Environment::Test, &[on, way]), [""; 0], "{way:?}");
    }
    assert_eq!(problems_of::<AlertSettings>(Environment::Test, &[]), [""; 0]);
    let message = "MS0101 process environment: ALERT_SMTP_URL begins with none of smtps://, smtp://";
    assert_eq!(problems_of::<AlertSettings>(Environment::Test, &[("ALERT_SMTP_URL", "mail:25")]), [message]);
}
