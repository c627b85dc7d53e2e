//! The kinds of files that can be uploaded, by extension and by declared type.

use std::fmt;

/// A kind of file. All are text: there is nothing here to unpack, to render or to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Comma-separated values.
    Csv,
    /// Plain text.
    Text,
}

/// What a media type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Declared {
    Kind(Kind),
    /// What clients write who do not know better.
    Nothing,
    Other,
}

/// Why a file is of no kind that is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KindProblem {
    /// Neither its name nor its type tells a kind.
    #[error("neither its name nor its type tells what it is; accepted are {accepted}")]
    Unknown {
        /// What is accepted.
        accepted: String,
    },
    /// It is of a kind that is not accepted.
    #[error("its {by} is not accepted; accepted are {accepted}")]
    NotAccepted {
        /// What tells the kind: `name` or `type`.
        by: &'static str,
        /// What is accepted.
        accepted: String,
    },
    /// Name and type contradict each other.
    #[error("its name says {name}, its type says {declared}")]
    Contradiction {
        /// What the name says.
        name: Kind,
        /// What the type says.
        declared: Kind,
    },
    /// The declared character set is not UTF-8.
    #[error("its character set is not UTF-8")]
    Charset,
}

impl Kind {
    /// The extensions of its files; the first is the usual one.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["json"],
            Self::Yaml => &["yaml", "yml"],
            Self::Csv => &["csv"],
            Self::Text => &["txt"],
        }
    }

    /// Its media types; the first is the registered one, the others are what clients send.
    pub fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json", "text/json"],
            Self::Yaml => {
                &["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/vnd.yaml"]
            }
            Self::Csv => &["text/csv", "application/csv", "text/x-csv", "application/vnd.ms-excel"],
            Self::Text => &["text/plain"],
        }
    }

    /// The registered media type.
    pub fn media_type(self) -> &'static str {
        self.media_types().first().copied().unwrap_or_default()
    }

    const ALL: [Self; 4] = [Self::Json, Self::Yaml, Self::Csv, Self::Text];

    fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.extensions().contains(&extension))
    }

    /// The kind that a media type declares.
    pub(super) fn of_media_type(essence: &str) -> Option<Self> {
        let structured = |suffix| essence.starts_with("application/") && essence.ends_with(suffix);
        match essence {
            _ if structured("+json") => Some(Self::Json),
            _ if structured("+yaml") => Some(Self::Yaml),
            _ => Self::ALL.into_iter().find(|kind| kind.media_types().contains(&essence)),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Csv => "CSV",
            Self::Text => "plain text",
        })
    }
}

fn declared(essence: &str) -> Declared {
    match essence {
        "" | "application/octet-stream" | "text/plain" => Declared::Nothing,
        essence => Kind::of_media_type(essence).map_or(Declared::Other, Declared::Kind),
    }
}

/// The kind of a file by its extension and its declared type, if the two agree and the kind is accepted.
///
/// | extension | declared type | verdict |
/// |---|---|---|
/// | of an accepted kind | of the same | that kind |
/// | of an accepted kind | none, `application/octet-stream`, `text/plain` | that kind |
/// | of an accepted kind | of another | contradiction |
/// | of any other kind, unknown | any | not accepted, by its name |
/// | none | of an accepted kind | that kind |
/// | none | none, `application/octet-stream` | unknown |
/// | any | unknown, such as `image/svg+xml` | not accepted, by its type |
///
/// # Errors
///
/// See [`KindProblem`].
pub(super) fn agreed(extension: Option<&str>, essence: &str, accepted: &[Kind]) -> Result<Kind, KindProblem> {
    let not_accepted = |by| Err(KindProblem::NotAccepted { by, accepted: listed(accepted) });
    let checked = |kind, by| if accepted.contains(&kind) { Ok(kind) } else { not_accepted(by) };
    match (extension.map(Kind::of_extension), declared(essence)) {
        (Some(None), _) => not_accepted("name"),
        (_, Declared::Other) => not_accepted("type"),
        (Some(Some(name)), Declared::Kind(declared)) if name != declared => {
            checked(name, "name")?;
            Err(KindProblem::Contradiction { name, declared })
        }
        (Some(Some(name)), _) => checked(name, "name"),
        (None, Declared::Kind(declared)) => checked(declared, "type"),
        (None, Declared::Nothing) if essence == "text/plain" && accepted.contains(&Kind::Text) => {
            Ok(Kind::Text)
        }
        (None, Declared::Nothing) => Err(KindProblem::Unknown { accepted: listed(accepted) }),
    }
}

