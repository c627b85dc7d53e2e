//! Whether this process can be handed over at all.

use crate::life::Runtime;
use crate::session::StoreKind;

/// Why a process cannot hand over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// It is the first of its container, which ends with it.
    #[error(
        "this process is the first of its container, which would end with it: replace the container instead"
    )]
    FirstProcess,
    /// Its database lives in it.
    #[error("DATABASE_URL is a database in memory, which would be lost: restart instead, or use a file")]
    Database,
    /// Its sessions live in it.
    #[error(
        "SESSION_STORE=memory: everybody would be signed out; restart instead, or keep sessions in the database"
    )]
    Sessions,
}

/// | process | database | sessions | obstacle |
/// |---|---|---|---|
/// | the first of its container | any | any | the container ends with it |
/// | any other | in memory | any | its data would be lost |
/// | any other | elsewhere | in memory | everybody would be signed out |
/// | any other | elsewhere | elsewhere | none |
pub(in crate::life) fn obstacle(runtime: &Runtime, process: u32) -> Option<Obstacle> {
    if process == 1 {
        Some(Obstacle::FirstProcess)
    } else if runtime.database.url.is_temporary() {
        Some(Obstacle::Database)
    } else if runtime.session.store == StoreKind::Memory {
        Some(Obstacle::Sessions)
    } else {
        None
    }
}
