//! Configurations of nginx: directives and blocks.

use std::path::PathBuf;

use super::File;

/// One directive, with its block if it has one.
#[derive(Clone, Debug)]
pub(in crate::audit) struct Directive {
    pub(in crate::audit) name: String,
    pub(in crate::audit) arguments: Vec<String>,
    /// The file it stands in: includes are put in place.
    pub(in crate::audit) path: PathBuf,
    pub(in crate::audit) line: usize,
    pub(in crate::audit) block: Vec<Directive>,
}

impl Directive {
    /// The arguments, with single blanks between.
    pub(in crate::audit) fn text(&self) -> String {
        self.arguments.join(" ")
    }

    /// The first argument.
    pub(in crate::audit) fn first(&self) -> &str {
        self.arguments.first().map(String::as_str).unwrap_or_default()
    }

    /// Every directive of a name in this block and those in it.
    pub(in crate::audit) fn find_all<'a>(&'a self, name: &str, found: &mut Vec<&'a Self>) {
        for directive in &self.block {
            if directive.name == name {
                found.push(directive);
            }
            directive.find_all(name, found);
        }
    }
}

/// Reads a file as one block without a name.
pub(in crate::audit) fn read(file: &File) -> Result<Directive, String> {
    let mut tokens = tokens(&file.text)?.into_iter().peekable();
    let block = directives(&mut tokens, file, 0)?;
    if let Some((token, line)) = tokens.next() {
        return Err(format!("line {line}: `{token}` closes nothing"));
    }
    Ok(Directive { name: String::new(), arguments: Vec::new(), path: file.path.clone(), line: 1, block })
}

/// Deeper nesting than any configuration has.
const DEEPEST: usize = 32;

type Tokens = std::iter::Peekable<std::vec::IntoIter<(String, usize)>>;

fn directives(tokens: &mut Tokens, file: &File, depth: usize) -> Result<Vec<Directive>, String> {
    if depth > DEEPEST {
        return Err("blocks are nested too deeply".into());
    }
    let mut found = Vec::new();
    while let Some((name, line)) = tokens.next_if(|(token, _)| token != "}") {
        let mut directive =
            Directive { name, arguments: Vec::new(), path: file.path.clone(), line, block: Vec::new() };
        loop {
            match tokens.next() {
                Some((token, _)) if token == ";" => break,
                Some((token, _)) if token == "{" => {
                    directive.block = directives(tokens, file, depth + 1)?;
                    if tokens.next().is_none() {
                        return Err(format!("line {line}: a block is not closed"));
                    }
                    break;
                }
                Some((argument, _)) => directive.arguments.push(argument),
                None => return Err(format!("line {line}: a directive is not ended")),
            }
        }
        found.push(directive);
    }
    Ok(found)
}

/// The words of a file with their lines; `;`, `{` and `}` are words of their own.
fn tokens(text: &str) -> Result<Vec<(String, usize)>, String> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    let mut line = 1;
    while let Some(character) = characters.next() {
        match character {
            '\n' => line += 1,
            _ if character.is_whitespace() => {}
            '#' => while characters.next_if(|next| *next != '\n').is_some() {},
            ';' | '{' | '}' => tokens.push((character.to_string(), line)),
            '"' | '\'' => {
                let (began, mut word) = (line, String::new());
                loop {
                    match characters.next() {
                        None => return Err(format!("line {began}: a quote is not closed")),
                        Some(next) if next == character => break,
                        Some('\\') => word.extend(characters.next()),
                        Some(next) => {
                            line += usize::from(next == '\n');
                            word.push(next);
                        }
                    }
                }
                tokens.push((word, began));
            }
            _ => {
                let mut word = String::from(character);
                // `${name}` is a part of a word.
                let mut braces = 0_usize;
                while let Some(next) = characters.next_if(|next| {
                    !next.is_whitespace()
                        && *next != ';'
                        && (*next != '{' || word.ends_with('$'))
                        && (*next != '}' || braces > 0)
                }) {
                    match next {
                        '{' => braces += 1,
                        '}' => braces -= 1,
                        _ => {}
                    }
                    word.push(next);
                }
                tokens.push((word, line));
            }
        }
    }
    Ok(tokens)
}
