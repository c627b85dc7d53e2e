//! Measurements of the release build of Concord, from outside: a real process, real sockets, `/proc`.
//!
//! `cargo xtask bench` runs this. It builds the service, starts it on a free port with a folder of its own, and
//! prints each figure beside its limit. A figure over its limit is marked and is no failure: time is never a test.
//! What does fail is something that does not work, such as an answer that is not 200.
//!
//! Everything here is plain blocking code, on one thread but where many clients ask at once, so that the measuring takes little from what is measured.

mod binary;
mod cargo;
mod data;
mod disk;
mod figure;
mod http;
mod open_loop;
mod process;
mod sample;
mod scenarios;
mod service;
mod token;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use mainstay_core::Clock;

use scenarios::Scenario;

#[derive(Parser)]
#[command(name = "bench", about = "Measures the release build of Concord")]
struct Arguments {
    /// What to measure
    #[arg(value_enum, default_value_t = Choice::All)]
    scenario: Choice,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Choice {
    /// Every scenario
    All,
    /// Start to ready, and memory at rest
    Start,
    /// A matrix of 1,000 items and 4 rules
    Matrix,
    /// One pair after the other over one connection
    Pair,
    /// A catalogue of 10,000 items
    Large,
    /// 200 sign-ins at once, while probes are answered
    SignIn,
    /// The same work on SQLite and on PostgreSQL, and what the order of events costs
    Database,
    /// Who makes a request, by a session in the cache
    Session,
    /// Half of what the service can do to three times as much
    Overload,
    /// Limits: checks, a flood of keys, refusals
    Limits,
    /// Stopping with 200 requests in flight, and with a hook that hangs
    Drain,
    /// Handing over to a new process under 2,000 requests a second
    Reload,
    /// 10,000 clients that listen to events
    Events,
    /// Read models: catching up, lag, a rebuild under load
    Projections,
    /// 200,000 events under everything at once: none skipped, none doubled
    Chaos,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

impl Choice {
    fn scenarios(self) -> &'static [Scenario] {
        match self {
            Self::All => &[
                scenarios::start::run,
                scenarios::matrix::run,
                scenarios::pair::run,
                scenarios::large::run,
                scenarios::sign_in::run,
                scenarios::session::run,
                scenarios::database::run,
                scenarios::overload::run,
                scenarios::limits::run,
                scenarios::drain::run,
                scenarios::reload::run,
                scenarios::events::run,
                scenarios::projections::run,
                scenarios::chaos::run,
            ],
            Self::Start => &[scenarios::start::run],
            Self::Matrix => &[scenarios::matrix::run],
            Self::Pair => &[scenarios::pair::run],
            Self::Large => &[scenarios::large::run],
            Self::SignIn => &[scenarios::sign_in::run],
            Self::Database => &[scenarios::database::run],
            Self::Session => &[scenarios::session::run],
            Self::Overload => &[scenarios::overload::run],
            Self::Limits => &[scenarios::limits::run],
            Self::Drain => &[scenarios::drain::run],
            Self::Reload => &[scenarios::reload::run],
            Self::Events => &[scenarios::events::run],
            Self::Projections => &[scenarios::projections::run],
            Self::Chaos => &[scenarios::chaos::run],
        }
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let clock = Clock::system();
    let machine = process::machine();
    let mut figures = Vec::new();
    for scenario in arguments.scenario.scenarios() {
        figures.extend(scenario(&clock)?);
    }
    match arguments.format {
        Format::Table => anstream::print!("{}", figure::table(&machine, &figures)),
        Format::Json => anstream::println!("{}", figure::json(&machine, &figures)),
    }
    Ok(())
}
