//! The program. Everything it does stands in the library.

use std::process::ExitCode;

use concord::service::Concord;

fn main() -> ExitCode {
    mainstay_cli::run(Concord)
}
