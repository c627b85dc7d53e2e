//! The one way to a value, and the memory of all that was asked for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::field::{Field, FieldBuilder, Group, Outside, Range};
use super::source::{Found, Source, Sources, Unreadable};
use super::{Environment, Excerpt, Place, Problem, REDACTED, Report, Setting, suggest, visible};

/// The settings of one module.
pub trait Section: Sized + Send + Sync + 'static {
    /// Reads all fields. Always gives a value: what is wrong is collected in the reader, which falls back to
    /// the defaults, and the value is thrown away when there were errors.
    fn read(reader: &mut Reader<'_>) -> Self;
}

impl Section for () {
    fn read(_: &mut Reader<'_>) -> Self {}
}

impl<A: Section, B: Section> Section for (A, B) {
    fn read(reader: &mut Reader<'_>) -> Self {
        (A::read(reader), B::read(reader))
    }
}

/// Reads fields from the sources, and collects their documentation and all problems.
pub struct Reader<'a> {
    sources: &'a Sources,
    environment: Environment,
    group: Group,
    fields: Vec<Field>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a Sources, environment: Environment) -> Self {
        Self { sources, environment, group: Group::default(), fields: Vec::new(), problems: Vec::new() }
    }

    /// The kind of place this process runs in.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Whether what is insecure is an error here: staging and production.
    pub fn strict(&self) -> bool {
        self.environment.is_strict()
    }

    /// Puts a heading above the fields that follow.
    pub fn group(&mut self, title: &'static str, sentence: &'static str) {
        self.group = Group { title, sentence };
    }

    /// Begins to describe a field.
    pub fn field<T: Setting>(&mut self, name: impl Into<Cow<'static, str>>) -> FieldBuilder<'_, 'a, T> {
        let group = self.group;
        FieldBuilder::new(self, name.into(), group)
    }

    /// Whether someone gave a value to a field that was read before: not its default.
    pub fn is_given(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name && field.source != Source::Default)
    }

    /// Reports a problem. If it names a field that was read before, the place of its value is added.
    pub fn problem(&mut self, mut problem: Problem) {
        if let Some(place) = &mut problem.place
            && let Some(field) = self.fields.iter().find(|field| field.name == place.name)
            && place.excerpt.is_none()
        {
            place.source = field.source.clone();
            place.excerpt = field.value.as_ref().map(|value| Excerpt::of_value(&place.name, value));
        }
        self.problems.push(problem);
    }

    /// Reports a problem where something insecure was found: an error in staging and production, else a
    /// warning.
    pub fn insecure(&mut self, problem: Problem) {
        let severity = if self.strict() { super::Severity::Error } else { super::Severity::Warning };
        self.problem(Problem { severity, ..problem });
    }

    /// Demands that one of several fields, read before, was given, because `demanded_by` has the value that it has.
    pub fn at_least_one_of(&mut self, names: &[&str], demanded_by: &str, because: &str) {
        if names.iter().any(|name| self.is_given(name)) {
            return;
        }
        let value = self.fields.iter().find(|field| field.name == demanded_by);
        let value = value.and_then(|field| field.value.as_deref()).unwrap_or_default();
        let message = format!("{demanded_by}={value} needs at least one of {}", names.join(", "));
        let problem = Problem::error("MS0112", message).at(demanded_by).because(because);
        let cure = names.first().map(|name| format!("set {name}, or one of the others"));
        self.problem(cure.into_iter().fold(problem, Problem::help));
    }

    /// Finds, reads and judges the value of a field.
    pub(super) fn settle<T: Setting>(
        &mut self,
        field: &mut Field,
        range: Option<&Range<T>>,
        may_be_empty: bool,
    ) -> Option<T> {
        let value = self.look_up(field, range, may_be_empty);
        if value.is_none() && field.required_in_strict && self.strict() && !self.has_problem_at(&field.name) {
            let message = format!("{} is not set, or empty", field.name);
            let because = format!("{} does not start without it", self.environment.name());
            let problem = Problem::error("MS0109", message).at(&*field.name).because(because);
            self.problem(problem.help(match (field.cure, field.example) {
                (Some(cure), _) => cure.to_owned(),
                (None, Some(example)) => format!("set it, for example {}={example}", field.name),
                (None, None) => format!("set it to {}", field.expected),
            }));
        }
        value
    }

    /// Keeps a field that was read. A name that was read before keeps its first description.
    pub(super) fn remember(&mut self, field: Field) {
        if !self.fields.iter().any(|known| known.name == field.name) {
            self.fields.push(field);
        }
    }

    /// Ends the reading: judges the names that nobody asked for.
    pub(super) fn finish(mut self) -> Report {
        self.report_unknown_names();
        Report { environment: self.environment, fields: self.fields, problems: self.problems }
    }

    fn look_up<T: Setting>(
        &mut self,
        field: &mut Field,
        range: Option<&Range<T>>,
        may_be_empty: bool,
    ) -> Option<T> {
        let sources = self.sources;
        let found = sources.find(field)?;
        self.report_names(field, &found);
        let (text, source) = match sources.text(&found) {
            Ok(text) => text,
            Err(unreadable) => {
                let problem = unreadable_problem(&found, &unreadable);
                self.problems.push(problem);
                return None;
            }
        };
        if may_be_empty && text.is_empty() {
            return None;
        }
        let text_shown = shown(&text, field);
        let place = Place {
            name: field.name.clone().into_owned(),
            source: source.clone(),
            excerpt: Some(Excerpt::of_value(&found.name, &text_shown)),
        };
        match judge(field, range, &text) {
            Ok(value) => {
                if field.secret && source == Source::CommandLine {
                    self.insecure(secret_on_command_line(&field.name).place(place));
                }
                field.value = Some(shown(&value.show(), field));
                field.source = source;
                Some(value)
            }
            Err(problem) => {
                self.problems.push(problem.place(place));
                None
            }
        }
    }

    /// Reports a setting that was given twice in one source, and the use of an alias.
    fn report_names(&mut self, field: &Field, found: &Found<'_>) {
        let place =
            |name: &str| Place { name: name.to_owned(), source: found.source().clone(), excerpt: None };
        if let Some(rival) = &found.rival {
            let message = format!("{} and {rival} are both given", found.written);
            let problem = Problem::error("MS0105", message)
                .place(place(rival))
                .because("they are the same setting, and nobody can tell which one was meant")
                .help(format!("remove {rival} or {}", found.written));
            self.problems.push(problem);
        }
        if found.name != field.name {
            let message = format!("{} is another name for {}", found.name, field.name);
            let problem = Problem::warning("MS0111", message).place(place(&found.written));
            self.problems.push(problem.help(format!("write {} instead", field.name)));
        }
    }

    /// Whether anything is wrong so far.
    pub(super) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    fn has_problem_at(&self, name: &str) -> bool {
        let places =
            self.problems.iter().filter(|problem| problem.is_error()).filter_map(|p| p.place.as_ref());
        places.into_iter().any(|place| place.name == name || place.name == format!("{name}_FILE"))
    }

    fn report_unknown_names(&mut self) {
        let known: BTreeSet<&str> = self.fields.iter().flat_map(Field::names).collect();
        let mut problems = Vec::new();
        for layer in &self.sources.layers {
            let prefix = layer.prefix.as_str();
            let names = layer.values.iter().filter(|(name, _)| name.starts_with(prefix));
            for (name, given) in names {
                let base = name.strip_suffix("_FILE").unwrap_or(name);
                if known.contains(name.as_str()) || known.contains(base) || name == "ENV_FILE" {
                    continue;
                }
                problems.push(unknown_problem(name, &given.source, prefix, &known));
            }
        }
        self.problems.extend(problems);
    }
}

