//! The tables of the runtime itself.

use mainstay_db::Migrations;

use crate::Service;

/// The migrations of the runtime's own tables: users, API tokens, sessions.
///
/// The runtime applies them before those of the service; a service does not name them.
pub fn migrations() -> Migrations {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "migrations"]
    struct Files;

    // Sessions end with the move of a service: their cookies are of the old place.
    let ends = |table: &str| matches!(table, "session" | "session_subject" | "session_change");
    Migrations::new().and_embedded::<Files>("mainstay").leaving_behind(ends)
}

/// All migrations of a service: the runtime's own, then the service's.
pub fn migrations_of<S: Service>(service: &S) -> Migrations {
    migrations().and(service.migrations())
}
