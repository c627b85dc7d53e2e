//! `value; name=value; name="quoted value"`: what `Content-Type` and `Content-Disposition` have in common.

/// A header's value, cut into its parts. Names are lower case, and none occurs twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameterised {
    /// What stands before the first `;`, lower case.
    pub(super) essence: String,
    parameters: Vec<(String, String)>,
}

impl Parameterised {
    /// Parses a value. `None` where it breaks the grammar, or names a parameter twice: which of the two was meant
    /// nobody can know, and somebody in front of us may have read the other one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (essence, mut rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        let essence = essence.trim_matches(BLANKS).to_ascii_lowercase();
        let mut parameters: Vec<(String, String)> = Vec::new();
        while let Some(after) = rest.strip_prefix(';') {
            let after = after.trim_start_matches(BLANKS);
            if after.is_empty() {
                // A `;` at the end is untidy and cannot mean anything else.
                return Some(Self { essence, parameters });
            }
            let (name, after) = after.split_once('=')?;
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => unquote(quoted)?,
                None => bare(after)?,
            };
            let name = name.to_ascii_lowercase();
            if !is_token(&name) || parameters.iter().any(|(other, _)| *other == name) {
                return None;
            }
            parameters.push((name, value));
            rest = after.trim_start_matches(BLANKS);
        }
        rest.is_empty().then_some(Self { essence, parameters })
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// An unquoted value, and what follows it.
fn bare(text: &str) -> Option<(String, &str)> {
    let end = text.find([';', ' ', '\t']).unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    is_token(value).then(|| (value.to_owned(), rest))
}

/// The rest of a quoted value behind its opening quote, and what follows the closing one.
///
/// Only `\"` and `\\` are escapes. Any other backslash is one: clients that send folders do not double them.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match letters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push('\\'),
            },
            letter => value.push(letter),
        }
    }
    None
}

fn is_token(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A text, and what it is cut into.
    type Row<'a> = (&'a str, Option<(&'a str, &'a [(&'a str, &'a str)])>);

    #[test]
    fn decision_table() {
        let rows: &[Row<'_>] = &[
            ("form-data", Some(("form-data", &[]))),
            ("Form-Data ; Name=a", Some(("form-data", &[("name", "a")]))),
            ("x;a=b;", Some(("x", &[("a", "b")]))),
            ("x; a=b \t; c=d", Some(("x", &[("a", "b"), ("c", "d")]))),
            (r#"x; a="b; c=d""#, Some(("x", &[("a", "b; c=d")]))),
            (r#"x; a="say \"hi\" \\ C:\dir""#, Some(("x", &[("a", r#"say "hi" \ C:\dir"#)]))),
            (r#"x; a="""#, Some(("x", &[("a", "")]))),
            ("x; f*=UTF-8''%e2%82%ac", Some(("x", &[("f*", "UTF-8''%e2%82%ac")]))),
            ("", Some(("", &[]))),
            ("x; a", None),
            ("x; a=", None),
            ("x; =b", None),
            ("x; a =b", None),
            ("x; a= b", None),
            ("x; a=b c", None),
            ("x; a=b\"c", None),
            ("x; a=\"b", None),
            ("x; a=\"b\\\"", None),
            ("x; a=\"b\"c", None),
            ("x; a=b; A=c", None),
            ("x; a=ü", None),
        ];
        for (text, expected) in rows {
            let expected = expected.map(|(essence, parameters)| Parameterised {
                essence: essence.to_owned(),
                parameters: parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            });
            assert_eq!(Parameterised::parse(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoting_is_undone(value in "\\PC{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let parsed = Parameterised::parse(&format!("x; a=\"{quoted}\"; b=c")).unwrap();
            prop_assert_eq!((parsed.get("a"), parsed.get("b")), (Some(value.as_str()), Some("c")));
        }

        #[test]
        fn nothing_makes_it_panic(text in "[\\PC;=\"\\\\]{0,60}") {
            let _ = Parameterised::parse(&text);
        }
    }
}
