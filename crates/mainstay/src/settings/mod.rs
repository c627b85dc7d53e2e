//! Where the settings of a process come from.
//!
//! Sources, strongest first: `--set NAME=value`, the process environment, the file that `ENV_FILE` names, `.env`
//! (in development only), `config/{environment}.env`, the default. In each of them, `NAME_FILE` is the path of a
//! file that holds the value of `NAME`; both in one source are an error.
//!
//! ```
//! use mainstay::settings::{Input, SecretKey, load};
//!
//! let input = Input { application: "concord".into(), overrides: vec!["SECRET_KEI=x".into()], ..Input::default() };
//! let loaded = load::<SecretKey>(&input);
//! assert!(loaded.settings.is_none());
//! let unknown = loaded.report.problems.iter().find(|problem| problem.is_error()).unwrap();
//! assert_eq!(unknown.help, ["did you mean SECRET_KEY?"]);
//! ```

mod env_file;
mod explain;
mod load;
pub mod secret_key;
#[cfg(test)]
mod tests;

pub use explain::EXPLANATIONS;
pub use load::{Input, load};
pub use secret_key::SecretKey;
