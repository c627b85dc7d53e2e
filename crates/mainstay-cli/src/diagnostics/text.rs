//! Problems for people, in the shape of compiler messages.

use std::fmt;

use super::with_program;
use mainstay_core::settings::{Excerpt, Place, Problem, Severity, Source};
use owo_colors::{OwoColorize, Style};

/// Prints problems, each with its place, its reason and its cures, and a last line that counts them.
///
/// ```
/// use mainstay_cli::diagnostics::Text;
/// use mainstay_core::settings::Problem;
///
/// let problem = Problem::error("MS0109", "SECRET_KEY is not set, or empty").help("set it");
/// let text = Text { program: "concord", problems: &[problem], styled: false }.to_string();
/// assert!(text.starts_with("error[MS0109]: SECRET_KEY is not set, or empty\n"));
/// assert!(text.ends_with("1 error; more with `concord check --explain MS0109`"));
/// ```
pub struct Text<'a> {
    /// The program, for the last line.
    pub program: &'a str,
    /// What to print.
    pub problems: &'a [Problem],
    /// Whether to add colours. No meaning rests on them.
    pub styled: bool,
}

/// The styles of the parts of a message.
struct Styles {
    error: Style,
    warning: Style,
    frame: Style,
    help: Style,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let styles = Styles::new(self.styled);
        for problem in self.problems {
            write_problem(f, problem, self.program, &styles)?;
            writeln!(f)?;
        }
        let errors = self.problems.iter().filter(|problem| problem.is_error()).count();
        let warnings = self.problems.len() - errors;
        let counts = [(errors, "error"), (warnings, "warning")].map(|(count, noun)| match count {
            0 => None,
            1 => Some(format!("1 {noun}")),
            _ => Some(format!("{count} {noun}s")),
        });
        let counts: Vec<_> = counts.into_iter().flatten().collect();
        write!(f, "{}", counts.join(", "))?;
        let worst = self.problems.iter().find(|problem| problem.is_error()).or(self.problems.first());
        match worst {
            Some(worst) => write!(f, "; more with `{} check --explain {}`", self.program, worst.code),
            None => Ok(()),
        }
    }
}

fn write_problem(
    f: &mut fmt::Formatter<'_>,
    problem: &Problem,
    program: &str,
    styles: &Styles,
) -> fmt::Result {
    let (word, style) = match problem.severity {
        Severity::Error => ("error", styles.error),
        Severity::Warning => ("warning", styles.warning),
    };
    writeln!(f, "{}: {}", format_args!("{word}[{}]", problem.code).style(style), problem.message)?;
    let width = problem.place.as_ref().map_or(1, line_number_width);
    if let Some(place) = &problem.place {
        write_place(f, place, width, styles)?;
    }
    let label = |text: &'static str| format!("{:width$} = {text}:", "").style(styles.frame).to_string();
    if let Some(because) = &problem.because {
        writeln!(f, "{} {because}", label("why"))?;
    }
    for help in &problem.help {
        let label = format!("{:width$} = ", "").style(styles.frame).to_string();
        writeln!(f, "{label}{} {}", "help:".style(styles.help), with_program(help, program))?;
    }
    Ok(())
}

fn write_place(f: &mut fmt::Formatter<'_>, place: &Place, width: usize, styles: &Styles) -> fmt::Result {
    let arrow = format!("{:width$}-->", "").style(styles.frame).to_string();
    match &place.source {
        Source::EnvFile { .. } => writeln!(f, "{arrow} {}", place.source)?,
        _ if place.name.is_empty() => writeln!(f, "{arrow} {}", place.source)?,
        Source::Default => writeln!(f, "{arrow} {} (not set)", place.name)?,
        source => writeln!(f, "{arrow} {} ({source})", place.name)?,
    }
    let Some(Excerpt { text, start, length }) = &place.excerpt else { return Ok(()) };
    let number = match &place.source {
        Source::EnvFile { line, .. } => line.to_string(),
        _ => String::new(),
    };
    let bar = format!("{:width$} |", "").style(styles.frame).to_string();
    let numbered = format!("{number:>width$} |").style(styles.frame).to_string();
    writeln!(f, "{bar}\n{numbered} {text}")?;
    let mark = "^".repeat(*length);
    writeln!(f, "{bar} {:start$}{}", "", mark.style(styles.error))
}

fn line_number_width(place: &Place) -> usize {
    match &place.source {
        Source::EnvFile { line, .. } => line.to_string().len(),
        _ => 1,
    }
}

impl Styles {
    fn new(styled: bool) -> Self {
        if styled {
            Self {
                error: Style::new().red().bold(),
                warning: Style::new().yellow().bold(),
                frame: Style::new().blue(),
                help: Style::new().green().bold(),
            }
        } else {
            Self { error: Style::new(), warning: Style::new(), frame: Style::new(), help: Style::new() }
        }
    }
}
