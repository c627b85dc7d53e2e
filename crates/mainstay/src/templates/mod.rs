//! Pages of an application, rendered from templates that are part of its binary.
//!
//! ```
//! use mainstay::templates::{Page, Templates, View};
//! use mainstay::{Refusal, Routes};
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! struct Greeting {
//!     name: String,
//! }
//!
//! async fn hello(view: View) -> Result<Page, Refusal> {
//!     view.render("hello.html", &Greeting { name: "<you>".to_owned() })
//! }
//!
//! # fn main() -> Result<(), mainstay::templates::TemplateError> {
//! let templates = Templates::of(&[("hello.html", "<p>Hello, {{ name }}!</p>")])?;
//! let routes: Routes = Routes::new().get("/hello", hello).public().with_state(templates);
//! # Ok(())
//! # }
//! ```
//!
//! Every template is HTML, and everything that it writes is escaped. There is no filter and no block to switch that
//! off, and no way to make a template of a text that came with a request.
//!
//! Every template knows, beside its context:
//!
//! | name | what it writes |
//! |---|---|
//! | `csrf_field` | the hidden field for a form; put it first |
//! | `csrf_token` | the token alone, as for `<meta name="csrf-token" content="{{ csrf_token }}">` |
//! | `nonce` | the nonce for an inline script or style: `<script nonce="{{ nonce }}">` |
//! | `… \| tojson` | JSON that is safe in a script block, and in an attribute in single quotes |
//!
//! They cost nothing where they are not used; an answer with one of them is `no-store`.

mod error;
mod escape;
mod globals;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use rust_embed::RustEmbed;
use serde::Serialize;

pub use error::TemplateError;
pub use view::{Page, View};

use globals::Globals;

/// The templates of an application. Clones share them.
#[derive(Clone, Debug)]
pub struct Templates {
    environment: Arc<Environment<'static>>,
}

impl Templates {
    /// All files that an application embeds, by their path below its folder of templates. Hidden files are left
    /// out.
    ///
    /// # Errors
    ///
    /// The first file that is not UTF-8 or not a template. Called while the application is built, this stops the
    /// start.
    pub fn embedded<Files: RustEmbed>() -> Result<Self, TemplateError> {
        let mut environment = environment();
        for name in Files::iter().filter(|name| !name.split('/').any(|part| part.starts_with('.'))) {
            let Some(file) = Files::get(&name) else { continue };
            let text = String::from_utf8(file.data.into_owned());
            let text = text.map_err(|_| TemplateError::NotUtf8 { name: name.clone().into_owned() })?;
            add(&mut environment, name.into_owned(), text)?;
        }
        Ok(Self { environment: Arc::new(environment) })
    }

    /// Templates that stand in the code: names with their texts.
    ///
    /// # Errors
    ///
    /// The first text that is not a template.
    pub fn of(texts: &[(&'static str, &'static str)]) -> Result<Self, TemplateError> {
        let mut environment = environment();
        for (name, text) in texts {
            add(&mut environment, (*name).to_owned(), (*text).to_owned())?;
        }
        Ok(Self { environment: Arc::new(environment) })
    }

    /// Lets every template know a value, such as the name of the application.
    ///
    /// The names that the runtime gives to every template are not taken from it.
    #[must_use]
    pub fn with_global(mut self, name: &'static str, value: impl Serialize) -> Self {
        let value = minijinja::value::Serde(value);
        Arc::make_mut(&mut self.environment).add_global(name, minijinja::Value::from(value));
        self
    }

    /// Renders a template with its context and what every template knows.
    fn render(
        &self,
        name: &'static str,
        context: impl Serialize,
        globals: &Globals,
    ) -> Result<String, TemplateError> {
        let render = || self.environment.get_template(name)?.render(globals.above(context));
        render().map_err(|source| TemplateError::Render { name, source })
    }
}

/// The rules that hold for all templates.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(escape::write);
    environment.add_filter("tojson", escape::tojson);
    // Text is text: what is markup says so where it is made, not where it is written.
    environment.remove_filter("safe");
    // A name that is spelled wrong is found by the first test that renders the page.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment
}

fn add(environment: &mut Environment<'static>, name: String, text: String) -> Result<(), TemplateError> {
    let added = environment.add_template_owned(name.clone(), text);
    added.map_err(|source| TemplateError::Syntax { name, source })
}
