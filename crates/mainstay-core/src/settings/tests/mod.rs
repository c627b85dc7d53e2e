//! Tests of settings as a whole; what they share is here.

mod explanations;
mod reading;
mod sources;
mod values;

use std::time::Duration;

use super::*;
use crate::Secret;

/// A section with one field of each kind that behaves in its own way.
#[derive(Debug)]
struct Sample {
    port: u16,
    pool: u32,
    timeout: Duration,
    password: Option<Secret>,
    url: Option<String>,
    hosts: Vec<String>,
}

impl Section for Sample {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Sample", "One of each.");
        Self {
            port: reader
                .field("PORT")
                .default(8080)
                .default_strict(80)
                .bounds(1..)
                .too_low("nobody can find it")
                .read(),
            pool: reader
                .field::<u32>("POOL")
                .alias("DB_POOL")
                .default(5)
                .bounds(1..=10)
                .too_high("too many")
                .read(),
            timeout: reader.field("TIMEOUT").default(Duration::from_secs(5)).read(),
            password: reader.field::<Secret>("PASSWORD").required_in_strict(),
            url: reader.field::<String>("URL").optional(),
            hosts: reader.field::<Vec<String>>("HOSTS").default(vec!["localhost".to_owned()]).read(),
        }
    }
}

fn summary(problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| format!(" {}", place.source)).unwrap_or_default();
    format!("{}{place}: {}", problem.code, problem.message)
}
