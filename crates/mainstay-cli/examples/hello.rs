//! The smallest service with a whole command line: `cargo run --example hello -- --help`.

use std::process::ExitCode;

use mainstay::life::App;
use mainstay::{BuildError, Json, Routes, Service};
use mainstay_db::Migrations;

struct Hello;

impl Service for Hello {
    const NAME: &'static str = "hello";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const ABOUT: &'static str = "Greets whoever asks.";
    type Settings = ();
    type State = ();

    fn routes(&self) -> Routes<()> {
        Routes::new().get("/", async || Json("hello")).public()
    }

    fn migrations(&self) -> Migrations {
        Migrations::new()
    }

    async fn build(&self, _app: &mut App<()>) -> Result<(), BuildError> {
        Ok(())
    }
}

fn main() -> ExitCode {
    mainstay_cli::run(Hello)
}
