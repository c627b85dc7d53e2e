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

    Migrations::new().and_embedded::<Files>("mainstay")
}

/// All migrations of a service: the runtime's own, then the service's.
pub fn migrations_of<S: Service>(service: &S) -> Migrations {
    migrations().and(service.migrations())
}
