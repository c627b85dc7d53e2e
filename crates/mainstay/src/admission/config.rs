//! The settings of admission.

use mainstay_core::settings::{Explanation, Problem, Reader, Section};

/// The codes of this section.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0231",
        title: "the limits of admission contradict each other",
        text: "The number of requests that are worked on at once moves between ADMISSION_MIN and\n\
               ADMISSION_MAX, and begins at ADMISSION_START. So the three must be in that order.\n\n\
               The defaults (4, 32, 4096) suit almost every service: the limit finds its place by\n\
               itself within a second or two of load. Set only what you know better.",
    },
    Explanation {
        code: "MS0232",
        title: "the service takes on more work than it can do",
        text: "Without admission, every request is worked on at once, however many there are. Beyond\n\
               the capacity of the service each of them gets slower, until all of them are answered\n\
               too late for whoever asked: the service works hard and helps nobody.\n\n\
               ADMISSION_ENABLED=no is for measurements. Leave it out anywhere else.",
    },
];

/// How much work is taken on at once, and how much may wait.
#[derive(Clone, Debug)]
pub struct AdmissionSettings {
    /// Whether work is limited at all.
    pub enabled: bool,
    /// The limit never falls below this.
    pub min: u32,
    /// The limit at start.
    pub start: u32,
    /// The limit never rises above this.
    pub max: u32,
    /// Most requests that wait for their turn, in each lane.
    pub queue: usize,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self { enabled: true, min: 4, start: 32, max: 4096, queue: 1000 }
    }
}

impl Section for AdmissionSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group(
            "Admission",
            "How many requests are worked on at once. The limit moves by itself with what the service achieves.",
        );
        let default = Self::default();
        let settings = Self {
            enabled: reader
                .field("ADMISSION_ENABLED")
                .doc("Whether work beyond the capacity of the service is turned away before it is begun.")
                .default(default.enabled)
                .read(),
            min: reader
                .field("ADMISSION_MIN")
                .doc("The limit never falls below this.")
                .default(default.min)
                .bounds(2..=65_536)
                .too_low("a slow dependency leaves next to nothing of the service")
                .too_high("the limit cannot follow what the service achieves")
                .read(),
            start: reader
                .field("ADMISSION_START")
                .doc("The limit at start. It doubles from there for as long as answers stay as fast as they were.")
                .default(default.start)
                .bounds(2..=65_536)
                .too_low("a burst right after the start is turned away")
                .too_high("a burst right after the start is more than can be answered in time")
                .read(),
            max: reader
                .field("ADMISSION_MAX")
                .doc("The limit never rises above this.")
                .default(default.max)
                .bounds(2..=65_536)
                .too_low("requests are turned away while there is room")
                .too_high("memory for that many requests may not be there")
                .read(),
            queue: reader
                .field("ADMISSION_QUEUE")
                .doc("Most requests that wait for their turn. None waits longer than a moment, whatever this says.")
                .default(default.queue)
                .bounds(1..=100_000)
                .too_low("short bursts are turned away")
                .too_high("memory goes to requests that are turned away later")
                .read(),
        };
        let ordered = settings.min <= settings.start && settings.start <= settings.max;
        if !ordered {
            let problem =
                Problem::error("MS0231", "ADMISSION_MIN, ADMISSION_START and ADMISSION_MAX are not in order");
            let problem = problem
                .at("ADMISSION_START")
                .because("the limit begins at START and moves between MIN and MAX");
            reader.problem(problem.help("leave them out, or choose MIN ≤ START ≤ MAX"));
        }
        if !settings.enabled && reader.strict() {
            let problem = Problem::warning("MS0232", "ADMISSION_ENABLED is off").at("ADMISSION_ENABLED");
            let problem = problem.because("beyond its capacity the service then answers everybody too late");
            reader.problem(problem.help("leave ADMISSION_ENABLED out"));
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use mainstay_core::settings::{Environment, read_pairs};

    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let read = read_pairs::<AdmissionSettings>(Environment::Production, &[]);
        assert!(read.report.problems.is_empty());
        assert_eq!(format!("{:?}", read.settings.unwrap()), format!("{:?}", AdmissionSettings::default()));
    }

    #[test]
    fn contradictions_and_dangers_are_told() {
        let codes = |environment, pairs: &[(&'static str, &'static str)]| -> Vec<_> {
            let report = read_pairs::<AdmissionSettings>(environment, pairs).report;
            report.problems.iter().map(|problem| problem.code).collect()
        };
        assert_eq!(codes(Environment::Development, &[("ADMISSION_MIN", "64")]), ["MS0231"]);
        assert_eq!(codes(Environment::Development, &[("ADMISSION_MAX", "8")]), ["MS0231"]);
        let off = [("ADMISSION_ENABLED", "no")];
        assert!(codes(Environment::Development, &off).is_empty());
        assert_eq!(codes(Environment::Production, &off), ["MS0232"]);
    }
}
