//! Crates that must not be built into anything of ours.

use super::Finding;

/// Name and reason.
const FORBIDDEN: [(&str, &str); 4] = [
    ("openssl-sys", "a system library; TLS is rustls"),
    ("native-tls", "a second TLS stack; TLS is rustls"),
    ("aws-lc-sys", "a second provider of cryptography beside ring"),
    ("rsa", "timing side channel without a fix (RUSTSEC-2023-0071); ring verifies RSA"),
];

/// A violation for each forbidden crate among those that are built.
pub(crate) fn check<'a>(built: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let reason = |name| FORBIDDEN.iter().find(|(forbidden, _)| *forbidden == name).map(|(_, reason)| reason);
    built
        .filter_map(|name| reason(name).map(|reason| (name, reason)))
        .map(|(name, reason)| {
            Finding::Violation(format!(
                "{name} is built: {reason}; `cargo tree --invert {name}` shows for whom"
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_crate_is_a_violation_that_tells_how_to_find_who_wants_it() {
        let findings = check(["tokio", "native-tls", "ring"].into_iter());
        assert_eq!(
            findings,
            [Finding::Violation(
                "native-tls is built: a second TLS stack; TLS is rustls; \
                 `cargo tree --invert native-tls` shows for whom"
                    .to_owned()
            )]
        );
    }

    #[test]
    fn names_are_compared_as_a_whole() {
        assert_eq!(check(["rsa-like", "my-native-tls"].into_iter()), []);
    }
}
