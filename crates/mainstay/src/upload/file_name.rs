//! Names of files. They are metadata: nothing is ever stored under a name that a client sent.
//!
//! A hostile name is refused rather than repaired: who sends one means no good, and of two clients that send
//! `a/x.json` and `b/x.json` both would find `x.json`. [`FileName::cleaned`] is for the other way, where a name is
//! made of a text of ours and has to come out.

use std::fmt;

/// The longest name, in bytes: what common file systems take.
const MAX_BYTES: usize = 255;

/// The longest extension that [`FileName::cleaned`] takes care to keep, in bytes, with its dot.
const KEPT_EXTENSION: usize = 16;

/// A name that no file system, shell, log or page can take for anything else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName(String);

/// Why a name is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileNameProblem {
    /// Nothing, or blanks.
    #[error("its name is empty")]
    Empty,
    /// Longer than file systems take.
    #[error("its name is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// A folder, a drive, a stream, or a letter that looks like a separator.
    #[error("its name holds a folder or a drive")]
    Folder,
    /// A separator, dot or NUL in percent-encoding: harmless until somebody decodes it.
    #[error("its name is percent-encoded")]
    Encoded,
    /// A control character, NUL among them, or a line separator.
    #[error("its name holds a control character")]
    Control,
    /// A character that is not seen, or changes the order of those that are.
    #[error("its name holds an invisible character")]
    Invisible,
    /// A character with a meaning of its own in shells and on some systems.
    #[error("its name holds one of < > \" | ? *")]
    Special,
    /// A dot first.
    #[error("its name begins with a dot")]
    Hidden,
    /// A blank at either end, or a dot at the end: some systems drop them.
    #[error("its name begins or ends with a blank, or ends with a dot")]
    Edge,
    /// The name of a device, with or without an extension.
    #[error("its name is that of a device")]
    Device,
}

impl FileName {
    /// Takes a name as it is.
    ///
    /// | name | verdict |
    /// |---|---|
    /// | `rules.json`, `Übersicht 2.yaml`, `目录.csv` | as it is |
    /// | empty, only blanks | empty |
    /// | more than 255 bytes | too long |
    /// | `a/b`, `a\b`, `..\a`, `C:a`, `a:stream`, `a∕b`, `a＼b` | folder |
    /// | `%2e%2e`, `a%2Fb`, `a%5cb`, `a%00b` | encoded |
    /// | NUL, tab, line feed, DEL, U+0085, U+2028 | control |
    /// | U+202E (right to left), U+200B (zero width), U+FEFF, U+E0041 (tag) | invisible |
    /// | `a?`, `<a>`, `a\|b` | special |
    /// | `.htaccess`, `..`, `．a` (full width) | hidden |
    /// | `a.json.`, `a.json `, ` a.json` | edge |
    /// | `CON`, `aux.json`, `com1.tar.gz`, `LPT¹`, `nul .txt` | device |
    ///
    /// # Errors
    ///
    /// The first of these that holds.
    pub fn parse(name: &str) -> Result<Self, FileNameProblem> {
        problem_of(name).map_or_else(|| Ok(Self(name.to_owned())), Err)
    }

