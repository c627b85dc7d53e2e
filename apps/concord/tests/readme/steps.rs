//! The commands of a Markdown text, each with what it prints.

/// What stands between two fences.
#[derive(Debug)]
pub(crate) enum Block {
    /// Commands behind `$ `, each with its output below it.
    Steps(Vec<Step>),
    /// What is shown of the service itself.
    Shown(String),
}

/// A command and its output.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) output: String,
}

impl Block {
    pub(crate) fn steps(&self) -> Option<&[Step]> {
        match self {
            Self::Steps(steps) => Some(steps),
            Self::Shown(_) => None,
        }
    }

    pub(crate) fn shown(&self) -> Option<&str> {
        match self {
            Self::Steps(_) => None,
            Self::Shown(text) => Some(text),
        }
    }
}

/// All fenced blocks of a text.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    text.split("```").skip(1).step_by(2).map(block).collect()
}

fn block(text: &str) -> Block {
    if !text.trim_start().starts_with("$ ") {
        return Block::Shown(text.trim().to_owned());
    }
    let mut steps: Vec<Step> = Vec::new();
    for line in text.trim().lines() {
        let unfinished = steps.last_mut().filter(|step| !is_whole(&step.command));
        match (unfinished, line.strip_prefix("$ ")) {
            (Some(step), _) => step.command = format!("{}\n{line}", step.command),
            (None, Some(command)) => {
                steps.push(Step { command: command.to_owned(), output: String::new() });
            }
            (None, None) => {
                let step = steps.last_mut().unwrap();
                step.output = format!("{}{line}\n", step.output);
            }
        }
    }
    Block::Steps(steps)
}

/// Whether a command goes on in the next line: inside quotes, or behind a backslash.
fn is_whole(command: &str) -> bool {
    let mut quote = None;
    for character in command.chars().filter(|character| "'\"".contains(*character)) {
        match quote {
            None => quote = Some(character),
            Some(open) if open == character => quote = None,
            Some(_) => {}
        }
    }
    quote.is_none() && !command.ends_with('\\')
}

#[test]
fn commands_are_told_from_what_they_print() {
    let text = "words\n```\n$ one 'a\n  b' \\\n  c\n1\n$ two\n$ three\n3\n3\n```\nmore\n```\nshown\n```\n";
    let blocks = blocks(text);
    let steps = blocks[0].steps().unwrap();
    let rows: Vec<_> = steps.iter().map(|step| (step.command.as_str(), step.output.as_str())).collect();
    assert_eq!(rows, [("one 'a\n  b' \\\n  c", "1\n"), ("two", ""), ("three", "3\n3\n")]);
    assert_eq!(blocks[1].shown(), Some("shown"));
}
