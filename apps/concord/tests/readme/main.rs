//! The README's tour, walked: each command in it is run by a shell, and has to print what the README shows.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

mod mask;
mod steps;

use std::process::Command;

use mainstay_testkit::servers::{Launch, Port, Process, Stop};
use tempfile::TempDir;

use mask::masked;
use steps::{Block, blocks};

const README: &str = include_str!("../../../../README.md");
const CONCORD: &str = env!("CARGO_BIN_EXE_concord");

/// What the README's password stands for, and the port that its service listens on.
const SHOWN_PASSWORD: &str = "s8nad-kph9w-unexb-k7r2v";
const SHOWN_PORT: &str = "8080";

/// Stands between the outputs of two commands.
const END: char = '\u{1e}';

/// Lets `cargo run … -- ARGUMENTS` mean the program that was built already.
const CARGO: &str = r#"cargo() { while [ "$1" != -- ]; do shift; done; shift; "$CONCORD" "$@"; }"#;

fn tour() -> &'static str {
    let (_, tour) = README.split_once("\n## A tour\n").unwrap();
    tour.split_once("\n## Figures\n").unwrap().0
}

/// Runs the commands one after the other in one shell, and gives what each of them printed.
fn run(commands: &[String], folder: &TempDir, port: &str) -> Vec<String> {
    let steps = commands.iter().map(|command| format!("{{ {command}\n}} 2>&1; printf '{END}'\n"));
    let output = Command::new("/bin/bash")
        .arg("-c")
        .arg(format!("{CARGO}\n{}", steps.collect::<String>()))
        .current_dir(folder.path())
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("CONCORD", CONCORD), ("PORT", port)])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<_> = text.split_terminator(END).map(str::to_owned).collect();
    assert_eq!(printed.len(), commands.len(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn every_command_prints_what_the_readme_shows() {
    let blocks = blocks(tour());
    let folder = TempDir::new().unwrap();
    let port = Port::reserve();
    let number = port.number().to_string();
    let service = Launch::new(CONCORD)
        .arguments(["serve"])
        .variable("PORT", &number)
        .temporary_folder(folder.path())
        .stop_by(Stop::Interrupt)
        .ready(|process: &Process| process.output().contains("sign_in_as=operator with="))
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    // On a terminal it stands in the banner; here it is a line of the log.
    let started = service.output();
    let (_, password) = started.split_once("sign_in_as=operator with=").unwrap();
    let password = password.split_whitespace().next().unwrap();

    let shown: Vec<_> = blocks.iter().filter_map(Block::steps).flatten().collect();
    assert!(shown.len() >= 15, "the tour has {} commands", shown.len());
    let as_here = |text: &str| text.replace(SHOWN_PORT, &number).replace(SHOWN_PASSWORD, password);
    let commands: Vec<_> = shown.iter().map(|step| as_here(&step.command)).collect();
    let printed = run(&commands, &folder, &number);
    let printed = printed.iter().map(|text| text.replace(&number, SHOWN_PORT));
    let differ = shown.iter().zip(printed).filter(|(step, printed)| masked(printed) != masked(&step.output));
    let differ: Vec<_> = differ.map(|(step, printed)| format!("$ {}\n{printed}", step.command)).collect();
    assert!(differ.is_empty(), "what these print is not what the README shows:\n\n{}", differ.join("\n"));

    let status = service.stop().unwrap();
    assert!(status.success(), "{status}");
    let said = masked(&service.output());
    let lines = blocks.iter().filter_map(Block::shown).flat_map(str::lines);
    for line in lines.filter(|line| line.starts_with("INFO ")) {
        assert!(said.contains(&masked(line)), "{line}\n{}", service.output());
    }
}
