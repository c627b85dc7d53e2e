//! What a command works with.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mainstay::identity::Password;
use mainstay::settings::{Input, load};
use mainstay_core::settings::{Loaded, Problem, Section};
use mainstay_core::{Chain, Clock};
use serde::Serialize;
use tokio::runtime::Builder;

use crate::console::Talk;
use crate::diagnostics::Text;
use crate::{CommandError, Console};

/// What a program finds around it when it starts.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The process environment.
    pub variables: BTreeMap<OsString, OsString>,
    /// The working directory.
    pub directory: PathBuf,
}

/// What a command works with: the settings' sources, the console, the clock.
pub struct Context<'a> {
    program: &'static str,
    input: Input,
    clock: Clock,
    console: &'a mut Console,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    ///
    /// When the working directory is gone or may not be seen.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self { variables: std::env::vars_os().collect(), directory: std::env::current_dir()? })
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        program: &'static str,
        surroundings: &Surroundings,
        overrides: Vec<OsString>,
        console: &'a mut Console,
    ) -> Self {
        let input = Input {
            application: program.to_owned(),
            overrides,
            process: surroundings.variables.clone(),
            directory: surroundings.directory.clone(),
        };
        Self { program, input, clock: Clock::system(), console }
    }

    /// The name of the program, for messages that name one of its commands.
    pub fn program(&self) -> &'static str {
        self.program
    }

    /// The working directory.
    pub fn directory(&self) -> &Path {
        &self.input.directory
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// For data: what was asked for.
    pub fn data(&mut self) -> &mut dyn Write {
        self.console.data()
    }

    /// Writes data as JSON, for people who look at it and for programs.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), CommandError> {
        serde_json::to_writer_pretty(self.data(), value).map_err(io::Error::from)?;
        writeln!(self.data())?;
        Ok(())
    }

    /// Reads a line with a secret from standard input.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn read_secret_line(&mut self) -> Result<Password, CommandError> {
        let wrong = |message: &str| Problem::error("MS0009", message);
        match self.console.read_line() {
            Ok(line) if line.is_empty() => Err(wrong("standard input is empty")
                .help("write the password and a line's end into it")
                .into()),
            Ok(line) => Ok(Password::new(line.as_str())),
            Err(error) => Err(wrong("standard input cannot be read").because(error.to_string()).into()),
        }
    }

    /// Says something beside the data.
    pub fn say(&mut self, text: impl fmt::Display) {
        self.console.say(text);
    }

    /// For what is said while the command has the context.
    pub(crate) fn talk(&self) -> Talk {
        self.console.talk()
    }

    /// Prints diagnostics beside the data.
    pub fn report(&mut self, problems: &[Problem]) {
        if !problems.is_empty() {
            self.console.say(Text { program: self.program, problems, styled: true });
        }
    }

    /// Where settings are read from.
    pub fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    /// Reads settings, whatever is wrong with them.
    pub fn load<S: Section>(&self) -> Loaded<S> {
        load(&self.input)
    }

    /// Reads settings, and prints diagnostics if they are wrong.
    ///
    /// # Errors
    ///
    /// [`CommandError::Settings`] when they are.
    pub fn settings<S: Section>(&mut self) -> Result<S, CommandError> {
        let loaded = self.load::<S>();
        if let Some(settings) = loaded.settings {
            return Ok(settings);
        }
        self.report(&loaded.report.problems);
        Err(CommandError::Settings)
    }
}

/// Waits for a future, in a runtime of one thread.
///
/// # Errors
///
/// When the system gives no runtime.
pub fn block_on<F: Future>(future: F) -> Result<F::Output, CommandError> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
        Problem::error("MS0507", "the system gives no event queue").because(Chain(&error).to_string())
    })?;
    Ok(runtime.block_on(future))
}
