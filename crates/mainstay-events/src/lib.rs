//! mainstay-events.
