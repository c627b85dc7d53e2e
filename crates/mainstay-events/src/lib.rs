//! The event store of Mainstay services.
//!
//! State is what happened: an application appends [events](Event) to streams, one stream for each thing that
//! changes by itself (`item-42`), and derives from them whatever it wants to show. [`EventStore`] keeps the
//! log; [inline projections](InlineProjection) keep read models in step with it, in the same transaction.
//!
//! # What holds
//!
//! - **I1** In every snapshot, the visible positions are exactly 1 to N. A reader that remembers the last
//!   position it has seen misses nothing, ever.
//! - **I2** The versions of a stream are exactly 1 to V.
//! - **I3** Appends with the same [id](Append::idempotent) have one effect.
//! - **I4** The lock behind the positions is held for the statements of an append only, never while a client
//!   thinks.
//! - **I5** There is one lock, the counter, and it is taken before anything is read that an append is decided on.
//!
//! And beyond the log: an append that was acknowledged survives a crash and a power cut; an append that
//! failed, or whose future was dropped, left nothing, neither events nor rows of a read model; an append of
//! many streams is all or nothing.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mainstay_core::Clock;
//! use mainstay_db::{Database, DatabaseSettings, MigratedBy};
//! use mainstay_events::{Append, AppendError, Event, EventStore, Expected, StreamId, Version, migrations};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! enum PartEvent {
//!     Added { name: String },
//!     Renamed { name: String },
//! }
//!
//! impl Event for PartEvent {
//!     fn event_type(&self) -> &'static str {
//!         match self {
//!             Self::Added { .. } => "part_added",
//!             Self::Renamed { .. } => "part_renamed",
//!         }
//!     }
//! }
//!
//! let clock = Clock::system();
//! let database = Database::open(&DatabaseSettings::in_memory(), &clock).await?;
//! let by = MigratedBy { version: "1.0.0".into(), instance: "example".into() };
//! migrations().up(&database, &clock, None, &by).await?;
//! let store = EventStore::new(database, clock);
//!
//! let stream = StreamId::of("part", "42")?;
//! let added = [PartEvent::Added { name: "AM5 board".into() }];
//! let done = store.append(Append::new().events(&stream, Expected::NoStream, &added).actor("ada")).await?;
//! assert_eq!(done.version_of(&stream), Some(Version::new(1)));
//!
//! // Whoever expects another version than there is, has decided on old news.
//! let refused = store.append(Append::new().events(&stream, Expected::NoStream, &added)).await;
//! assert!(matches!(refused, Err(AppendError::WrongVersion { .. })));
//!
//! let history = store.load(&stream).await?;
//! assert_eq!(history[0].decode::<PartEvent>()?, added[0]);
//! # Ok(()) }
//! ```

mod append;
mod appender;
mod error;
mod event;
mod number;
pub mod outbox;
mod projection;
pub mod projections;
mod store;
mod stream;
mod upcast;

pub use append::{Append, Appended, Expected, InvalidAppend, Limits};
pub use appender::{Appender, AppenderLimits};
pub use error::{AppendError, DecodeError, ProjectionError, ReadError};
pub use event::{Event, RecordedEvent};
pub use number::{Position, Version};
pub use projection::{Applying, InlineProjection};
pub use store::{EventStore, Verified, VerifyError};
pub use stream::{StreamId, StreamIdError};
pub use upcast::{ReshapeError, Upcast, UpcastError, UpcasterProblem, Upcasters};

use mainstay_db::Migrations;

/// The migrations of the store's own tables, to stand before the application's.
pub fn migrations() -> Migrations {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "migrations"]
    struct Files;

    // Read models that follow the log are made from it anew, and what was put aside is tried again with that.
    Migrations::new().and_embedded::<Files>("events").leaving_behind(projections::is_derived)
}
