//! `reference`.

use super::*;

fn page(name: &str) -> String {
    let ran = Shell::new().run(&["reference", name]);
    assert_eq!((ran.code, ran.talk.as_str()), (0, ""), "{name}");
    assert!(ran.data.contains(&format!("<!-- Printed by `sample reference {name}`. -->")), "{}", ran.data);
    assert!(ran.data.ends_with('\n') && !ran.data.ends_with("\n\n"), "{name}");
    ran.data
}

#[test]
fn every_table_is_one() {
    for name in ["routes", "errors", "metrics"] {
        let page = page(name);
        let rows = page.lines().filter(|line| line.starts_with('|'));
        let cells: Vec<_> = rows.map(|line| line.replace("\\|", "").matches('|').count()).collect();
        assert!(cells.len() > 10 && cells.iter().all(|count| *count == cells[0]), "{page}");
    }
}

#[test]
fn what_the_runtime_knows_stands_beside_what_the_application_adds() {
    let metrics = page("metrics");
    assert!(
        metrics.contains("| `answers_total` | counter | `kind` | Answers \\| whatever they were. |\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("| `http_requests_total` | counter | `method`, `route`, `status` |"),
        "{metrics}"
    );
    assert!(page("routes").contains("| GET | `/api/v1/answer` | viewer |"));
    assert!(page("errors").contains("| `csrf_failed` | 403 |"));
    let diagnostics = page("diagnostics");
    assert!(diagnostics.contains("\n## MS0104: the secret key is missing or weak\n\n"), "{diagnostics}");
    assert!(diagnostics.contains("`sample secret generate`"), "{diagnostics}");
}

#[test]
fn settings_change_nothing() {
    let bare = Shell::new().run(&["reference", "routes"]).data;
    let other = Shell::new().variable("RATE_LIMIT_DEFAULT", "1/m").variable("SAMPLE_LIMIT", "wrong");
    assert_eq!(other.run(&["reference", "routes"]).data, bare);
}
