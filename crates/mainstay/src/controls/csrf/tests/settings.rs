use mainstay_core::settings::{Environment, read_pairs};

use super::*;

/// Settings, where, the codes of their problems, whether these stop the start.
type Row = (&'static [(&'static str, &'static str)], Environment, &'static [&'static str], bool);

#[test]
fn table() {
    const REPORT: (&str, &str) = ("CSRF_MODE", "report");
    let rows: &[Row] = &[
        (&[], Environment::Production, &[], false),
        (&[REPORT], Environment::Development, &[], false),
        (&[REPORT], Environment::Staging, &["MS0213"], false),
        (&[("CSRF_MODE", "off")], Environment::Development, &["MS0101"], true),
        (&[("CSRF_TRUSTED_ORIGINS", "https://a.org, https://b.org")], Environment::Production, &[], false),
        (&[("CSRF_TRUSTED_ORIGINS", "https://*.a.org")], Environment::Development, &["MS0101"], true),
        (&[("CSRF_TRUSTED_ORIGINS", "*")], Environment::Development, &["MS0101"], true),
        (&[("CSRF_TRUSTED_ORIGINS", "null")], Environment::Development, &["MS0101"], true),
        (&[("CSRF_TRUSTED_ORIGINS", "http://a.org")], Environment::Development, &["MS0216"], false),
        (&[("CSRF_TRUSTED_ORIGINS", "http://a.org")], Environment::Production, &["MS0216"], true),
        (&[("CSRF_TRUSTED_ORIGINS", "http://localhost:5000")], Environment::Production, &[], false),
    ];
    for (pairs, environment, expected, stops) in rows {
        let report = read_pairs::<CsrfSettings>(*environment, pairs).report;
        let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
        assert_eq!((codes.as_slice(), report.has_errors()), (*expected, *stops), "{pairs:?} {environment:?}");
    }
    let defaults = read_pairs::<CsrfSettings>(Environment::Development, &[]).settings.unwrap();
    assert_eq!(defaults, CsrfSettings::default());
}
