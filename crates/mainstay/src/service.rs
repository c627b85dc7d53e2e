//! What an application gives the runtime.

use std::error::Error;

use mainstay_core::settings::Section;
use mainstay_db::Migrations;

use crate::life::App;
use crate::{Class, Routes};

/// Why a service could not be built. Anything that is an error, or a text, becomes one by `?`.
pub type BuildError = Box<dyn Error + Send + Sync>;

/// An application.
///
/// ```
/// use mainstay::life::{App, Restart};
/// use mainstay::{BuildError, Json, Routes, Service};
/// use mainstay_db::Migrations;
///
/// struct Hello;
///
/// impl Service for Hello {
///     const NAME: &'static str = "hello";
///     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
///     const ABOUT: &'static str = "Greets whoever asks.";
///     type Settings = ();
///     type State = ();
///
///     fn routes(&self) -> Routes<()> {
///         Routes::new().get("/", async || Json("hello")).public()
///     }
///
///     fn migrations(&self) -> Migrations {
///         Migrations::new()
///     }
///
///     async fn build(&self, app: &mut App<Self::Settings>) -> Result<(), BuildError> {
///         app.worker("greeter", Restart::budgeted(), |shutdown| async move {
///             shutdown.begun().await;
///             Ok(())
///         });
///         Ok(())
///     }
/// }
/// ```
pub trait Service: Send + Sync + 'static {
    /// The name, in lower case: of the program, its default database file, its place in the log.
    const NAME: &'static str;

    /// The version of the release.
    const VERSION: &'static str;

    /// One sentence, for help texts and the API reference.
    const ABOUT: &'static str;

    /// The classes of limits that its routes have, beside the runtime's own: each has a setting `RATE_LIMIT_{NAME}`.
    const LIMITS: &'static [Class] = &[];

    /// The settings of the application, beside those of the runtime.
    type Settings: Section;

    /// What the handlers share.
    type State: Clone + Send + Sync + 'static;

    /// The routes, each with its policy. They are declared apart from the state that their handlers share, so
    /// that they can be listed and described without a database.
    fn routes(&self) -> Routes<Self::State>;

    /// The schema, step by step, those of libraries that keep tables of their own included.
    fn migrations(&self) -> Migrations;

    /// Builds what the handlers share, and registers workers, checks and hooks. The schema is current.
    ///
    /// # Errors
    ///
    /// Whatever makes it impossible to serve. The start is then undone in order.
    fn build(
        &self,
        app: &mut App<Self::Settings>,
    ) -> impl Future<Output = Result<Self::State, BuildError>> + Send;
}
