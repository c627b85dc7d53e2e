use std::time::Duration;

use super::{FAMILIES, Family, Kind, Metrics, SECONDS, SIZES};
use crate::refusal::ErrorCode;

#[test]
fn a_request_is_counted_and_timed() {
    let metrics = Metrics::new();
    let meter = metrics.http().route("POST", "/evaluate/pair");
    meter.record(200, Duration::from_millis(2));
    meter.record(418, Duration::from_millis(2));
    metrics.http().refused(ErrorCode::NotFound);
    let guard = metrics.http().begin();
    let text = metrics.render();
    for line in [
        r#"http_requests_total{method="POST",route="/evaluate/pair",status="200"} 1"#,
        r#"http_requests_total{method="POST",route="/evaluate/pair",status="400"} 1"#,
        r#"http_request_duration_seconds_bucket{method="POST",route="/evaluate/pair",le="0.0025"} 2"#,
        r#"http_request_duration_seconds_count{method="POST",route="/evaluate/pair"} 2"#,
        r#"http_refusals_total{code="not_found"} 1"#,
        "http_requests_in_flight 1",
        "# HELP http_requests_total Requests answered, by method, route template and status.",
        "# TYPE http_request_duration_seconds histogram",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    drop(guard);
    assert!(metrics.render().contains("http_requests_in_flight 0"));
}

#[test]
fn the_catalogue_is_sound() {
    let mut names: Vec<_> = FAMILIES.iter().copied().flatten().map(|family| family.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "a name is declared twice");
    for family in FAMILIES.iter().copied().flatten() {
        assert_eq!(family.kind == Kind::Histogram, !family.buckets.is_empty(), "{}", family.name);
        assert!(family.buckets.is_sorted(), "{}", family.name);
        assert!(family.help.ends_with('.'), "{}", family.name);
    }
}

#[test]
fn the_recorder_of_the_process_is_one() {
    let first = Metrics::install();
    let second = Metrics::install();
    metrics::counter!("worker_restarts_total", "worker" => "columns").increment(1);
    for metrics in [first, second] {
        assert!(metrics.render().contains(r#"worker_restarts_total{worker="columns"} 1"#));
    }
}

#[test]
fn an_application_s_families_have_the_buckets_that_they_declare() {
    let families =
        [Family::sizes("loaf_size", &[], "Loaves."), Family::seconds("loaf_seconds", &[], "Baking.")];
    let metrics = Metrics::new();
    metrics.describe(&families);
    for family in &families {
        family.histogram_in(metrics.recorder(), &[]).record(3.0);
    }
    let text = metrics.render();
    for (name, buckets) in [("loaf_size", SIZES), ("loaf_seconds", SECONDS)] {
        let begin = format!("{name}_bucket{{le=\"");
        let bounds =
            text.lines().filter_map(|line| line.strip_prefix(&begin)?.split('"').next()?.parse().ok());
        let bounds: Vec<f64> = bounds.filter(|bound: &f64| bound.is_finite()).collect();
        assert_eq!(bounds, buckets, "{name}");
    }
}
