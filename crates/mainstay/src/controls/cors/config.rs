//! Which other origins may read answers.

use std::time::Duration;

use mainstay_core::settings::{Explanation, Invalid, Problem, Reader, Section, Setting};

use crate::controls::origin::Origin;

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0211",
        title: "pages of every origin may read answers",
        text: "CORS_ORIGINS=* lets the scripts of every page in the world read what this service\n\
               answers to a browser. That is right for public data only, and easily forgotten\n\
               when the data is no longer public.\n\n\
               List the origins whose pages need it, each with scheme, host and port:\n\n\
               \u{20}   CORS_ORIGINS=https://app.example.org,https://admin.example.org\n\n\
               Pages that this service serves itself need no entry. An empty list grants nothing\n\
               to anybody.",
    },
    Explanation {
        code: "MS0212",
        title: "pages of every origin may act as whoever is signed in",
        text: "CORS_ALLOW_CREDENTIALS=yes lets other origins send the cookies of a signed-in user\n\
               and read the answers. Together with CORS_ORIGINS=* every page in the world could\n\
               read what your users may read, so browsers refuse the combination, and so does the\n\
               service, in every environment.\n\n\
               List the origins in CORS_ORIGINS, or set CORS_ALLOW_CREDENTIALS=no.",
    },
];

/// `CORS_ORIGINS` and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsSettings {
    /// `CORS_ORIGINS`: the origins whose pages may read answers.
    pub origins: Vec<AllowedOrigin>,
    /// `CORS_ALLOW_CREDENTIALS`: whether they may send cookies, and read what a signed-in user may read.
    pub credentials: bool,
    /// `CORS_MAX_AGE`: how long a browser may remember the answer to a preflight.
    pub max_age: Duration,
}

/// One entry of `CORS_ORIGINS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `*`: every origin.
    Any,
    /// This origin.
    Exact(Origin),
}

impl Default for CorsSettings {
    /// The documented defaults.
    fn default() -> Self {
        Self { origins: default_origins(), credentials: false, max_age: DEFAULT_MAX_AGE }
    }
}

const DEFAULT_MAX_AGE: Duration = Duration::from_mins(10);

fn default_origins() -> Vec<AllowedOrigin> {
    Origin::parse("http://localhost:5000").map(AllowedOrigin::Exact).into_iter().collect()
}

impl Section for CorsSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Other origins", "Which pages of other origins may read answers (CORS).");
        let settings = Self {
            origins: reader
                .field("CORS_ORIGINS")
                .doc("The origins whose pages may read answers, each with scheme, host and port. Empty grants nothing.")
                .default(default_origins())
                .example("https://app.example.org")
                .read(),
            credentials: reader
                .field("CORS_ALLOW_CREDENTIALS")
                .doc("Whether those pages may send cookies. Their writes also need an entry in CSRF_TRUSTED_ORIGINS.")
                .default(false)
                .read(),
            max_age: reader
                .field("CORS_MAX_AGE")
                .doc("How long a browser may remember the answer to a preflight.")
                .default(DEFAULT_MAX_AGE)
                .bounds(Duration::ZERO..=Duration::from_hours(24))
                .too_high("an origin that is taken off the list keeps its grant for that long")
                .read(),
        };
        if settings.is_any() && settings.credentials {
            let problem =
                Problem::error("MS0212", "CORS_ORIGINS=* is combined with CORS_ALLOW_CREDENTIALS=yes")
                    .at("CORS_ALLOW_CREDENTIALS")
                    .because("every page in the world could read what a signed-in user may read")
                    .help("list the origins in CORS_ORIGINS, or set CORS_ALLOW_CREDENTIALS=no");
            reader.problem(problem);
        } else if settings.is_any() {
            let problem = Problem::error("MS0211", "CORS_ORIGINS allows every origin")
                .at("CORS_ORIGINS")
                .because("the scripts of every page in the world can read what is answered")
                .help("list the origins that need it, such as CORS_ORIGINS=https://app.example.org");
            reader.insecure(problem);
        }
        settings
    }
}

impl CorsSettings {
    /// Whether every origin is allowed.
    pub fn is_any(&self) -> bool {
        self.origins.contains(&AllowedOrigin::Any)
    }
}

impl Setting for AllowedOrigin {
    fn kind() -> &'static str {
        Origin::kind()
    }

    fn expected() -> String {
        format!("{}, or `*`", Origin::expected())
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim() == "*" { Ok(Self::Any) } else { Origin::parse(text).map(Self::Exact) }
    }

    fn show(&self) -> String {
        match self {
            Self::Any => "*".to_owned(),
            Self::Exact(origin) => origin.show(),
        }
    }
}
