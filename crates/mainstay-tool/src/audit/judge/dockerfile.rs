//! Dockerfiles.

use mainstay_core::settings::Problem;

use super::{image, secrets};
use crate::audit::discover::Found;
use crate::audit::files::File;
use crate::audit::files::dockerfile::{Instruction, Stage, images, stages};
use crate::audit::rules;

pub(super) fn judge(found: &mut Found, problems: &mut Vec<Problem>) {
    for file in &found.dockerfiles {
        let stages = stages(file);
        for stage in &stages {
            judge_base(file, stage, &stages, problems);
            for instruction in &stage.instructions {
                judge_instruction(file, instruction, problems);
            }
        }
        for stage in images(&stages) {
            judge_image(file, stage, &stages, problems);
        }
        judge_context(file, &stages, &found.ignores, problems);
    }
}

fn judge_base(file: &File, stage: &Stage, stages: &[Stage], problems: &mut Vec<Problem>) {
    let is_stage = stages.iter().any(|other| other.name.as_deref() == Some(&stage.base));
    if is_stage || stage.base == "scratch" || image::is_unknown(&stage.base) {
        return;
    }
    if !image::is_pinned(&stage.base) {
        let message = format!("the base image `{}` is not pinned", stage.base);
        problems.push(rules::UNPINNED_IMAGE.at(file.line(stage.line, &stage.base), message));
    }
}

fn judge_instruction(file: &File, instruction: &Instruction, problems: &mut Vec<Problem>) {
    match instruction.word.as_str() {
        "ENV" | "ARG" | "LABEL" => {
            for pair in instruction.rest.split_whitespace() {
                let Some((name, value)) = pair.split_once('=') else { continue };
                if secrets::is_secret(name, value.trim_matches('"')) {
                    let message = format!("{name} has a value in the image");
                    let place = file.secret_line(instruction.line, name);
                    problems.push(rules::SECRET_IN_CLEAR.at(place, message));
                }
            }
        }
        "ADD" if instruction.rest.contains("://") && !instruction.rest.contains("--checksum=") => {
            problems.push(rules::FETCHED_BY_ADD.found(file.line(instruction.line, "ADD")));
        }
        _ => {}
    }
}

/// What becomes an image.
fn judge_image(file: &File, stage: &Stage, stages: &[Stage], problems: &mut Vec<Problem>) {
    let last = |word: &str| stage.last(word, stages);
    let place = |instruction: Option<&Instruction>| match instruction {
        Some(instruction) => file.line(instruction.line, &instruction.rest),
        None => file.line(stage.line, "FROM"),
    };
    let user = last("USER");
    let name = user.map(|user| user.rest.split(':').next().unwrap_or_default());
    if name.is_none_or(|name| matches!(name, "root" | "0")) {
        problems.push(rules::ROOT_USER.found(place(user)));
    }
    let health = last("HEALTHCHECK");
    if health.is_none_or(|check| check.rest.eq_ignore_ascii_case("none")) {
        problems.push(rules::NO_HEALTH_CHECK.found(place(health)));
    }
    for word in ["ENTRYPOINT", "CMD"] {
        if let Some(command) = last(word).filter(|command| !command.rest.starts_with('[')) {
            problems.push(rules::SHELL_FORM.found(place(Some(command))));
        }
    }
    if image::holds_tools(&root_of(stage, stages).base) {
        problems.push(rules::TOOLS_IN_IMAGE.found(file.line(stage.line, "FROM")));
    }
}

/// The stage that a stage begins from, in the end.
fn root_of<'a>(stage: &'a Stage, stages: &'a [Stage]) -> &'a Stage {
    let base = stages.iter().find(|other| other.name.as_deref() == Some(&stage.base));
    match base.filter(|base| base.line < stage.line) {
        Some(base) => root_of(base, stages),
        None => stage,
    }
}

/// What the image is built from.
fn judge_context(file: &File, stages: &[Stage], ignores: &[File], problems: &mut Vec<Problem>) {
    let copies = stages.iter().flat_map(|stage| &stage.instructions);
    let everything = copies
        .filter(|one| matches!(one.word.as_str(), "COPY" | "ADD") && !one.rest.contains("--from="))
        .find(|one| one.rest.split_whitespace().find(|word| !word.starts_with("--")) == Some("."));
    let Some(everything) = everything else { return };
    // Beside the Dockerfile under its name, or at the root of the context, which is a folder above it.
    let own = format!("{}.dockerignore", file.name());
    let holds = |ignore: &&File| {
        let folder = ignore.path.parent().unwrap_or(&ignore.path);
        ignore.name() == own || (ignore.name() == ".dockerignore" && file.path.starts_with(folder))
    };
    let lists: Vec<&File> = ignores.iter().filter(holds).collect();
    let leaves_out = |name: &str| {
        lists.iter().any(|list| {
            let mut lines = list.text.lines().map(str::trim);
            lines.any(|line| {
                matches!(line, "*" | "**") || line.trim_matches('/').trim_start_matches("**/") == name
            })
        })
    };
    if !(leaves_out(".git") && leaves_out(".env")) {
        problems.push(rules::WIDE_CONTEXT.found(file.line(everything.line, &everything.rest)));
    }
}