    /// Makes a name of any text: what may not stand in a name becomes `_`, what may not stand at an end is dropped,
    /// and what is too long is cut, before its extension. A name that [`FileName::parse`] takes stays as it is.
    pub fn cleaned(text: &str) -> Self {
        if problem_of(text).is_none() {
            return Self(text.to_owned());
        }
        let clean = |letter| if of_letter(letter).is_none() && letter != '%' { letter } else { '_' };
        let name: String = text.chars().map(clean).collect();
        let name = name.trim_matches(is_edge);
        // Room for the sign in front of a device's name.
        let name = shortened(name, MAX_BYTES - 1);
        match problem_of(&name) {
            None => Self(name),
            Some(FileNameProblem::Device) => Self(format!("_{name}")),
            Some(_) => Self("file".to_owned()),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the last dot, lower case.
    pub fn extension(&self) -> Option<String> {
        self.0.rsplit_once('.').map(|(_, extension)| extension.to_lowercase())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn problem_of(name: &str) -> Option<FileNameProblem> {
    if name.trim().is_empty() {
        return Some(FileNameProblem::Empty);
    }
    if name.len() > MAX_BYTES {
        return Some(FileNameProblem::TooLong);
    }
    if let Some(problem) = name.chars().find_map(of_letter) {
        return Some(problem);
    }
    if is_encoded(name) {
        return Some(FileNameProblem::Encoded);
    }
    if name.starts_with(is_dot) {
        return Some(FileNameProblem::Hidden);
    }
    if name.starts_with(char::is_whitespace) || name.ends_with(is_edge) {
        return Some(FileNameProblem::Edge);
    }
    is_device(name).then_some(FileNameProblem::Device)
}

fn of_letter(letter: char) -> Option<FileNameProblem> {
    match letter {
        // Separators, and letters that look like them and that some systems fold into them.
        '/' | '\\' | ':' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{29f5}' | '\u{29f8}' | '\u{29f9}'
        | '\u{a789}' | '\u{fe55}' | '\u{fe68}' | '\u{ff0f}' | '\u{ff1a}' | '\u{ff3c}' => {
            Some(FileNameProblem::Folder)
        }
        '<' | '>' | '"' | '|' | '?' | '*' => Some(FileNameProblem::Special),
        '\u{2028}' | '\u{2029}' => Some(FileNameProblem::Control),
        letter if letter.is_control() => Some(FileNameProblem::Control),
        // Without U+200C and U+200D: words of several languages are written with them.
        '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Some(FileNameProblem::Invisible),
        _ => None,
    }
}

/// Whether a percent-encoded dot, separator or NUL is in it.
fn is_encoded(name: &str) -> bool {
    name.as_bytes().windows(3).any(|window| {
        let [b'%', high, low] = window else { return false };
        matches!((high, low.to_ascii_lowercase()), (b'2', b'e' | b'f') | (b'5', b'c') | (b'0', b'0'))
    })
}

/// A dot, or what some systems fold into one.
fn is_dot(letter: char) -> bool {
    matches!(letter, '.' | '\u{2024}' | '\u{2025}' | '\u{2026}' | '\u{fe52}' | '\u{ff0e}')
}

fn is_edge(letter: char) -> bool {
    is_dot(letter) || letter.is_whitespace()
}

/// Whether some systems open a device instead, whatever the extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_numbered = |rest: &str| {
        let mut letters = rest.chars();
        matches!((letters.next(), letters.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CLOCK$" | "CONIN$" | "CONOUT$")
        || ["COM", "LPT"].iter().any(|port| stem.strip_prefix(port).is_some_and(is_numbered))
}

/// At most so many bytes of a name, with its extension if that is a short one.
fn shortened(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let extension = name.rfind('.').and_then(|at| name.get(at..)).filter(|rest| rest.len() <= KEPT_EXTENSION);
    let extension = extension.unwrap_or_default();
    let stem = name.get(..name.floor_char_boundary(most - extension.len())).unwrap_or_default();
    format!("{}{extension}", stem.trim_end_matches(is_edge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use FileNameProblem::{
        Control, Device, Edge, Empty, Encoded, Folder, Hidden, Invisible, Special, TooLong,
    };
    use proptest::prelude::*;

    #[test]
    fn decision_table() {
        let fitting = "a".repeat(255);
        for name in [
            "rules.json",
            "Übersicht 2.yaml",
            "目录.csv",
            "می\u{200c}خواهم.json",
            "a..json",
            "a'b`$(c)&.json",
            "100%.csv",
            "%41.csv",
            "console.json",
            "COM10",
            "comx.json",
            "a.con",
            &fitting,
        ] {
            assert_eq!(FileName::parse(name).unwrap().as_str(), name);
            assert_eq!(FileName::cleaned(name).as_str(), name);
        }
        let long = "a".repeat(300);
        let long = format!("{long}.json");
        let cut = format!("{}.json", "a".repeat(249));
        let rows = [
            ("", Empty, "file"),
            (" \t ", Empty, "_"),
            (&long, TooLong, &cut),
            ("/etc/passwd", Folder, "_etc_passwd"),
            ("../../rules.json", Folder, "_.._rules.json"),
            ("..\\..\\rules.json", Folder, "_.._rules.json"),
            ("C:\\rules.json", Folder, "C__rules.json"),
            ("C:rules.json", Folder, "C_rules.json"),
            ("rules.json:hidden", Folder, "rules.json_hidden"),
            ("rules.json::$DATA", Folder, "rules.json__$DATA"),
            ("a\u{2215}b", Folder, "a_b"),
            ("a\u{ff3c}b", Folder, "a_b"),
            ("%2e%2e%2frules.json", Encoded, "_2e_2e_2frules.json"),
            ("a%5Cb", Encoded, "a_5Cb"),
            ("a.exe%00.json", Encoded, "a.exe_00.json"),
            ("a.exe\0.json", Control, "a.exe_.json"),
            ("a\tb", Control, "a_b"),
            ("a\r\nX: b", Control, "a__X_ b"),
            ("a\u{7f}", Control, "a_"),
            ("a\u{85}", Control, "a_"),
            ("a\u{2028}b", Control, "a_b"),
            ("a\u{202e}nosj.exe", Invisible, "a_nosj.exe"),
            ("a\u{200b}.json", Invisible, "a_.json"),
            ("\u{feff}a.json", Invisible, "_a.json"),
            ("a\u{e0041}", Invisible, "a_"),
            ("a?.json", Special, "a_.json"),
            ("<script>.json", Special, "_script_.json"),
            ("a|b", Special, "a_b"),
            (".htaccess", Hidden, "htaccess"),
            ("..", Hidden, "file"),
            ("...", Hidden, "file"),
            ("\u{ff0e}a", Hidden, "a"),
            ("\u{2026}a", Hidden, "a"),
            ("a.json.", Edge, "a.json"),
            ("a.json ", Edge, "a.json"),
            (" a.json", Edge, "a.json"),
            ("a\u{a0}", Edge, "a"),
            ("CON", Device, "_CON"),
            ("aux.json", Device, "_aux.json"),
            ("com1.tar.gz", Device, "_com1.tar.gz"),
            ("LPT\u{b9}", Device, "_LPT\u{b9}"),
            ("nul .txt", Device, "_nul .txt"),
            ("conin$", Device, "_conin$"),
        ];
        for (name, problem, cleaned) in rows {
            assert_eq!(FileName::parse(name), Err(problem), "{name:?}");
            assert_eq!(FileName::cleaned(name).as_str(), cleaned, "{name:?}");
        }
    }

    #[test]
    fn extensions_are_the_last() {
        let rows = [("a.JSON", Some("json")), ("a.json.exe", Some("exe")), ("a", None), ("a.ÄB", Some("äb"))];
        for (name, expected) in rows {
            assert_eq!(FileName::parse(name).unwrap().extension().as_deref(), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn cleaned_names_are_names(text in prop_oneof![".{0,300}", "[./\\\\:% \u{202e}a-cCON0-2]{0,20}"]) {
            let cleaned = FileName::cleaned(&text);
            prop_assert_eq!(FileName::parse(cleaned.as_str()), Ok(cleaned.clone()));
            prop_assert_eq!(FileName::cleaned(cleaned.as_str()), cleaned);
        }
    }
}
