//! The statements in a text of SQL, without comments and without what stands in quotes.

/// One statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    /// The line of its first word, from 1.
    pub(super) line: usize,
    /// Its words in lower case; brackets and commas stand alone. Quoted names keep their quotes, and a quoted
    /// text is `''`.
    pub(super) words: Vec<String>,
}

/// Cuts a text into its statements. The body of a trigger or function belongs to the statement around it.
pub(super) fn statements(sql: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut current = Statement::default();
    let mut depth = 0_usize;
    for Token { line, word } in tokens(sql) {
        match word.as_str() {
            // `begin` opens a body only within a statement: `create trigger … begin … end`.
            "begin" | "case" if !current.words.is_empty() => depth += 1,
            "end" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => {
                if !current.words.is_empty() {
                    statements.push(std::mem::take(&mut current));
                }
                continue;
            }
            _ => {}
        }
        if current.words.is_empty() {
            current.line = line;
        }
        current.words.push(word);
    }
    if !current.words.is_empty() {
        statements.push(current);
    }
    statements
}

struct Token {
    line: usize,
    word: String,
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (length, word) = if first.is_whitespace() {
            (first.len_utf8(), None)
        } else if rest.starts_with("--") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), None)
        } else if first == '\'' {
            (quoted(rest, "'"), Some("''".to_owned()))
        } else if first == '"' {
            let length = quoted(rest, "\"");
            (length, Some(rest[..length].to_owned()))
        } else if let Some(tag) = dollar_tag(rest) {
            let length = rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len());
            (length, Some("''".to_owned()))
        } else if is_of_word(first) {
            let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            (length, Some(rest[..length].to_lowercase()))
        } else {
            (first.len_utf8(), Some(first.to_string()))
        };
        if let Some(word) = word {
            tokens.push(Token { line, word });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$')
}

/// The length of what stands in quotes at the beginning; a doubled quote does not end it.
fn quoted(text: &str, quote: &str) -> usize {
    let mut at = 1;
    loop {
        let Some(end) = text[at..].find(quote) else { return text.len() };
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
}

/// `$$` or `$body$` at the beginning.
fn dollar_tag(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('$')?;
    let name = &rest[..rest.find('$')?];
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_tag = is_name && !name.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then(|| &text[..name.len() + 2])
}

#[cfg(test)]
mod tests {
    use super::statements;

    fn cut(sql: &str) -> Vec<(usize, String)> {
        statements(sql).into_iter().map(|statement| (statement.line, statement.words.join(" "))).collect()
    }

    #[test]
    fn comments_and_quotes_hide_nothing() {
        let sql = "-- a; b\ncreate table a (x text default 'it''s; fine');\n\n\
                   /* drop table a; */ drop table \"B;\";";
        let expected = [(2, "create table a ( x text default '' )".into()), (4, "drop table \"B;\"".into())];
        assert_eq!(cut(sql), expected);
    }

    #[test]
    fn bodies_belong_to_their_statement() {
        let trigger = "create trigger t after insert on a\nbegin\n  select 1;\n  \
                       select case 1 when 1 then 2 end;\nend;\nselect 2";
        assert_eq!(cut(trigger).len(), 2);
        let function = "create function f() returns trigger language plpgsql as $body$\nbegin\n \
                        raise exception 'x; y';\nend;\n$body$;\nselect 1;";
        let expected = [
            (1, "create function f ( ) returns trigger language plpgsql as ''".into()),
            (6, "select 1".into()),
        ];
        assert_eq!(cut(function), expected);
        assert_eq!(cut("select $1, $2;"), [(1, "select $1 , $2".into())]);
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for sql in ["select 'a", "select \"a", "/* a", "select $$ a", "-- a", ""] {
            assert!(cut(sql).len() <= 1, "{sql}");
        }
    }
}
