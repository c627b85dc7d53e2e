//! Fields, bounds, and rules across fields.

use super::*;

fn problems_of<S: Section>(environment: Environment, pairs: &[(&str, &str)]) -> Vec<String> {
    read_pairs::<S>(environment, pairs).report.problems.iter().map(summary).collect()
}

#[test]
fn defaults_differ_where_it_is_strict() {
    let sample = read_pairs::<Sample>(Environment::Test, &[]).settings.unwrap();
    assert_eq!((sample.port, sample.timeout), (8080, Duration::from_secs(5)));
    assert_eq!((sample.url, sample.hosts), (None, vec!["localhost".to_owned()]));
    let sample = read_pairs::<Sample>(Environment::Staging, &[("PASSWORD", "hunter2")]).settings.unwrap();
    assert_eq!(sample.port, 80);
}

#[test]
fn all_problems_are_reported_at_once() {
    let pairs = [("PORT", "0"), ("POOL", "11"), ("TIMEOUT", "5"), ("HOSTS", "a,,b"), ("URLL", "x")];
    assert_eq!(
        problems_of::<Sample>(Environment::Production, &pairs),
        [
            "MS0102 process environment: PORT is below 1",
            "MS0102 process environment: POOL is above 10",
            "MS0101 process environment: TIMEOUT has no unit of time",
            "MS0109 default: PASSWORD is not set, or empty",
            "MS0101 process environment: HOSTS has a bad entry: number 2 is empty",
            "MS0103 process environment: URLL is not a setting"
        ]
    );
}

#[test]
fn bounds_say_what_goes_wrong_and_what_is_right() {
    let problem = read_pairs::<Sample>(Environment::Test, &[("POOL", "11")]).report.problems.remove(0);
    assert_eq!(problem.because.as_deref(), Some("too many"));
    assert_eq!(problem.help, ["choose a value from 1 to 10"]);
    let problem = read_pairs::<Sample>(Environment::Test, &[("PORT", "0")]).report.problems.remove(0);
    assert_eq!(problem.help, ["choose a value that is not below 1"]);
    let excerpt = problem.place.unwrap().excerpt.unwrap();
    assert_eq!(excerpt, Excerpt { text: "PORT=0".to_owned(), start: 5, length: 1 });
}

#[test]
fn empty_is_absent_for_what_may_be_absent_and_wrong_for_the_rest() {
    let pairs = [("URL", ""), ("PORT", ""), ("HOSTS", "")];
    let loaded = read_pairs::<Sample>(Environment::Test, &pairs);
    assert_eq!(loaded.report.problems.len(), 1);
    assert_eq!(loaded.report.problems[0].message, "PORT is empty");
    let message = "MS0109 default: PASSWORD is not set, or empty";
    assert_eq!(problems_of::<Sample>(Environment::Production, &[("PASSWORD", "")]), [message]);
}

#[test]
fn one_of_several_is_demanded() {
    struct Rule;
    impl Section for Rule {
        fn read(reader: &mut Reader<'_>) -> Self {
            Sample::read(reader);
            reader.at_least_one_of(&["URL", "PASSWORD"], "POOL", "nothing would be reached");
            Self
        }
    }
    let message = "MS0112 default: POOL=5 needs at least one of URL, PASSWORD";
    assert_eq!(problems_of::<Rule>(Environment::Test, &[]), [message]);
    assert_eq!(problems_of::<Rule>(Environment::Test, &[("URL", "")]), [message]);
    assert_eq!(problems_of::<Rule>(Environment::Test, &[("URL", "here")]), [""; 0]);
}

#[test]
fn rules_across_fields_find_the_place_of_the_value() {
    struct Rule;
    impl Section for Rule {
        fn read(reader: &mut Reader<'_>) -> Self {
            Sample::read(reader);
            reader.insecure(Problem::error("MS9999", "the pool is odd").at("POOL"));
            Self
        }
    }
    let report = read_pairs::<Rule>(Environment::Test, &[("POOL", "3")]).report;
    assert!(!report.has_errors());
    let place = report.problems[0].place.clone().unwrap();
    assert_eq!(place.source, Source::Process);
    assert_eq!(place.excerpt.unwrap().text, "POOL=3");
    assert!(read_pairs::<Rule>(Environment::Production, &[("PASSWORD", "x")]).report.has_errors());
}

#[test]
fn a_field_read_by_two_sections_is_described_once() {
    let fields = describe::<(Sample, Sample)>(Environment::Test);
    assert_eq!(fields.len(), 7);
    assert_eq!(fields[1].group.title, "Sample");
    assert_eq!(fields[1].default.as_deref(), Some("8080"));
    assert_eq!(fields[1].default_strict.as_deref(), Some("80"));
    assert_eq!((fields[2].minimum.as_deref(), fields[2].maximum.as_deref()), (Some("1"), Some("10")));
}
