//! The program on PostgreSQL: its process is killed, its server is killed or full, and it moves there from SQLite.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

mod full;
mod killed;
mod moved;
mod program;
