//! `check`.

use serde_json::Value;

use super::*;

const WRONG: &str = "# first\nSAMPLE_LIMIT=10\nSAMPLE_LIMITS=1\nSAMPLE_TOKEN='s3same\n";

#[test]
fn problems_look_like_those_of_a_compiler() {
    let ran = Shell::new().file(".env", WRONG).run(&["check"]);
    assert_eq!((ran.code, ran.talk.as_str()), (2, ""));
    let expected = "\
error[MS0102]: SAMPLE_LIMIT is above 9
 --> .env:2:14
  |
2 | SAMPLE_LIMIT=10
  |              ^^
  = why: there are not so many
  = help: choose a value from 1 to 9
";
    assert!(ran.data.contains(expected), "{}", ran.data);
    let expected = "\
error[MS0103]: SAMPLE_LIMITS is not a setting
 --> .env:3:15
  = why: a value that nobody reads is a value that someone believes in
  = help: did you mean SAMPLE_LIMIT?
";
    assert!(ran.data.contains(expected), "{}", ran.data);
    let expected = "\
error[MS0107]: malformed line: a quote is not closed on its line
 --> .env:4:14
  |
4 | SAMPLE_TOKEN…
  |             ^
";
    assert!(ran.data.contains(expected), "{}", ran.data);
    assert!(ran.data.contains("\n3 errors"), "{}", ran.data);
    assert!(ran.data.ends_with("judged as development\n"), "{}", ran.data);
    assert!(!ran.data.contains("s3same"));
}

#[test]
fn variables_have_places_too() {
    let ran = Shell::new().variable("SAMPLE_LIMIT", "10").run(&["check"]);
    assert!(ran.data.contains(" --> SAMPLE_LIMIT (process environment)\n"), "{}", ran.data);
    assert!(ran.data.contains("  | SAMPLE_LIMIT=10\n  |              ^^\n"), "{}", ran.data);
}

#[test]
fn programs_get_json() {
    let ran = Shell::new().file(".env", WRONG).run(&["check", "--format", "json"]);
    assert_eq!((ran.code, ran.talk.as_str()), (2, ""));
    let report: Value = serde_json::from_str(&ran.data).unwrap();
    assert_eq!(report["environment"], "development");
    assert_eq!(report["errors"], 3);
    let problems = report["problems"].as_array().unwrap();
    let limit = problems.iter().find(|problem| problem["code"] == "MS0102").unwrap();
    assert_eq!(limit["place"]["source"]["line"], 2);
    assert_eq!(limit["place"]["setting"], "SAMPLE_LIMIT");
    assert!(!ran.data.contains("s3same"));
}

#[test]
fn code_hosts_get_sarif() {
    let ran = Shell::new().file(".env", WRONG).run(&["check", "--format", "sarif"]);
    assert_eq!(ran.code, 2);
    let log: Value = serde_json::from_str(&ran.data).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "sample");
    let results = run["results"].as_array().unwrap();
    let limit = results.iter().find(|result| result["ruleId"] == "MS0102").unwrap();
    let place = &limit["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], ".env");
    assert_eq!(place["region"]["startLine"], 2);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]));
    }
    assert!(!ran.data.contains("s3same"));
}

#[test]
fn deploy_judges_as_production() {
    let ran = Shell::new().run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.data);
    assert!(ran.data.contains("= help: put the output of `sample secret generate`"), "{}", ran.data);
    let ran = Shell::new().variable("PUBLIC_URL", "http://sample.example.org").run(&["check", "--deploy"]);
    assert_eq!(ran.code, 2);
    assert!(ran.data.contains("error[MS0401]: PUBLIC_URL is not https"), "{}", ran.data);
    assert!(ran.data.ends_with("judged as production\n"));
    let staging = Shell::new().variable("ENVIRONMENT", "staging").run(&["check", "--deploy"]);
    assert!(staging.data.ends_with("staging judges\n") || staging.data.ends_with("judged as staging\n"));
}

/// All files below a directory.
fn files(directory: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn every_code_of_the_runtime_is_explained() {
    let mut sources = Vec::new();
    for name in ["mainstay-core", "mainstay-db", "mainstay-events", "mainstay", "mainstay-cli"] {
        files(
            &std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name).join("src"),
            &mut sources,
        );
    }
    let mut codes = Vec::new();
    let is_source = |path: &&std::path::PathBuf| {
        path.extension().is_some_and(|extension| extension == "rs")
            && !path.to_string_lossy().contains("tests")
    };
    for path in sources.iter().filter(is_source) {
        let text = std::fs::read_to_string(path).unwrap();
        let found =
            text.match_indices("\"MS0").map(|(at, _)| text[at + 1..].split('"').next().unwrap().to_owned());
        codes.extend(found.filter(|code| code.len() == 6));
    }
    codes.sort();
    codes.dedup();
    // Those of a part that this build has not are not there to be met.
    codes.retain(|code| cfg!(feature = "alerts") || !code.starts_with("MS08"));
    assert!(codes.len() > 20);
    let unexplained = codes.iter().filter(|code| Shell::new().run(&["check", "--explain", code]).code != 0);
    assert_eq!(unexplained.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn codes_are_explained() {
    let ran = Shell::new().run(&["check", "--explain", "ms0104"]);
    assert_eq!((ran.code, ran.talk.as_str()), (0, ""));
    assert!(ran.data.starts_with("MS0104: the secret key is missing or weak\n\n"), "{}", ran.data);
    assert!(ran.data.contains("\nCure: `sample secret generate` prints a fit key"), "{}", ran.data);
    let ran = Shell::new().run(&["check", "--explain", "MS0140"]);
    assert_eq!((ran.code, ran.data.as_str()), (2, ""));
    assert!(ran.talk.contains("did you mean MS01"), "{}", ran.talk);
    let ran = Shell::new().run(&["check", "--explain", "everything"]);
    assert!(ran.talk.contains("known codes: MS0002"), "{}", ran.talk);
}
