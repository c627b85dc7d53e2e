//! Streams, exit codes and help, the same for every command.

use super::*;

/// Every command with arguments that make it end by itself.
const COMMANDS: [&[&str]; 9] = [
    &["check"],
    &["settings", "show"],
    &["settings", "example"],
    &["settings", "schema"],
    &["secret", "generate"],
    &["routes"],
    &["openapi"],
    &["reference", "metrics"],
    &["hello"],
];

/// A reader that has gone away.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A full disk.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn whoever_stops_reading_has_seen_enough() {
    for command in COMMANDS {
        assert_eq!(Shell::new().run_with(command, Gone, Gone), 0, "{command:?}");
    }
}

#[test]
fn output_that_is_lost_is_a_failure() {
    for command in COMMANDS {
        let talk = Buffer::default();
        assert_eq!(Shell::new().run_with(command, Full, talk.clone()), 2, "{command:?}");
        assert!(talk.text().contains("the output cannot be written"), "{command:?}");
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let commands: [&[&str]; 33] = [
        &[],
        &["serve"],
        &["check"],
        &["settings"],
        &["settings", "show"],
        &["settings", "example"],
        &["settings", "schema"],
        &["secret"],
        &["secret", "generate"],
        &["routes"],
        &["migrate", "up"],
        &["migrate", "down"],
        &["migrate", "status"],
        &["migrate", "history"],
        &["migrate", "new"],
        &["migrate", "copy"],
        &["user"],
        &["user", "create"],
        &["user", "passwd"],
        &["user", "role"],
        &["user", "disable"],
        &["user", "enable"],
        &["user", "list"],
        &["token"],
        &["token", "create"],
        &["token", "list"],
        &["token", "revoke"],
        &["session"],
        &["session", "list"],
        &["session", "revoke"],
        &["openapi"],
        &["reference"],
        &["health"],
    ];
    for command in commands {
        let ran = Shell::new().run(&[command, &["--help"]].concat());
        assert_eq!((ran.code, ran.talk.as_str()), (0, ""), "{command:?}");
        assert!(ran.data.contains("Usage: sample"), "{command:?}: {}", ran.data);
        let groups = [&[][..], &["settings"], &["secret"], &["user"], &["token"], &["session"]];
        let is_group = groups.contains(&command);
        assert!(is_group || ran.data.contains("Examples:\n  sample "), "{command:?}: {}", ran.data);
        assert!(!ran.data.contains('\u{1b}'), "{command:?}");
    }
}

#[test]
fn styles_stay_on_terminals() {
    for arguments in [&["check", "--format", "xml"][..], &["serve", "--set", "SAMPLE_LIMIT=10"]] {
        let talk = Shell::new().run(arguments).talk;
        assert!(talk.lines().any(|line| line.starts_with("error")), "{talk}");
        assert!(!talk.contains('\u{1b}') && !talk.contains("1m"), "{talk}");
    }
}

#[test]
fn the_version_is_data() {
    let ran = Shell::new().run(&["--version"]);
    assert_eq!((ran.code, ran.data.as_str()), (0, "sample 1.2.3\n"));
}

#[test]
fn arguments_that_are_wrong_end_with_2_and_say_so() {
    for (arguments, said) in [
        (&["chekc"][..], "check"),
        (&["check", "--format", "xml"], "sarif"),
        (&["check", "--explain"], "CODE"),
        (&["check", "--explain", "MS0104", "--deploy"], "cannot be used with"),
        (&["migrate"], "Usage: sample migrate"),
        (&["migrate", "down", "--steps", "0"], "0"),
        (&["health", "--timeout", "3"], "no unit of time"),
        (&["--set"], "NAME=value"),
    ] {
        let ran = Shell::new().run(arguments);
        assert_eq!((ran.code, ran.data.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.talk.contains(said), "{arguments:?}: {}", ran.talk);
    }
}

#[test]
fn an_application_adds_commands_and_their_verdict_counts() {
    let ran = Shell::new().run(&["hello"]);
    assert_eq!((ran.code, ran.data.as_str(), ran.talk.as_str()), (1, "hello\n", ""));
    assert!(Shell::new().run(&["--help"]).data.contains("Say hello"));
}

#[test]
fn a_generated_secret_is_all_there_is() {
    let ran = Shell::new().run(&["secret", "generate"]);
    assert_eq!((ran.code, ran.talk.as_str()), (0, ""));
    assert_eq!(ran.data.trim_end().len(), 43);
    assert_eq!(ran.data.lines().count(), 1);
    assert_ne!(ran.data, Shell::new().run(&["secret", "generate"]).data);
}

#[test]
fn a_start_that_fails_says_why() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = Shell::new().variable("PORT", &port).variable("LOG_LEVEL", "off").run(&["serve"]);
    assert_eq!((ran.code, ran.data.as_str()), (2, ""));
    assert!(ran.talk.contains("error[MS0502]") && ran.talk.contains("help: "), "{}", ran.talk);
}

#[test]
fn nothing_starts_with_wrong_settings() {
    let ran = Shell::new().run(&["--set", "SAMPLE_LIMIT=many"]);
    assert_eq!((ran.code, ran.data.as_str()), (2, ""));
    assert!(ran.talk.contains("error[MS0101]: SAMPLE_LIMIT is not a whole number"), "{}", ran.talk);
    for command in [&["serve"][..], &["routes"], &["openapi"], &["health"], &["migrate", "status"]] {
        let ran = Shell::new().variable("SAMPLE_LIMIT", "10").run(command);
        assert_eq!((ran.code, ran.data.as_str()), (2, ""), "{command:?}");
        assert!(ran.talk.contains("= why: there are not so many"), "{command:?}: {}", ran.talk);
    }
}