/// `JSON (.json), YAML (.yaml, .yml)`.
fn listed(kinds: &[Kind]) -> String {
    let described = |kind: &Kind| {
        let extensions: Vec<_> = kind.extensions().iter().map(|extension| format!(".{extension}")).collect();
        format!("{kind} ({})", extensions.join(", "))
    };
    kinds.iter().map(described).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        enum Verdict {
            Is(Kind),
            NotAccepted(&'static str),
            Contradiction,
            Unknown,
        }
        use Verdict::{Contradiction, Is, NotAccepted, Unknown};
        let accepted = &[Kind::Json, Kind::Yaml];
        let rows = [
            (Some("json"), "application/json", Is(Kind::Json)),
            (Some("json"), "text/json", Is(Kind::Json)),
            (Some("json"), "application/hal+json", Is(Kind::Json)),
            (Some("json"), "", Is(Kind::Json)),
            (Some("json"), "application/octet-stream", Is(Kind::Json)),
            (Some("json"), "text/plain", Is(Kind::Json)),
            (Some("yml"), "application/yaml", Is(Kind::Yaml)),
            (Some("yaml"), "application/x-yaml", Is(Kind::Yaml)),
            (None, "application/json", Is(Kind::Json)),
            (None, "text/yaml", Is(Kind::Yaml)),
            (Some("json"), "application/yaml", Contradiction),
            (Some("yaml"), "application/json", Contradiction),
            (Some("json"), "text/csv", Contradiction),
            (Some("csv"), "text/csv", NotAccepted("name")),
            (Some("csv"), "application/json", NotAccepted("name")),
            (Some("txt"), "text/plain", NotAccepted("name")),
            (Some("exe"), "application/json", NotAccepted("name")),
            (Some("svg"), "image/svg+xml", NotAccepted("name")),
            (Some("zip"), "application/zip", NotAccepted("name")),
            (Some(""), "application/json", NotAccepted("name")),
            (Some("json"), "image/svg+xml", NotAccepted("type")),
            (Some("json"), "text/html", NotAccepted("type")),
            (Some("json"), "application/zip", NotAccepted("type")),
            (Some("json"), "multipart/mixed", NotAccepted("type")),
            (None, "text/csv", NotAccepted("type")),
            (None, "image/png", NotAccepted("type")),
            (None, "", Unknown),
            (None, "text/plain", Unknown),
            (None, "application/octet-stream", Unknown),
        ];
        for (extension, essence, verdict) in rows {
            let found = agreed(extension, essence, accepted);
            let fits = match (&verdict, &found) {
                (Is(expected), Ok(kind)) => kind == expected,
                (NotAccepted(expected), Err(KindProblem::NotAccepted { by, .. })) => by == expected,
                (Contradiction, Err(KindProblem::Contradiction { .. }))
                | (Unknown, Err(KindProblem::Unknown { .. })) => true,
                _ => false,
            };
            assert!(fits, "{extension:?} {essence}: {found:?}");
        }
        assert_eq!(agreed(None, "text/plain", &[Kind::Text]), Ok(Kind::Text));
    }

    #[test]
    fn no_name_and_no_type_stands_for_two_kinds() {
        let extensions: Vec<_> = Kind::ALL.iter().flat_map(|kind| kind.extensions()).collect();
        let types: Vec<_> = Kind::ALL.iter().flat_map(|kind| kind.media_types()).collect();
        for names in [extensions, types] {
            assert!(names.iter().all(|name| names.iter().filter(|other| other == &name).count() == 1));
        }
    }
}
