//! The program of the guest book.

use std::process::ExitCode;

fn main() -> ExitCode {
    mainstay_cli::run(guestbook::Guestbook)
}
