//! Whether the reference is served.

use mainstay_core::settings::{Explanation, Problem, Reader, Section};

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[Explanation {
    code: "MS0203",
    title: "the API reference is public",
    text: "The reference lists every route, its parameters and its limits. That helps those who\n\
           build on the API, and those who look for a weak place. In staging and production it is\n\
           off unless DOCS_ENABLED=yes asks for it. `openapi` prints the same document without\n\
           serving it.",
}];

/// Whether `/docs` and `/openapi.json` are answered.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceSettings {
    /// `DOCS_ENABLED`.
    pub enabled: bool,
}

impl Section for ReferenceSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("API reference", "Whether the service describes itself.");
        let enabled = reader
            .field("DOCS_ENABLED")
            .doc("Whether /docs and /openapi.json are answered. Off, they are 404.")
            .default(true)
            .default_strict(false)
            .read();
        if enabled && reader.strict() {
            let problem = Problem::warning("MS0203", "the API reference is public").at("DOCS_ENABLED");
            let problem = problem.because("it shows every route to those who look for a weak place");
            reader
                .problem(problem.help("set DOCS_ENABLED=no; the command `openapi` prints the same document"));
        }
        Self { enabled }
    }
}
