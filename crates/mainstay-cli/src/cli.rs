//! From arguments to a command, and from its end to an exit code.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use mainstay::Service;
use mainstay::telemetry::metrics::Family;
use mainstay_core::Chain;
use mainstay_core::settings::Explanation;

use crate::accounts::{session, token, user};
use crate::arguments::{self, OVERRIDES};
use crate::explain::EXPLANATIONS;
use crate::{CommandError, Console, Context, Surroundings, Verdict};
use crate::{check, control, health, migrate, openapi, reference, routes, secret, serve, settings};

/// Runs the program: takes arguments, environment and directory from the process, and speaks on its streams.
pub fn run<S: Service>(service: S) -> ExitCode {
    Cli::new(service).run()
}

/// A program, with commands of the application beside those that every service has.
///
/// ```no_run
/// # fn example<S: mainstay::Service>(service: S) -> std::process::ExitCode {
/// use clap::Command;
/// use mainstay_cli::{Cli, Verdict};
///
/// Cli::new(service)
///     .command(Command::new("greet").about("Say hello"), |_service, _matches, context| {
///         writeln!(context.data(), "hello")?;
///         Ok(Verdict::Good)
///     })
///     .run()
/// # }
/// ```
#[must_use = "the program does something only when it is run"]
pub struct Cli<S: Service> {
    service: S,
    commands: Vec<(Command, Handler<S>)>,
    explanations: Vec<Explanation>,
    families: Vec<Family>,
    abbreviations: Vec<(&'static str, &'static str)>,
}

type Handler<S> = Box<dyn Fn(&S, &ArgMatches, &mut Context<'_>) -> Result<Verdict, CommandError>>;

impl<S: Service> Cli<S> {
    /// The program of a service.
    pub fn new(service: S) -> Self {
        let runtime = mainstay::explanations().into_iter().copied();
        let explanations = EXPLANATIONS.iter().copied().chain(runtime).collect();
        Self { service, commands: Vec::new(), explanations, families: Vec::new(), abbreviations: Vec::new() }
    }

    /// Adds a command.
    pub fn command<F>(mut self, command: Command, handler: F) -> Self
    where
        F: Fn(&S, &ArgMatches, &mut Context<'_>) -> Result<Verdict, CommandError> + 'static,
    {
        self.commands.push((command, Box::new(handler)));
        self
    }

    /// Adds what `check --explain` says of the application's own codes.
    pub fn explanations(mut self, explanations: &'static [Explanation]) -> Self {
        self.explanations.extend_from_slice(explanations);
        self
    }

    /// Adds what the application counts itself, for `reference metrics`.
    pub fn metrics(mut self, families: &'static [Family]) -> Self {
        self.families.extend_from_slice(families);
        self
    }

    /// Reads the argument `short` as `long`: for abbreviations of several letters, such as `-cr`, which by the
    /// usual rules would be several flags.
    pub fn abbreviation(mut self, short: &'static str, long: &'static str) -> Self {
        self.abbreviations.push((short, long));
        self
    }

    /// Runs the program with what the process gives it.
    pub fn run(self) -> ExitCode {
        let mut console = Console::of_process();
        let surroundings = match Surroundings::of_process() {
            Ok(surroundings) => surroundings,
            Err(error) => {
                console.say(format_args!("error: the working directory cannot be used: {error}"));
                return ExitCode::from(2);
            }
        };
        self.run_with(std::env::args_os(), &surroundings, console).into()
    }

    /// Runs the program with these arguments, the first of which is its name, in these surroundings. Gives the
    /// code to exit with.
    pub fn run_with<A>(self, arguments: A, surroundings: &Surroundings, mut console: Console) -> u8
    where
        A: IntoIterator,
        A::Item: Into<OsString> + Clone,
    {
        let ended = self.dispatch(arguments, surroundings, &mut console);
        let ended = ended.and_then(|code| console.flush().map(|()| code).map_err(CommandError::from));
        match ended {
            Ok(code) => code,
            // Whoever stopped reading has seen enough.
            Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Err(CommandError::Settings | CommandError::Said) => 2,
            Err(CommandError::Problem(problem)) => {
                Context::new(S::NAME, surroundings, Vec::new(), &mut console).report(&[*problem]);
                2
            }
            Err(error @ (CommandError::Output(_) | CommandError::Busy(_))) => {
                console.say(format_args!("error: {}", Chain(&error)));
                2
            }
        }
    }

    fn dispatch<A>(
        self,
        arguments: A,
        surroundings: &Surroundings,
        console: &mut Console,
    ) -> Result<u8, CommandError>
    where
        A: IntoIterator,
        A::Item: Into<OsString> + Clone,
    {
        let own = self.commands.iter().map(|(command, _)| command.clone());
        let tree = arguments::tree::<S>().subcommands(own);
        let spelled_out = arguments.into_iter().map(|argument| {
            let argument = argument.into();
            let long = self.abbreviations.iter().find(|(short, _)| argument == *short);
            long.map_or(argument, |(_, long)| long.into())
        });
        let matches = match tree.try_get_matches_from(spelled_out) {
            Ok(matches) => matches,
            Err(error) if error.use_stderr() => {
                console.say(error.render().ansi());
                return Ok(2);
            }
            Err(help) => {
                write!(console.data(), "{}", help.render())?;
                return Ok(0);
            }
        };
        let (name, matches) = matches.subcommand().unwrap_or(("serve", &matches));
        let overrides = matches.get_many::<OsString>(OVERRIDES).unwrap_or_default().cloned().collect();
        let mut context = Context::new(S::NAME, surroundings, overrides, console);
        let context = &mut context;
        let verdict = match name {
            "serve" => return serve::run(self.service, context),
            "check" => return check::run(&self.service, &self.explanations, matches, context),
            "settings" => settings::run::<S>(matches, context),
            "secret" => secret::run(context),
            "routes" => routes::run(&self.service, matches, context),
            "migrate" => migrate::run(&self.service, matches, context),
            "user" => user::run(&self.service, matches, context),
            "token" => token::run(&self.service, matches, context),
            "session" => session::run(&self.service, matches, context),
            "openapi" => openapi::run(&self.service, context),
            "reference" => {
                reference::run(&self.service, &self.explanations, &self.families, matches, context)
            }
            "health" => health::run::<S>(matches, context),
            "worker" => control::worker::<S>(matches, context),
            "reload" => control::reload::<S>(context),
            name => match self.commands.iter().find(|(command, _)| command.get_name() == name) {
                Some((_, handler)) => handler(&self.service, matches, context),
                // The tree holds no other names.
                None => Ok(Verdict::Bad),
            },
        };
        verdict.map(Verdict::code)
    }
}
