//! The `mainstay` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    mainstay_tool::run(std::env::args_os())
}
