//! What every code of a diagnostic means.

use mainstay_core::settings::Explanation;

use crate::controls::{cors, csrf, headers};
use crate::{admission, identity, life, limits, openapi, pipeline, redis, session, settings};

/// The explanations of the runtime and of what it stands on, in the order of their codes.
pub fn explanations() -> Vec<&'static Explanation> {
    let rooms = [
        mainstay_core::settings::EXPLANATIONS,
        settings::EXPLANATIONS,
        pipeline::config::EXPLANATIONS,
        admission::EXPLANATIONS,
        openapi::EXPLANATIONS,
        cors::EXPLANATIONS,
        csrf::EXPLANATIONS,
        headers::EXPLANATIONS,
        mainstay_db::EXPLANATIONS,
        life::EXPLANATIONS,
        session::EXPLANATIONS,
        limits::EXPLANATIONS,
        redis::EXPLANATIONS,
        identity::EXPLANATIONS,
        #[cfg(feature = "alerts")]
        crate::alerts::EXPLANATIONS,
    ];
    let mut all: Vec<_> = rooms.into_iter().flatten().collect();
    all.sort_by_key(|explanation| explanation.code);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_explained_once() {
        let all = explanations();
        for (one, next) in all.iter().zip(all.iter().skip(1)) {
            assert!(one.code < next.code, "{} is explained twice", one.code);
        }
        // From there on they are of `mainstay audit`, which sees to the same.
        assert!(all.iter().all(|explanation| explanation.code < "MS1000"));
    }
}
