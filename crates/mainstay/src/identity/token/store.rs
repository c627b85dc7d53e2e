//! Tokens in the database.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mainstay_core::{Clock, Shutdown, random};
use mainstay_db::{ByDialect, Database, DbError, FromValue, Row, Value, query};
use subtle::ConstantTimeEq;

use super::last_used::LastUsed;
use super::text::PREFIX;
use super::{ApiToken, ApiTokenId, ApiTokenText};
use crate::Role;
use crate::identity::audit::{self, TokenRefused};
use crate::identity::user::{UserId, UserName};
use crate::identity::{How, Identity};

/// The most live tokens that one owner has, and the most that belong to nobody.
pub const MAX_PER_OWNER: u32 = 100;

/// The most tokens in a list. Revoked and expired ones are among them.
const MAX_LISTED: u32 = 1_000;

/// How often the times of last use are written.
const WRITE_LAST_USED_EVERY: Duration = Duration::from_mins(1);

/// The API tokens of a service. Clones share them.
#[derive(Clone)]
pub struct ApiTokens {
    database: Database,
    clock: Clock,
    last_used: Arc<LastUsed>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewApiToken<'a> {
    /// What it is for, in words for people.
    pub name: &'a str,
    /// What it may do at most.
    pub role: Role,
    /// Whose it is; none for one that belongs to a program.
    pub owner: Option<UserId>,
    /// When it ends; never where there is none.
    pub expires_at: Option<Timestamp>,
}

/// A token cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateTokenError {
    /// The name is empty, longer than 100 characters, or has characters that cannot be seen.
    #[error("the name of a token has 1 to 100 characters that can be seen")]
    Name,
    /// It would have ended before it began.
    #[error("the end of the token is in the past")]
    Past,
    /// The owner has [`MAX_PER_OWNER`] live ones.
    #[error("there are 100 live tokens already")]
    TooMany,
    /// The database failed.
    #[error("the token cannot be stored")]
    Database(#[from] DbError),
}

/// The columns that [`token`] reads.
macro_rules! select_tokens {
    ($rest:literal) => {
        query(concat!(
            "select id, lookup, name, role, user_id, created_at, expires_at, last_used_at, revoked_at \
             from api_token ",
            $rest
        ))
    };
}

impl ApiTokens {
    /// The tokens in a database whose schema is current.
    pub fn new(database: &Database, clock: &Clock) -> Self {
        Self { database: database.clone(), clock: clock.clone(), last_used: Arc::default() }
    }

    /// Makes a token. Its text is not kept: whoever asked for it is the only one to see it.
    ///
    /// # Errors
    ///
    /// See [`CreateTokenError`].
    pub async fn create(&self, new: NewApiToken<'_>) -> Result<(ApiToken, ApiTokenText), CreateTokenError> {
        let NewApiToken { name, role, owner, expires_at } = new;
        let now = self.clock.timestamp();
        if !is_name(name) {
            return Err(CreateTokenError::Name);
        }
        if expires_at.is_some_and(|end| end <= now) {
            return Err(CreateTokenError::Past);
        }
        let text = ApiTokenText::generate();
        let id = ApiTokenId(random::uuid(&self.clock));
        let mut write = self.database.write().await?;
        // The owner's row is held, so that two who are made at once are counted one after the other. SQLite has one
        // writer at a time anyway.
        query(ByDialect {
            sqlite: "select 1 from user_account where id = $1",
            postgres: "select 1 from user_account where id = $1 for update",
        })
        .bind(owner)
        .fetch_optional(&mut write)
        .await?;
        let inserted = query(
            "insert into api_token (id, lookup, hash, name, role, user_id, created_at, expires_at) \
             select $1, $2, $3, $4, $5, $6, $7, $8 where $9 > (select count(*) from api_token \
             where user_id is not distinct from $6 and revoked_at is null and (expires_at is null or expires_at > $7))",
        )
        .bind(id)
        .bind(text.lookup())
        .bind(text.hash())
        .bind(name)
        .bind(role.as_str())
        .bind(owner)
        .bind(now)
        .bind(expires_at)
        .bind(MAX_PER_OWNER)
        .execute(&mut write)
        .await?;
        write.commit().await?;
        if inserted == 0 {
            return Err(CreateTokenError::TooMany);
        }
        let token = ApiToken {
            id,
            begins: begins(text.lookup()),
            name: name.to_owned(),
            role,
            owner,
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        Ok((token, text))
    }

    /// The tokens of an owner, or of everybody and nobody, newest first; a thousand at most.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn list(&self, owner: Option<UserId>) -> Result<Vec<ApiToken>, DbError> {
        let mut read = self.database.read().await?;
        let tokens =
            select_tokens!("where user_id = $1 or $1 is null order by created_at desc, id desc limit $2");
        let rows = tokens.bind(owner).bind(MAX_LISTED).fetch_all(&mut read).await?;
        rows.iter().map(token).collect()
    }