impl Field {
    /// Its name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.name).chain(self.aliases.iter().copied())
    }
}

/// A value of a field, as people may see it.
pub(super) fn shown(value: &str, field: &Field) -> String {
    if field.secret { REDACTED.to_owned() } else { visible(value) }
}

/// Whether a text is a value of its type and within its bounds.
fn judge<T: Setting>(field: &Field, range: Option<&Range<T>>, text: &str) -> Result<T, Box<Problem>> {
    let name = &field.name;
    if text.trim().is_empty() && field.kind != "list" {
        let problem = Problem::error("MS0101", format!("{name} is empty"));
        let problem = problem.because(format!("expected {}", field.expected));
        return Err(Box::new(problem.help("remove it to get the default")));
    }
    let value = T::parse(text).map_err(|invalid| {
        let reason = if field.secret { "is not valid".to_owned() } else { invalid.to_string() };
        let problem = Problem::error("MS0101", format!("{name} {reason}"));
        let problem = problem.because(format!("expected {}", field.expected));
        let help = invalid.help().filter(|_| !field.secret);
        Box::new(help.into_iter().fold(problem, Problem::help))
    })?;
    let outside = range.and_then(|range| range.broken_by(&value));
    let (side, bound, because) = match outside {
        None => return Ok(value),
        Some(Outside::Below(bound)) => ("below", bound, field.too_low),
        Some(Outside::Above(bound)) => ("above", bound, field.too_high),
    };
    let problem = Problem::error("MS0102", format!("{name} is {side} {}", bound.show()));
    let problem = because.into_iter().fold(problem, Problem::because);
    Err(Box::new(problem.help(match (&field.minimum, &field.maximum) {
        (Some(low), Some(high)) => format!("choose a value from {low} to {high}"),
        _ => format!("choose a value that is not {side} {}", bound.show()),
    })))
}

fn unreadable_problem(found: &Found<'_>, unreadable: &Unreadable) -> Problem {
    let place = Place { name: found.written.clone(), source: found.source().clone(), excerpt: None };
    match unreadable {
        Unreadable::NotUtf8 => Problem::error("MS0101", format!("{} is not UTF-8", found.written))
            .place(place)
            .because("settings are text"),
        // Someone may have put the value itself where the path belongs: it is not shown.
        Unreadable::File(error) => {
            Problem::error("MS0106", format!("the file that {} names {error}", found.written))
                .place(place)
                .help(format!("{} holds the path of a small text file with the value", found.written))
        }
    }
}

fn secret_on_command_line(name: &str) -> Problem {
    Problem::error("MS0114", format!("{name} is a secret, and stands on the command line"))
        .because("every user of the machine can read the command lines of all processes")
        .help(format!("put it into a file, and the path of that into {name}_FILE"))
}

fn unknown_problem(name: &str, source: &Source, prefix: &str, known: &BTreeSet<&str>) -> Problem {
    let shown = if suggest::looks_like_name(name) { name } else { "this name" };
    let place = Place { name: shown.to_owned(), source: source.clone(), excerpt: None };
    let problem = Problem::error("MS0103", format!("{shown} is not a setting"))
        .place(place)
        .because("a value that nobody reads is a value that someone believes in");
    let bare = name.strip_prefix(prefix).unwrap_or(name);
    match suggest::nearest(bare, known.iter().copied()) {
        Some(meant) => problem.help(format!("did you mean {meant}?")),
        None => problem.help("see all names with `settings show`, or remove it"),
    }
}
