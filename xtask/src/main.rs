//! Tasks of the repository. `cargo xtask help` lists them; each step of `cargo xtask ci` can be run alone.
//!
//! What is printed here is talk, so it goes to stderr; stdout belongs to the tools that are started.

mod bench;
mod book;
mod ci;
mod command;
mod deployment;
mod generated;
mod layout;
mod metadata;
mod pages;
mod release;
mod server;
mod setup;
mod step;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Tasks of the Mainstay repository")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that CI runs, cheapest first; ends on the test runner's summary
    Ci,
    /// Sets up what tests need, then runs documentation tests and all other tests
    Test {
        /// Handed to `cargo nextest run`; documentation tests run only when nothing is handed on
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Whether the code is formatted
    Fmt,
    /// Clippy without warnings, with the default features, with all and with none
    Clippy,
    /// Whether the crates keep to their places: arrows, lints, sizes, forbidden dependencies
    #[command(visible_alias = "layout")]
    CheckLayout,
    /// Whether the pages speak of what is there: links, named tests, counts
    Pages,
    /// The documentation of all crates without warnings
    Docs,
    /// Whether the files that the programs themselves print are current
    Generated {
        /// Writes them instead
        #[arg(long)]
        write: bool,
    },
    /// Whether the files under `deploy/` are right, by the tools that will read them
    Deployment,
    /// The book in `target/book`, and whether its pages lead somewhere
    Book,
    /// Whether the manifests of the crates say what the registry and its readers want to know
    Manifests,
    /// Packs every crate that is published, and builds it from what is packed
    Release,
    /// Advisories, licences and sources of the dependencies
    Deny,
    /// Measures the release build of Concord
    Bench {
        /// One scenario of `all`, `start`, `matrix`, `pair`, `large`, `sign-in`, `session`, `database`, `overload`, `limits`,
        /// `drain`, `reload`, `events`, `projections`, `chaos`
        #[arg(default_value = "all")]
        scenario: String,
        /// Handed to the bench, such as `--format json`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Ci => ci::run(),
        Task::Test { arguments } => test::TEST.run_quietly(|| test::run(&arguments)).map(drop),
        Task::Fmt => ci::FMT.run(),
        Task::Clippy => ci::CLIPPY.run(),
        Task::CheckLayout => layout::LAYOUT.run(),
        Task::Pages => pages::PAGES.run(),
        Task::Docs => ci::DOCS.run(),
        Task::Generated { write: false } => generated::GENERATED.run(),
        Task::Generated { write: true } => generated::GENERATED.run_instead(generated::write),
        Task::Deployment => deployment::DEPLOYMENT.run(),
        Task::Book => book::BOOK.run(),
        Task::Manifests => release::MANIFESTS.run(),
        Task::Release => release::RELEASE.run(),
        Task::Deny => ci::DENY.run(),
        Task::Bench { scenario, arguments } => bench::run(&scenario, &arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
