//! Dockerfiles: stages and their instructions.

use super::File;

/// One `FROM` and what follows it.
#[derive(Clone, Debug)]
pub(in crate::audit) struct Stage {
    /// The name after `AS`.
    pub(in crate::audit) name: Option<String>,
    /// What it begins from, with `ARG`s filled in.
    pub(in crate::audit) base: String,
    pub(in crate::audit) line: usize,
    pub(in crate::audit) instructions: Vec<Instruction>,
}

/// One instruction, with its continuation lines joined.
#[derive(Clone, Debug)]
pub(in crate::audit) struct Instruction {
    /// In upper case.
    pub(in crate::audit) word: String,
    pub(in crate::audit) rest: String,
    pub(in crate::audit) line: usize,
}

/// The stages of a file.
pub(in crate::audit) fn stages(file: &File) -> Vec<Stage> {
    let mut arguments: Vec<(String, String)> = Vec::new();
    let mut stages: Vec<Stage> = Vec::new();
    for instruction in instructions(&file.text) {
        match (instruction.word.as_str(), stages.last_mut()) {
            ("FROM", _) => {
                let words = instruction.rest.split_whitespace().filter(|word| !word.starts_with("--"));
                let words: Vec<_> = words.collect();
                let name = match words.as_slice() {
                    [_, keyword, name, ..] if keyword.eq_ignore_ascii_case("as") => Some((*name).to_owned()),
                    _ => None,
                };
                let base = fill_in(words.first().unwrap_or(&""), &arguments);
                stages.push(Stage { name, base, line: instruction.line, instructions: Vec::new() });
            }
            ("ARG", None) => arguments.extend(
                instruction.rest.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())),
            ),
            (_, Some(stage)) => stage.instructions.push(instruction),
            (_, None) => {}
        }
    }
    stages
}

/// The stages that become images: those that no other stage begins from or copies out of.
pub(in crate::audit) fn images(stages: &[Stage]) -> Vec<&Stage> {
    let used = |stage: &Stage| {
        let Some(name) = &stage.name else { return false };
        stages.iter().any(|other| {
            other.base == *name
                || other.instructions.iter().any(|one| one.rest.contains(&format!("--from={name} ")))
        })
    };
    stages.iter().filter(|stage| !used(stage)).collect()
}

impl Stage {
    /// The last instruction of this word, in the stage or in those it begins from.
    pub(in crate::audit) fn last<'a>(&'a self, word: &str, stages: &'a [Self]) -> Option<&'a Instruction> {
        let own = self.instructions.iter().rev().find(|instruction| instruction.word == word);
        let base = || stages.iter().find(|stage| stage.name.as_deref() == Some(&self.base));
        own.or_else(|| base().filter(|base| base.line < self.line)?.last(word, stages))
    }
}

fn instructions(text: &str) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    let mut open: Option<Instruction> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (part, goes_on) = match trimmed.strip_suffix('\\') {
            Some(part) => (part.trim_end(), true),
            None => (trimmed, false),
        };
        let instruction = if let Some(mut instruction) = open.take() {
            instruction.rest.push(' ');
            instruction.rest.push_str(part);
            instruction
        } else {
            let (word, rest) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
            Instruction { word: word.to_uppercase(), rest: rest.trim().to_owned(), line: index + 1 }
        };
        if goes_on {
            open = Some(instruction);
        } else {
            instructions.push(instruction);
        }
    }
    instructions.extend(open);
    instructions
}

fn fill_in(text: &str, arguments: &[(String, String)]) -> String {
    arguments.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
    })
}
