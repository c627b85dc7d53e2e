//! What a route takes.

use super::Kind;

/// The rules of an upload, as a type: a handler that takes an [`Upload`](super::Upload) names them in its signature.
///
/// ```
/// use mainstay::upload::{Accepts, Kind, Rules, Upload};
/// use mainstay::{Json, Role, Routes};
///
/// struct Tables;
///
/// impl Accepts for Tables {
///     const RULES: Rules = Rules::of(&[Kind::Csv]).files(4).fields(&["title"]);
/// }
///
/// async fn count(upload: Upload<Tables>) -> Json<usize> {
///     Json(upload.files().iter().map(|file| file.text().lines().count()).sum())
/// }
///
/// let routes: Routes = Routes::at("/api/v1/tables").post("", count).role(Role::Editor);
/// ```
pub trait Accepts: Send + Sync + 'static {
    /// The rules.
    const RULES: Rules;
}

/// What a route takes. How large a body may be as a whole is `MAX_UPLOAD_SIZE_MB`.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub(super) kinds: &'static [Kind],
    pub(super) files: usize,
    pub(super) file_bytes: usize,
    pub(super) fields: &'static [&'static str],
}

impl Rules {
    /// One file of one of these kinds, and no fields beside it.
    pub const fn of(kinds: &'static [Kind]) -> Self {
        Self { kinds, files: 1, file_bytes: usize::MAX, fields: &[] }
    }

    /// The most files of a form.
    #[must_use]
    pub const fn files(mut self, most: usize) -> Self {
        self.files = most;
        self
    }

    /// The largest file, in bytes, where that is less than what a body may be.
    #[must_use]
    pub const fn file_bytes(mut self, most: usize) -> Self {
        self.file_bytes = most;
        self
    }

    /// The fields of text that a form may have beside its files, each once and of at most 4 KiB.
    #[must_use]
    pub const fn fields(mut self, names: &'static [&'static str]) -> Self {
        self.fields = names;
        self
    }

    /// The most parts of a form: files, fields, and the token that pages send along.
    pub(super) fn parts(&self) -> usize {
        self.files.saturating_add(self.fields.len()).saturating_add(1)
    }

    /// What to send, in words.
    pub(super) fn wanted(&self) -> String {
        let types = self.kinds.iter().map(|kind| kind.media_type());
        types.chain([super::FORM]).collect::<Vec<_>>().join(", ")
    }
}
