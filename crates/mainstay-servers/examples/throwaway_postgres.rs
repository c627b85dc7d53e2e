//! Starts a PostgreSQL, prints the URL of its superuser, and ends it when stdin ends.
//!
//! `cargo xtask test` starts one in this way for a whole run; by hand it is useful for looking at something:
//!
//! ```text
//! cargo run -p mainstay-servers --example throwaway_postgres
//! ```

use std::io::{self, Read, Write};

use mainstay_servers::Postgres;

fn main() -> io::Result<()> {
    let postgres = Postgres::start();
    writeln!(io::stdout(), "{}", postgres.url("postgres"))?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
