//! A runtime for web services: everything between the socket and a handler, and the life of the process.
//!
//! The way of a request is in [`pipeline`], the way of the process in [`life`]; what a route demands is
//! declared with [`Routes`], and whatever is not a success leaves as a [`Refusal`].

pub mod accept;
pub mod admission;
#[cfg(feature = "alerts")]
pub mod alerts;
mod assets;
mod controls;
pub mod degradation;
mod explanations;
pub mod extract;
pub mod health;
pub mod identity;
pub mod keys;
pub mod life;
pub mod limits;
mod migrations;
pub mod openapi;
pub mod pipeline;
pub mod redirect;
pub mod redis;
pub mod refusal;
pub mod routes;
mod service;
pub mod session;
pub mod settings;
pub mod telemetry;
pub mod templates;
#[cfg(any(feature = "alerts", feature = "ldap"))]
mod trust;
pub mod upload;

pub use controls::client::{ForwardedHeader, Network, Scheme, TrustedProxies};
pub use controls::cors::{AllowedOrigin, CorsSettings};
pub use controls::csrf::{CsrfFailure, CsrfMode, CsrfSecret, CsrfSecrets, CsrfSettings, CsrfTokens};
pub use controls::headers::{HstsSettings, PageNonce};
pub use controls::origin::Origin;
pub use controls::{Control, ControlSet};
pub use explanations::explanations;
pub use extract::{Created, Form, Json, Path, Query};
pub use limits::{Class, Rate};
pub use migrations::{migrations, migrations_of};
pub use pipeline::{Edge, Exchange, RequestSettings};
pub use refusal::{Detail, ErrorCode, Refusal};
pub use routes::{Answer, Role, Routes};
pub use service::{BuildError, Service};
pub use upload::Upload;
