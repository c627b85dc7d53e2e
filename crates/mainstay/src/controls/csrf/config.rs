//! How strictly the origin of a change is checked, and whose pages count as our own.

use mainstay_core::settings::{Choice, Explanation, Problem, Reader, Section};

use crate::controls::origin::Origin;

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0213",
        title: "forged requests are let through",
        text: "With CSRF_MODE=report the service checks where each change comes from, logs and\n\
               counts what it would refuse (csrf_reported_total), and carries it out all the\n\
               same. That helps while clients learn to send tokens. Until it ends, any page in\n\
               the world can make the browser of a signed-in user change things here.\n\n\
               Watch the metric; once it stands still, remove CSRF_MODE, or set\n\n\
               \u{20}   CSRF_MODE=enforce",
    },
    Explanation {
        code: "MS0216",
        title: "pages without https may change things",
        text: "CSRF_TRUSTED_ORIGINS lists origins whose pages may act for a signed-in user, as if\n\
               they were this service's own. A page that came by plain http can be replaced by\n\
               anybody on the way, and would then act with that right.\n\n\
               Serve the pages of these origins by https, and list them so.",
    },
];

/// `CSRF_MODE` and what belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsrfSettings {
    /// `CSRF_MODE`: what happens to a request that fails the check.
    pub mode: CsrfMode,
    /// `CSRF_TRUSTED_ORIGINS`: origins beside that of `PUBLIC_URL` whose pages may change things.
    pub trusted_origins: Vec<Origin>,
}

/// What happens to a request that fails the check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CsrfMode {
    /// It is refused.
    #[default]
    Enforce,
    /// It is logged, counted and carried out: for the time in which clients learn to send tokens.
    Report,
}

impl Choice for CsrfMode {
    const CHOICES: &'static [(&'static str, Self)] = &[("enforce", Self::Enforce), ("report", Self::Report)];
}

impl Section for CsrfSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group(
            "Request forgery",
            "Whose pages may change things in the name of a signed-in user (CSRF).",
        );
        let settings = Self {
            mode: reader
                .field("CSRF_MODE")
                .doc("What happens to a change that does not come from our own pages: refused, or only reported.")
                .default(CsrfMode::Enforce)
                .read(),
            trusted_origins: reader
                .field::<Vec<Origin>>("CSRF_TRUSTED_ORIGINS")
                .doc("Origins beside that of PUBLIC_URL whose pages may change things. They still need a token.")
                .default_text("none")
                .example("https://admin.example.org")
                .optional()
                .unwrap_or_default(),
        };
        if settings.mode == CsrfMode::Report && reader.strict() {
            let problem = Problem::warning("MS0213", "CSRF_MODE=report lets forged requests through")
                .at("CSRF_MODE")
                .because("any page in the world can change things in the name of a signed-in user")
                .help("set CSRF_MODE=enforce once csrf_reported_total stands still");
            reader.problem(problem);
        }
        if settings.trusted_origins.iter().any(|origin| !origin.is_secure() && !origin.is_loopback()) {
            let problem = Problem::error("MS0216", "an origin of CSRF_TRUSTED_ORIGINS is not https")
                .at("CSRF_TRUSTED_ORIGINS")
                .because("whoever can change that page on its way can act for whoever is signed in")
                .help("serve those pages by https, and list them as https://…");
            reader.insecure(problem);
        }
        settings
    }
}
