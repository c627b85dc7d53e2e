//! What can be wrong with templates.

/// A template that cannot be read or rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file that is not text.
    #[error("the template {name} is not UTF-8")]
    NotUtf8 {
        /// The path of the file.
        name: String,
    },
    /// A text that is not a template.
    #[error("the template {name} cannot be parsed")]
    Syntax {
        /// The path of the file.
        name: String,
        /// Where, and why not.
        source: minijinja::Error,
    },
    /// A template that does not exist, or does not fit its context.
    #[error("the template {name} cannot be rendered")]
    Render {
        /// The name that was asked for.
        name: &'static str,
        /// Where, and why not.
        source: minijinja::Error,
    },
}
