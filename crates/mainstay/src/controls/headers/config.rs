//! What browsers are told about this service for the time to come.

use std::time::Duration;

use mainstay_core::settings::{Explanation, Problem, Reader, Section};

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0214",
        title: "browsers forget soon that this service is https only",
        text: "With Strict-Transport-Security a browser that was here once comes back by https\n\
               only, whatever a link or a stranger's network says. Below a year, or without the\n\
               names below this one, there are moments in which the first request goes out in\n\
               plain text, cookies of sibling names included.\n\n\
               Leave HSTS_MAX_AGE and HSTS_SUBDOMAINS at their defaults once every name below\n\
               PUBLIC_URL speaks https. The header is only sent where PUBLIC_URL is https.",
    },
    Explanation {
        code: "MS0215",
        title: "the preload lists of browsers take no such promise",
        text: "HSTS_PRELOAD=yes asks to be put on the lists that browsers ship. They only take\n\
               names that promise at least a year (HSTS_MAX_AGE=365d) and include all names\n\
               below (HSTS_SUBDOMAINS=yes). To get off these lists takes months.",
    },
];

/// The least time that counts as a promise: a year.
const YEAR: Duration = Duration::from_hours(365 * 24);

/// `HSTS_MAX_AGE` and what belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HstsSettings {
    /// `HSTS_MAX_AGE`: how long browsers use https only; zero says nothing.
    pub max_age: Duration,
    /// `HSTS_SUBDOMAINS`: whether all names below are meant too.
    pub subdomains: bool,
    /// `HSTS_PRELOAD`: whether browsers may know it before the first visit.
    pub preload: bool,
}

impl Section for HstsSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Security headers", "What browsers are told for the time to come.");
        let settings = Self {
            max_age: reader
                .field("HSTS_MAX_AGE")
                .doc("How long browsers come by https only. Sent only where PUBLIC_URL is https; 0 sends nothing.")
                .default(Duration::ZERO)
                .default_strict(YEAR)
                .bounds(Duration::ZERO..=YEAR * 10)
                .too_high("browsers do not forget it earlier, whatever happens to the certificate")
                .read(),
            subdomains: reader
                .field("HSTS_SUBDOMAINS")
                .doc("Whether this holds for all names below that of PUBLIC_URL too.")
                .default(true)
                .read(),
            preload: reader
                .field("HSTS_PRELOAD")
                .doc("Whether the name may be put on the lists that browsers ship.")
                .default(false)
                .read(),
        };
        let promises_a_year = settings.max_age >= YEAR && settings.subdomains;
        if settings.preload && !promises_a_year {
            let problem = Problem::error("MS0215", "HSTS_PRELOAD needs a year and all names below")
                .at("HSTS_PRELOAD")
                .because("the lists of browsers take no other promise")
                .help("set HSTS_MAX_AGE=365d and HSTS_SUBDOMAINS=yes, or HSTS_PRELOAD=no");
            reader.problem(problem);
        } else if reader.strict() && !promises_a_year {
            let at = if settings.max_age < YEAR { "HSTS_MAX_AGE" } else { "HSTS_SUBDOMAINS" };
            let problem =
                Problem::warning("MS0214", "https is promised for less than a year, or not for all names")
                    .at(at)
                    .because("a first request in plain text can be read and answered by anybody on the way")
                    .help("remove HSTS_MAX_AGE and HSTS_SUBDOMAINS to get a year and all names below");
            reader.problem(problem);
        }
        settings
    }
}
