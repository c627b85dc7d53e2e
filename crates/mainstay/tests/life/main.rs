//! How a process ends, seen from outside: its exit code, its last line, how long it took.
//!
//! Each test starts this test program again as a service (`process::child`), reads its log, and sends it signals.

#[cfg(test)]
mod process;
