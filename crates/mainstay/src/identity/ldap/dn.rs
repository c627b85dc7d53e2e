//! Names of entries, as far as two of them have to be compared.

/// The one form in which names are compared: lower case, no blanks beside `,`, `+` and `=`.
///
/// That is how directories compare the attributes that groups are named by (RFC 4517, `caseIgnoreMatch`), but for
/// runs of blanks within a value, which are kept. A name that is not matched gives no role, so what is too strict here
/// is noticed.
pub(super) fn comparable(dn: &str) -> String {
    let mut form = String::with_capacity(dn.len());
    let mut escaped = false;
    for character in dn.trim().chars() {
        let is_separator = !escaped && matches!(character, ',' | '+' | '=');
        if is_separator {
            while form.ends_with(' ') && !form.ends_with("\\ ") {
                form.pop();
            }
        }
        let follows_separator = form.ends_with([',', '+', '=']) && !ends_escaped(&form);
        if !(character == ' ' && !escaped && follows_separator) {
            form.extend(character.to_lowercase());
        }
        escaped = character == '\\' && !escaped;
    }
    form
}

/// Whether the last character stands behind a backslash that is not escaped itself.
fn ends_escaped(form: &str) -> bool {
    let mut characters = form.chars().rev();
    characters.next();
    characters.take_while(|character| *character == '\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let rows = [
            ("cn=Editors,ou=Groups,dc=example,dc=org", "CN=editors, OU=groups, DC=Example, DC=Org", true),
            ("cn=a b,dc=x", "cn = a b , dc = x", true),
            ("cn=a\\, b,dc=x", "cn=a\\, b,dc=x", true),
            ("cn=a\\, b,dc=x", "cn=a\\,b,dc=x", false),
            ("cn=editors,dc=x", "cn=editors,dc=y", false),
            ("cn=editors,dc=x", "cn=editors,ou=evil,dc=x", false),
            ("cn=editors,dc=x", "cn=editors\\,dc=x", false),
            ("cn=ÉDITEURS,dc=x", "cn=éditeurs,dc=x", true),
            ("", "cn=editors,dc=x", false),
        ];
        for (one, other, same) in rows {
            assert_eq!(comparable(one) == comparable(other), same, "{one} / {other}");
        }
    }
}
