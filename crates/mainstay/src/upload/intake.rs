//! The parts of a form, judged one by one while they arrive.

use super::disposition::PartHead;
use super::multipart::Sink;
use super::{FileName, FileNameProblem, Kind, KindProblem, Rules, UploadError, UploadedFile, content, kind};
// By it a page shows that a form is its own. It is judged before the handler, and none of its business.
use crate::controls::csrf::FIELD as TOKEN;

/// The largest field of text, in bytes.
const FIELD_BYTES: usize = 4096;

/// Takes parts in. A part that cannot be taken is refused as soon as that is known: most by their heads alone.
pub(super) struct Intake {
    rules: Rules,
    parts: usize,
    open: Open,
    taken: Taken,
}

/// What was taken in.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) files: Vec<UploadedFile>,
    /// Names and texts.
    pub(super) fields: Vec<(String, String)>,
}

/// The part that is arriving.
enum Open {
    None,
    File {
        field: String,
        name: Option<FileName>,
        kind: Kind,
        bytes: Vec<u8>,
    },
    Field {
        name: String,
        bytes: Vec<u8>,
    },
    /// A file input that nobody used: browsers send it without a name and without content.
    Unused {
        field: String,
    },
}

impl Intake {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, parts: 0, open: Open::None, taken: Taken::default() }
    }

    /// A body that is a file itself.
    pub(super) fn whole(kind: Kind, bytes: Vec<u8>) -> Result<Taken, UploadError> {
        Ok(Taken { files: vec![take(String::new(), None, kind, bytes)?], fields: Vec::new() })
    }

    /// What was taken in, if there is a file among it.
    pub(super) fn finish(self) -> Result<Taken, UploadError> {
        if self.taken.files.is_empty() { Err(UploadError::NoFile) } else { Ok(self.taken) }
    }

    fn file(&self, head: PartHead, name: &str) -> Result<Open, UploadError> {
        let PartHead { field, media_type, charset, .. } = head;
        if name.is_empty() {
            return Ok(Open::Unused { field });
        }
        if self.taken.files.len() >= self.rules.files {
            return Err(UploadError::TooManyParts { limit: self.rules.files });
        }
        let refused = |problem| UploadError::Kind { field: field.clone(), problem };
        let name = match FileName::parse(name) {
            Ok(name) => name,
            Err(problem) => return Err(UploadError::FileName { field, problem }),
        };
        check_charset(charset.as_deref()).map_err(refused)?;
        let kind =
            kind::agreed(name.extension().as_deref(), &media_type, self.rules.kinds).map_err(refused)?;
        Ok(Open::File { field, name: Some(name), kind, bytes: Vec::new() })
    }

    fn field(&self, name: String) -> Result<Open, UploadError> {
        if name != TOKEN && !self.rules.fields.contains(&name.as_str()) {
            return Err(UploadError::UnknownField(name));
        }
        if self.taken.fields.iter().any(|(other, _)| *other == name) {
            return Err(UploadError::DoubledField(name));
        }
        Ok(Open::Field { name, bytes: Vec::new() })
    }
}

impl Sink for Intake {
    fn begin(&mut self, head: &str) -> Result<(), UploadError> {
        self.parts += 1;
        if self.parts > self.rules.parts() {
            return Err(UploadError::TooManyParts { limit: self.rules.parts() });
        }
        let mut head = PartHead::parse(head)?;
        self.open = match head.file_name.take() {
            Some(name) => self.file(head, &name)?,
            None => self.field(head.field)?,
        };
        Ok(())
    }

    fn content(&mut self, content: &[u8]) -> Result<(), UploadError> {
        let (field, bytes, limit) = match &mut self.open {
            Open::File { field, bytes, .. } => (field, bytes, self.rules.file_bytes),
            Open::Field { name, bytes } => (name, bytes, FIELD_BYTES),
            Open::Unused { field } if !content.is_empty() => {
                return Err(UploadError::FileName { field: field.clone(), problem: FileNameProblem::Empty });
            }
            Open::Unused { .. } | Open::None => return Ok(()),
        };
        if bytes.len().saturating_add(content.len()) > limit {
            return Err(UploadError::PartTooLarge { field: field.clone(), limit });
        }
        bytes.extend_from_slice(content);
        Ok(())
    }

    fn end(&mut self) -> Result<(), UploadError> {
        match std::mem::replace(&mut self.open, Open::None) {
            Open::File { field, name, kind, bytes } => self.taken.files.push(take(field, name, kind, bytes)?),
            Open::Field { name, bytes } => {
                let text = String::from_utf8(bytes).ok();
                let plain =
                    text.filter(|text| !text.chars().any(|c| c.is_control() && !"\t\r\n".contains(c)));
                let text = plain.ok_or_else(|| UploadError::FieldText(name.clone()))?;
                self.taken.fields.push((name, text));
            }
            Open::Unused { .. } | Open::None => {}
        }
        Ok(())
    }
}

/// UTF-8, or what is a part of it.
pub(super) fn check_charset(charset: Option<&str>) -> Result<(), KindProblem> {
    match charset {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(()),
        Some(_) => Err(KindProblem::Charset),
    }
}

fn take(
    field: String,
    name: Option<FileName>,
    kind: Kind,
    bytes: Vec<u8>,
) -> Result<UploadedFile, UploadError> {
    match content::text_of(bytes, kind) {
        Ok(text) => Ok(UploadedFile { field, name, kind, text }),
        Err(problem) => Err(UploadError::Content { field, problem }),
    }
}
