//! A guest book: the application of the tutorial, in one file.

// ANCHOR: head
use axum::extract::State;
use mainstay::identity::Identity;
use mainstay::life::App;
use mainstay::refusal::Detail;
use mainstay::{BuildError, Created, ErrorCode, Json, Query, Refusal, Role, Routes, Service};
use mainstay_core::settings::{Reader, Section};
use mainstay_db::{Database, Migrations, query};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
// ANCHOR_END: head

// ANCHOR: service
/// The service.
pub struct Guestbook;

impl Service for Guestbook {
    const NAME: &'static str = "guestbook";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const ABOUT: &'static str = "Keeps what guests write.";

    type Settings = GuestbookSettings;
    type State = Book;

    fn routes(&self) -> Routes<Book> {
        Routes::at("/entries")
            .tag("Entries")
            .get("", list)
            .summary("Lists the newest entries")
            .role(Role::Viewer)
            .post("", write)
            .summary("Writes an entry")
            .role(Role::Editor)
    }

    fn migrations(&self) -> Migrations {
        #[derive(rust_embed::RustEmbed)]
        #[folder = "migrations"]
        struct Files;

        Migrations::new().and_embedded::<Files>("guestbook")
    }

    async fn build(&self, app: &mut App<GuestbookSettings>) -> Result<Book, BuildError> {
        Ok(Book { database: app.database().clone(), longest: app.settings().longest_message })
    }
}
// ANCHOR_END: service

// ANCHOR: settings
/// The settings.
pub struct GuestbookSettings {
    longest_message: usize,
}

impl Section for GuestbookSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Guest book", "What guests may write.");
        let longest_message = reader
            .field::<usize>("LONGEST_MESSAGE")
            .doc("Most characters of a message. Beyond it: 422.")
            .default(200)
            .bounds(1..=1000)
            .too_high("the page becomes long")
            .read();
        Self { longest_message }
    }
}
// ANCHOR_END: settings

// ANCHOR: state
/// What the handlers share.
#[derive(Clone)]
pub struct Book {
    database: Database,
    longest: usize,
}
// ANCHOR_END: state

// ANCHOR: types
/// What somebody wants to write.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewEntry {
    message: String,
}

/// What somebody wrote.
#[derive(Serialize, JsonSchema)]
struct Entry {
    /// The newest has the highest.
    id: i64,
    author: String,
    message: String,
}

#[derive(Deserialize, JsonSchema)]
struct Page {
    /// How many to return, at most 100.
    #[serde(default = "twenty")]
    limit: u8,
}

fn twenty() -> u8 {
    20
}
// ANCHOR_END: types

// ANCHOR: handlers
async fn list(State(book): State<Book>, Query(page): Query<Page>) -> Result<Json<Vec<Entry>>, Refusal> {
    let mut connection = book.database.read().await?;
    let rows = query("select id, author, message from entry order by id desc limit $1")
        .bind(i64::from(page.limit.min(100)))
        .fetch_all(&mut connection)
        .await?;
    let entry = |row: &mainstay_db::Row| {
        Ok::<_, Refusal>(Entry { id: row.get(0)?, author: row.get(1)?, message: row.get(2)? })
    };
    Ok(Json(rows.iter().map(entry).collect::<Result<_, _>>()?))
}

async fn write(
    State(book): State<Book>,
    identity: Identity,
    Json(new): Json<NewEntry>,
) -> Result<Created<Entry>, Refusal> {
    let message = new.message.trim();
    if message.is_empty() || message.chars().count() > book.longest {
        let text = format!("A message has 1 to {} characters.", book.longest);
        return Err(Refusal::new(ErrorCode::ValidationFailed).detail(Detail::new("message", "length", text)));
    }
    let author = &*identity.name;
    let mut transaction = book.database.write().await?;
    let row = query("insert into entry (author, message) values ($1, $2) returning id")
        .bind(author)
        .bind(message)
        .fetch_one(&mut transaction)
        .await?;
    let id = row.get(0)?;
    transaction.commit().await?;
    Ok(Created(Entry { id, author: author.to_owned(), message: message.to_owned() }))
}
// ANCHOR_END: handlers
