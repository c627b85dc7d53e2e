//! A figure, its limit, and how figures are printed.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Something that was measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// What it is, and of how many measurements it is the median, where there were several.
    pub(crate) name: String,
    /// The value, in `unit`.
    pub(crate) value: f64,
    /// Such as `ms` or `MiB`.
    pub(crate) unit: &'static str,
    /// What the project promises; `None` where it promises nothing.
    pub(crate) limit: Option<Limit>,
}

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
}

impl Figure {
    /// A figure without a promise.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, limit: None }
    }

    /// The same with a promise.
    pub(crate) fn at_most(self, limit: f64) -> Self {
        Self { limit: Some(Limit::AtMost(limit)), ..self }
    }

    /// The same with the promise of more.
    pub(crate) fn at_least(self, limit: f64) -> Self {
        Self { limit: Some(Limit::AtLeast(limit)), ..self }
    }

    /// Whether the promise is kept; `None` where there is none.
    fn kept(&self) -> Option<bool> {
        self.limit.map(|limit| match limit {
            Limit::AtMost(most) => self.value <= most,
            Limit::AtLeast(least) => self.value >= least,
        })
    }
}

/// The figures for people.
pub(crate) fn table(machine: &str, figures: &[Figure]) -> String {
    let width = figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{machine}\n\n{:<width$}  {:>12}  {:>12}\n", "figure", "value", "limit");
    for figure in figures {
        let value = amount(figure.value, figure.unit);
        let (limit, broken) = match figure.limit {
            None => ("-".to_owned(), ""),
            Some(Limit::AtMost(most)) => (amount(most, figure.unit), "  OVER"),
            Some(Limit::AtLeast(least)) => (format!("\u{2265} {}", amount(least, figure.unit)), "  UNDER"),
        };
        let mark = if figure.kept() == Some(false) { broken } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<width$}  {value:>12}  {limit:>12}{mark}", figure.name);
    }
    text
}

/// The figures for programs.
pub(crate) fn json(machine: &str, figures: &[Figure]) -> Value {
    let figure = |figure: &Figure| {
        let (limit, is_least) = match figure.limit {
            None => (None, false),
            Some(Limit::AtMost(most)) => (Some(most), false),
            Some(Limit::AtLeast(least)) => (Some(least), true),
        };
        json!({
            "name": figure.name,
            "value": figure.value,
            "unit": figure.unit,
            "limit": limit,
            "limit_is_least": is_least,
            "kept": figure.kept(),
        })
    };
    json!({ "machine": machine, "figures": figures.iter().map(figure).collect::<Vec<_>>() })
}

/// Three digits are as many as a measurement has.
fn amount(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_marks_what_is_over_its_limit() {
        let figures = [
            Figure::new("start to ready", 42.42, "ms").at_most(150.0),
            Figure::new("peak", 71.3, "MiB").at_most(64.0),
            Figure::new("bytes", 123.456, "MiB"),
            Figure::new("ratio", 0.65, "").at_least(0.7),
        ];
        assert_eq!(
            table("2 cores", &figures),
            "2 cores\n\n\
             figure                 value         limit\n\
             start to ready       42.4 ms        150 ms\n\
             peak                71.3 MiB        64 MiB  OVER\n\
             bytes                123 MiB             -\n\
             ratio                  0.650       \u{2265} 0.700  UNDER\n"
        );
    }

    #[test]
    fn json_tells_whether_the_promise_is_kept() {
        let document = json("2 cores", &[Figure::new("failed", 0.0, "").at_most(0.0)]);
        assert_eq!(document["figures"][0]["kept"], true);
        assert_eq!(document["machine"], "2 cores");
        let document = json("2 cores", &[Figure::new("ratio", 6.0, "").at_least(7.0)]);
        let figure = &document["figures"][0];
        assert_eq!((&figure["limit_is_least"], &figure["kept"]), (&true.into(), &false.into()));
    }
}
