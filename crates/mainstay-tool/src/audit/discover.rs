//! Which files of a folder belong to a deployment, and what each is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mainstay_core::settings::read_text;

use super::files::{File, nginx, unit::Unit};
use super::yaml::Node;
use super::{Judged, NotJudged};

/// Everything that was found in a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) dockerfiles: Vec<File>,
    pub(super) compose: Vec<(File, Node)>,
    pub(super) nginx: Vec<(File, nginx::Directive)>,
    pub(super) units: Vec<(File, Unit)>,
    pub(super) manifests: Vec<(File, Node)>,
    pub(super) settings: Vec<File>,
    pub(super) ignores: Vec<File>,
    pub(super) judged: Vec<Judged>,
    pub(super) not_judged: Vec<NotJudged>,
}

/// A larger file is no file of a deployment.
const LARGEST_BYTES: u64 = 1024 * 1024;

/// More files than any deployment has.
const MOST_FILES: usize = 20_000;

/// Folders that hold what others made.
const SKIPPED: [&str; 6] = [".git", "node_modules", "target", "vendor", ".venv", "secrets"];

/// Looks through a folder and those below it.
pub(super) fn discover(folder: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    let mut folders = vec![PathBuf::new()];
    let mut seen = 0_usize;
    while let Some(relative) = folders.pop() {
        let entries = match fs::read_dir(folder.join(&relative)) {
            Ok(entries) => entries,
            Err(error) if relative.as_os_str().is_empty() => return Err(error),
            Err(error) => {
                found.pass_over(relative, format!("the folder cannot be read: {error}"));
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = relative.join(entry.file_name());
            let name = entry.file_name().to_string_lossy().into_owned();
            // Links are not followed: they may lead anywhere, and in circles.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                folders.push(path);
            } else if kind.is_file() && is_candidate(&name) {
                seen += 1;
                if seen > MOST_FILES {
                    found.pass_over(path, format!("there are more than {MOST_FILES} files"));
                    return Ok(found);
                }
                match read_text(&folder.join(&path), LARGEST_BYTES) {
                    Ok(text) => found.take(File { path, text }),
                    Err(error) => found.pass_over(path, error.to_string()),
                }
            }
        }
    }
    found.judged.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Whether the name is that of a file to look into.
fn is_candidate(name: &str) -> bool {
    let name = name.to_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    is_dockerfile(&name)
        || name == ".dockerignore"
        || matches!(extension, "yaml" | "yml" | "conf" | "service" | "env" | "dockerignore")
}

fn is_dockerfile(name: &str) -> bool {
    let is = |stem: &str| {
        name == stem || name.starts_with(&format!("{stem}.")) || name.ends_with(&format!(".{stem}"))
    };
    (is("dockerfile") || is("containerfile")) && !name.ends_with(".dockerignore")
}

impl Found {
    fn take(&mut self, file: File) {
        let name = file.name();
        let path = file.path.clone();
        let kind = if is_dockerfile(&name) {
            self.dockerfiles.push(file);
            "Dockerfile"
        } else if name.ends_with(".dockerignore") {
            self.ignores.push(file);
            "list of what an image is not built from"
        } else {
            match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
                "yaml" | "yml" => match self.take_yaml(file) {
                    Some(kind) => kind,
                    None => return,
                },
                "conf" => match self.take_conf(file) {
                    Some(kind) => kind,
                    None => return,
                },
                "service" => {
                    let unit = Unit::read(&file);
                    self.units.push((file, unit));
                    "unit of systemd"
                }
                _ => {
                    self.settings.push(file);
                    "file of settings"
                }
            }
        };
        self.judged.push(Judged { path, kind });
    }

    fn take_yaml(&mut self, file: File) -> Option<&'static str> {
        let documents = match Node::read(&file.text) {
            Ok(documents) => documents,
            // Templates of Helm and the like look like YAML and are none.
            Err(error) => {
                let reason = error.to_string();
                let first = reason.lines().next().unwrap_or("it is no YAML").to_owned();
                self.pass_over(file.path, first);
                return None;
            }
        };
        if documents.iter().any(|one| one.at(["apiVersion"]).is_some() && one.at(["kind"]).is_some()) {
            self.manifests.extend(documents.into_iter().map(|document| (file.clone(), document)));
            return Some("Kubernetes manifest");
        }
        let document = documents.into_iter().next()?;
        let has_services = document.at(["services"]).is_some_and(|services| {
            services.entries().any(|(_, one)| one.at(["image"]).is_some() || one.at(["build"]).is_some())
        });
        if !has_services {
            return None;
        }
        self.compose.push((file, document));
        Some("Compose file")
    }

    fn take_conf(&mut self, file: File) -> Option<&'static str> {
        const OF_NGINX: [&str; 5] = ["server", "upstream", "http", "events", "proxy_set_header"];
        // Redis, PostgreSQL and others have files of this name too.
        let root = match nginx::read(&file) {
            Ok(root) => root,
            Err(reason) => {
                if OF_NGINX.iter().any(|word| file.text.contains(word)) {
                    self.pass_over(
                        file.path,
                        format!("not understood as a configuration of nginx: {reason}"),
                    );
                }
                return None;
            }
        };
        let is_nginx = root.block.iter().any(|directive| {
            let word = directive.name.as_str();
            OF_NGINX.contains(&word) && (word == "proxy_set_header" || !directive.block.is_empty())
        });
        if !is_nginx {
            return None;
        }
        self.nginx.push((file, root));
        Some("configuration of nginx")
    }

    /// Notes a file that is not judged.
    pub(super) fn pass_over(&mut self, path: PathBuf, reason: impl Into<String>) {
        self.not_judged.push(NotJudged { path, reason: reason.into() });
    }
}
