//! References to images.

/// Whether a reference names one version and no other: a digest, or a tag that holds a full version.
pub(super) fn is_pinned(reference: &str) -> bool {
    if reference.contains("@sha256:") {
        return true;
    }
    let last = reference.rsplit('/').next().unwrap_or(reference);
    let Some((_, tag)) = last.split_once(':') else { return false };
    // `15` and `bookworm` move; `15.14-bookworm` and `v3.5.0` do not.
    let version = tag.trim_start_matches('v').split('-').next().unwrap_or_default();
    let parts: Vec<_> = version.split('.').collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.chars().all(|character| character.is_ascii_digit());
    parts.len() >= 2 && parts.iter().all(is_number)
}

/// Whether a reference is filled in from outside, so that nobody knows here what it is.
pub(super) fn is_unknown(reference: &str) -> bool {
    reference.contains('$')
}

/// Whether an image is that of a store.
pub(super) fn is_store(reference: &str) -> bool {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    let name = last.split([':', '@']).next().unwrap_or(last);
    ["postgres", "redis", "valkey", "mysql", "mariadb", "mongo", "memcached"]
        .iter()
        .any(|store| name.starts_with(store))
}

/// Whether an image is that of a proxy.
pub(super) fn is_proxy(reference: &str) -> bool {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    ["nginx", "caddy", "traefik", "haproxy", "envoy"].iter().any(|proxy| last.starts_with(proxy))
}

/// Whether a base holds a compiler.
pub(super) fn holds_tools(reference: &str) -> bool {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    ["rust", "gcc", "golang", "buildpack-deps"]
        .iter()
        .any(|tools| last.split([':', '@']).next() == Some(tools))
}

#[cfg(test)]
mod tests {
    use super::is_pinned;

    #[test]
    fn pinned_is_what_names_one_version() {
        for reference in [
            "postgres:15.14-bookworm",
            "prom/prometheus:v3.5.0",
            "registry.example.org:5000/app:0.1.0",
            "debian@sha256:0000",
        ] {
            assert!(is_pinned(reference), "{reference}");
        }
        for reference in [
            "postgres",
            "postgres:15",
            "postgres:latest",
            "debian:bookworm-slim",
            "registry:5000/app",
            "app:stable",
        ] {
            assert!(!is_pinned(reference), "{reference}");
        }
    }
}
