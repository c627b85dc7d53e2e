//! What an import brings: as the body itself, or in the files of a form; in JSON or in YAML.
//!
//! | body | what is taken |
//! |---|---|
//! | JSON | as `T` |
//! | YAML | as `T`; where `T` is a list, one object stands for a list of one |
//! | a form with up to 16 files of JSON or YAML | each as above, one object included; all together are one import |

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use mainstay::extract::{read_json, shaped};
use mainstay::routes::{DescribeRequest, Operation};
use mainstay::upload::{Accepts, Kind, Rules, UploadedFile};
use mainstay::{Detail, ErrorCode, Refusal, Upload};
use mainstay_core::Tasks;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::domain::Object;
use crate::files::{Format, Limits, LoadError, parse};
use crate::import::{Document, Part};

/// The most files of one import.
const MAX_FILES: usize = 16;

/// The most values of a YAML document: as many as of a JSON body.
const MAX_VALUES: usize = 500_000;

/// How many imports are read at once. Each may take a hundred megabytes while it is read.
const READ_AT_ONCE: usize = 2;

/// What an import brings, whatever it is packed in.
pub(super) struct Imported<T>(pub(super) T);

/// What can be put together of several files.
pub(super) trait Importable: DeserializeOwned + Default + JsonSchema + Send + 'static {
    /// Adds what another file holds.
    fn add(&mut self, more: Self);

    /// What an object is where the whole is a list of objects.
    fn of_one(object: Object) -> Result<Self, Value>;
}

impl Importable for Vec<Object> {
    fn add(&mut self, more: Self) {
        self.extend(more);
    }

    fn of_one(object: Object) -> Result<Self, Value> {
        Ok(vec![object])
    }
}

impl Importable for Document {
    fn add(&mut self, mut more: Self) {
        for part in Part::ALL {
            if let Some(rows) = more.part_mut(part).take() {
                self.part_mut(part).get_or_insert_default().extend(rows);
            }
        }
    }

    fn of_one(object: Object) -> Result<Self, Value> {
        Err(Value::Object(object))
    }
}

/// The files that an import takes.
struct ImportFiles;

impl Accepts for ImportFiles {
    const RULES: Rules = Rules::of(&[Kind::Json, Kind::Yaml]).files(MAX_FILES);
}

/// Reads documents apart from the threads that serve requests, and only so many of them at once.
#[derive(Clone, Debug)]
pub struct DocumentReader {
    limits: Limits,
    tasks: Tasks,
    places: Arc<Semaphore>,
}

impl DocumentReader {
    /// A reader that takes YAML as deep and with as many aliases as `limits` say.
    pub fn new(limits: Limits, tasks: Tasks) -> Self {
        // How many bytes there may be is decided while they arrive.
        let limits = Limits { bytes: u64::MAX, values: MAX_VALUES, ..limits };
        Self { limits, tasks, places: Arc::new(Semaphore::new(READ_AT_ONCE)) }
    }

    async fn read<T: Importable>(&self, files: Vec<UploadedFile>) -> Result<T, Refusal> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let limits = self.limits;
        let work = self.tasks.spawn_blocking("import: reading", move || {
            let _place = place;
            // A defect that one document finds in a parser must not end the service.
            catch_unwind(AssertUnwindSafe(|| all::<T>(&files, limits)))
        });
        match work.await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) | Err(_) => Err(Refusal::new(ErrorCode::InternalError).because(ReaderPanicked)),
        }
    }
}

/// A document made a parser panic.
#[derive(Debug, thiserror::Error)]
#[error("reading a document panicked")]
struct ReaderPanicked;

fn all<T: Importable>(files: &[UploadedFile], limits: Limits) -> Result<T, Refusal> {
    let mut all = T::default();
    for file in files {
        let refused = |refusal: Refusal| match file.name() {
            Some(name) => {
                let message = format!("{name}: {}", refusal.text());
                refusal.message(message)
            }
            None => refusal,
        };
        all.add(one(file, limits).map_err(refused)?);
    }
    Ok(all)
}

fn one<T: Importable>(file: &UploadedFile, limits: Limits) -> Result<T, Refusal> {
    let value = match file.kind() {
        Kind::Yaml => parse(file.text().as_bytes(), Format::Yaml, limits).map_err(malformed)?,
        _ => read_json(file.text().as_bytes())?,
    };
    // Clients know that a JSON body which is no list is refused.
    let is_plain_body = file.field().is_empty() && file.kind() == Kind::Json;
    let value = match value {
        Value::Object(object) if !is_plain_body => match T::of_one(object) {
            Ok(whole) => return Ok(whole),
            Err(value) => value,
        },
        value => value,
    };
    shaped(value)
}

fn malformed(error: LoadError) -> Refusal {
    let message = error.to_string();
    Refusal::new(ErrorCode::MalformedBody).detail(Detail::new("", "malformed", message)).because(error)
}

impl<S, T> FromRequest<S> for Imported<T>
where
    S: Send + Sync,
    DocumentReader: FromRef<S>,
    T: Importable,
{
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, Refusal> {
        let upload = Upload::<ImportFiles>::from_request(request, state).await?;
        DocumentReader::from_ref(state).read(upload.into_files()).await.map(Self)
    }
}

impl<T: Importable> DescribeRequest for Imported<T> {
    const IS_UPLOAD: bool = true;

    fn describe(operation: &mut Operation, schemas: &mut SchemaGenerator) {
        <Upload<ImportFiles> as DescribeRequest>::describe(operation, schemas);
        for (content_type, schema) in &mut operation.bodies {
            if [Kind::Json, Kind::Yaml].iter().any(|kind| kind.media_type() == *content_type) {
                *schema = schemas.subschema_for::<T>();
            }
        }
    }
}
