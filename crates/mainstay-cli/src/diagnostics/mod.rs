//! Problems, as people and programs read them.

mod json;
mod sarif;
mod text;

pub use json::problem_json;
pub(crate) use json::{json, source_json};
pub(crate) use sarif::{Tool, sarif};
pub use text::Text;

/// Puts the program's name before commands that a text names, so that they can be copied: the rooms that write
/// such texts do not know what the program is called.
pub(crate) fn with_program(text: &str, program: &str) -> String {
    const COMMANDS: [&str; 6] = ["check", "migrate", "routes", "secret", "settings", "worker"];
    COMMANDS.iter().fold(text.to_owned(), |text, command| {
        text.replace(&format!("`{command} "), &format!("`{program} {command} "))
    })
}
