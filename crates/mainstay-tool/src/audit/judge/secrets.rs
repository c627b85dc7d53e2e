//! Secrets where everybody sees them.

/// Whether a name says that its value is a secret, and the value is one.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let telling =
        ["SECRET", "PASSWORD", "PASSWD", "TOKEN", "PRIVATE_KEY", "API_KEY", "ACCESS_KEY", "FALLBACKS"];
    let named = telling.iter().any(|word| name.contains(word));
    let is_reference =
        name.ends_with("_FILE") || value.is_empty() || value.starts_with('$') || value.starts_with('/');
    (named && !is_reference) || has_password(value)
}

/// Whether a value is a URL with a password in it.
fn has_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !password.starts_with('$'))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn a_secret_is_told_by_its_name_or_by_a_password_in_it() {
        assert!(is_secret("SECRET_KEY", "0123456789abcdef"));
        assert!(is_secret("DATABASE_URL", "postgresql://app:hunter2@db/app"));
        assert!(is_secret("POSTGRES_PASSWORD", "hunter2"));
        assert!(!is_secret("SECRET_KEY", ""));
        assert!(!is_secret("SECRET_KEY", "${SECRET_KEY}"));
        assert!(!is_secret("SECRET_KEY_FILE", "/run/secrets/secret_key"));
        assert!(!is_secret("DATABASE_URL", "postgresql://app@db/app"));
        assert!(!is_secret("DATABASE_URL", "postgresql://app:${PASSWORD}@db/app"));
        assert!(!is_secret("PUBLIC_URL", "https://app.example.org"));
    }
}