    /// Revokes a token; with an `owner`, only if it is theirs. Says whether there was one to revoke.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn revoke(&self, id: ApiTokenId, owner: Option<UserId>) -> Result<bool, DbError> {
        let mut write = self.database.write().await?;
        let revoked = query(
            "update api_token set revoked_at = $1 \
             where id = $2 and revoked_at is null and (user_id = $3 or $3 is null)",
        )
        .bind(self.clock.timestamp())
        .bind(id)
        .bind(owner)
        .execute(&mut write)
        .await?;
        write.commit().await?;
        Ok(revoked > 0)
    }

    /// Who it is that brings a token; `None` where it is no good. Why is for the audit log alone.
    ///
    /// | the token | verdict |
    /// |---|---|
    /// | its form is wrong, or its checksum | no, without a query |
    /// | is unknown, or its secret part is another | no |
    /// | is revoked | no |
    /// | is over | no |
    /// | is its owner's, who is disabled | no |
    /// | is its owner's | yes, with the lesser of both roles |
    /// | belongs to nobody | yes, with its role |
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    ///
    /// # Cancel safety
    ///
    /// Safe: it only reads.
    pub async fn identify(&self, text: &str) -> Result<Option<Identity>, DbError> {
        let Ok(text) = ApiTokenText::parse(text) else {
            audit::token_refused(None, TokenRefused::Malformed);
            return Ok(None);
        };
        let mut read = self.database.read().await?;
        let found = query(
            "select t.id, t.hash, t.name, t.role, t.expires_at, t.revoked_at, t.user_id, u.name, u.role, \
             u.is_disabled from api_token t left join user_account u on u.id = t.user_id where t.lookup = $1",
        );
        let row = found.bind(text.lookup()).fetch_optional(&mut read).await?;
        drop(read);
        let Some(stored) = row.as_ref().map(Stored::of).transpose()? else {
            audit::token_refused(None, TokenRefused::Unknown);
            return Ok(None);
        };
        let now = self.clock.timestamp();
        match stored.refused(&text, now) {
            None => {
                self.last_used.note(stored.id, now);
                Ok(Some(stored.into_identity()))
            }
            Some(why) => {
                audit::token_refused(Some(stored.id), why);
                Ok(None)
            }
        }
    }

    /// Writes when tokens were last used, every minute until it is told to stop, and then once more. To be run as a
    /// worker.
    ///
    /// # Errors
    ///
    /// That of the last write. Earlier ones are logged and tried again.
    pub async fn keep_last_used(&self, shutdown: Shutdown) -> Result<(), DbError> {
        loop {
            let stopping = tokio::time::timeout(WRITE_LAST_USED_EVERY, shutdown.begun()).await.is_ok();
            match self.last_used.write(&self.database).await {
                result if stopping => return result,
                Ok(()) => {}
                Err(error) => {
                    let error = mainstay_core::Chain(&error);
                    tracing::warn!(%error, "when API tokens were last used could not be written");
                }
            }
        }
    }
}

/// A row with its owner.
struct Stored {
    id: ApiTokenId,
    hash: [u8; 32],
    name: String,
    role: Role,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    owner: Option<Owner>,
}

struct Owner {
    id: UserId,
    name: UserName,
    role: Role,
    is_disabled: bool,
}

impl Stored {
    fn of(row: &Row) -> Result<Self, DbError> {
        let owner = match row.get::<Option<UserId>>(6)? {
            Some(id) => Some(Owner { id, name: row.get(7)?, role: row.get(8)?, is_disabled: row.get(9)? }),
            None => None,
        };
        Ok(Self {
            id: row.get(0)?,
            hash: row.get(1)?,
            name: row.get(2)?,
            role: row.get(3)?,
            expires_at: row.get(4)?,
            revoked_at: row.get(5)?,
            owner,
        })
    }

    /// Why the token is no good, if it is none. The secret part is judged first: whoever does not have it learns
    /// nothing, and causes no line in the log that speaks of the token's state.
    fn refused(&self, text: &ApiTokenText, now: Timestamp) -> Option<TokenRefused> {
        if !bool::from(self.hash.ct_eq(&text.hash())) {
            Some(TokenRefused::Forged)
        } else if self.revoked_at.is_some() {
            Some(TokenRefused::Revoked)
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Some(TokenRefused::Expired)
        } else if self.owner.as_ref().is_some_and(|owner| owner.is_disabled) {
            Some(TokenRefused::OwnerDisabled)
        } else {
            None
        }
    }

    fn into_identity(self) -> Identity {
        let role = self.owner.as_ref().map_or(self.role, |owner| owner.role.min(self.role));
        Identity {
            user: self.owner.as_ref().map(|owner| owner.id),
            name: self.owner.map_or(self.name, |owner| owner.name.as_str().to_owned()).into(),
            role,
            how: How::Token(self.id),
            must_change: false,
        }
    }
}

fn token(row: &Row) -> Result<ApiToken, DbError> {
    Ok(ApiToken {
        id: row.get(0)?,
        begins: begins(row.get(1)?),
        name: row.get(2)?,
        role: row.get(3)?,
        owner: row.get(4)?,
        created_at: row.get(5)?,
        expires_at: row.get(6)?,
        last_used_at: row.get(7)?,
        revoked_at: row.get(8)?,
    })
}

fn begins(lookup: &str) -> String {
    format!("{PREFIX}{lookup}")
}

fn is_name(name: &str) -> bool {
    const MAX_CHARACTERS: usize = 100;
    let is_visible = name.trim() == name && !name.chars().any(char::is_control);
    !name.is_empty() && is_visible && name.chars().count() <= MAX_CHARACTERS
}

impl From<ApiTokenId> for Value {
    fn from(id: ApiTokenId) -> Self {
        id.0.into()
    }
}

impl FromValue<'_> for ApiTokenId {
    fn from_value(value: &Value) -> Option<Self> {
        uuid::Uuid::from_value(value).map(Self)
    }
}

impl fmt::Debug for ApiTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiTokens").finish_non_exhaustive()
    }
}
