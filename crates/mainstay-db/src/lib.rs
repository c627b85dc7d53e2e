//! mainstay-db.
