//! Users in the database.

use mainstay_core::{Clock, random};
use mainstay_db::{Connection, Constraint, Database, DbError, Query, query};

use super::row::{select_users, user};
use super::{NewPassword, Provider, User, UserId, UserName};
use crate::Role;
use crate::identity::password::PasswordHash;

/// The most users that a list holds.
const MAX_LISTED: u32 = 10_000;

/// The users of a service. Clones share the database.
#[derive(Clone, Debug)]
pub struct Users {
    database: Database,
    clock: Clock,
}

/// A user cannot be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateUserError {
    /// The name is taken.
    #[error("there is a user of that name")]
    Taken,
    /// The database failed.
    #[error("the user cannot be stored")]
    Database(#[source] DbError),
}

impl Users {
    /// The users in a database whose schema is current.
    pub fn new(database: &Database, clock: &Clock) -> Self {
        Self { database: database.clone(), clock: clock.clone() }
    }

    /// Creates a user with a password of ours.
    ///
    /// # Errors
    ///
    /// See [`CreateUserError`].
    pub async fn create(
        &self,
        name: &UserName,
        role: Role,
        password: NewPassword,
    ) -> Result<User, CreateUserError> {
        self.insert(name, Provider::Local, role, Some(password)).await
    }

    /// Creates or updates the row of a user whom a directory knows, who has just signed in there. `None` when the name
    /// is that of a user of ours: a directory does not speak for those.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn admit_external(
        &self,
        name: &UserName,
        provider: Provider,
        role: Role,
    ) -> Result<Option<User>, DbError> {
        match self.insert(name, provider, role, None).await {
            Ok(user) => return Ok(Some(user)),
            Err(CreateUserError::Taken) => {}
            Err(CreateUserError::Database(error)) => return Err(error),
        }
        let mut write = self.database.write().await?;
        query("update user_account set role = $1, changed_at = $2 where name = $3 and provider = $4 and role <> $1")
            .bind(role.as_str())
            .bind(self.clock.timestamp())
            .bind(name.as_str())
            .bind(provider.as_str())
            .execute(&mut write)
            .await?;
        let known = by_name(name, &mut write).await?;
        write.commit().await?;
        Ok(known.filter(|user| user.provider == provider))
    }

    /// The user of a name.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn by_name(&self, name: &UserName) -> Result<Option<User>, DbError> {
        by_name(name, &mut *self.database.read().await?).await
    }

    /// The user of an id.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn by_id(&self, id: UserId) -> Result<Option<User>, DbError> {
        let mut read = self.database.read().await?;
        let row = select_users!("where id = $1").bind(id).fetch_optional(&mut read).await?;
        row.as_ref().map(user).transpose()
    }

    /// All users, by name; ten thousand at most.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn list(&self) -> Result<Vec<User>, DbError> {
        let mut read = self.database.read().await?;
        let rows = select_users!("order by name limit $1").bind(MAX_LISTED).fetch_all(&mut read).await?;
        rows.iter().map(user).collect()
    }

    /// Whether there is no user at all.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn is_empty(&self) -> Result<bool, DbError> {
        let mut read = self.database.read().await?;
        let row = query("select not exists (select 1 from user_account)").fetch_one(&mut read).await?;
        row.get(0)
    }

    /// Gives a user of ours another password. With `instead_of`, only while that one is still theirs. Says whether it
    /// was changed.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn set_password(
        &self,
        id: UserId,
        password: NewPassword,
        instead_of: Option<&PasswordHash>,
    ) -> Result<bool, DbError> {
        let statement = query(
            "update user_account set password_hash = $1, password_ends_at = $2, must_change = $3, changed_at = $4 \
             where id = $5 and provider = 'local' and (password_hash = $6 or $6 is null)",
        );
        self.change(
            statement
                .bind(password.hash.as_str())
                .bind(password.ends_at)
                .bind(password.ends_at.is_some())
                .bind(self.clock.timestamp())
                .bind(id)
                .bind(instead_of.map(PasswordHash::as_str)),
        )
        .await
    }

    /// Replaces a hash by a newer one of the same password. Says whether it was replaced: not where the password was
    /// changed meanwhile.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn rehash(&self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<bool, DbError> {
        let statement =
            query("update user_account set password_hash = $1 where id = $2 and password_hash = $3");
        self.change(statement.bind(new.as_str()).bind(id).bind(old.as_str())).await
    }

    /// Lets a user sign in, or not. Says whether that changed anything.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn set_disabled(&self, id: UserId, is_disabled: bool) -> Result<bool, DbError> {
        let statement = query(
            "update user_account set is_disabled = $1, changed_at = $2 where id = $3 and is_disabled <> $1",
        );
        self.change(statement.bind(is_disabled).bind(self.clock.timestamp()).bind(id)).await
    }

    /// Gives a user another role. Says whether that changed anything.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn set_role(&self, id: UserId, role: Role) -> Result<bool, DbError> {
        let statement =
            query("update user_account set role = $1, changed_at = $2 where id = $3 and role <> $1");
        self.change(statement.bind(role.as_str()).bind(self.clock.timestamp()).bind(id)).await
    }

    async fn insert(
        &self,
        name: &UserName,
        provider: Provider,
        role: Role,
        password: Option<NewPassword>,
    ) -> Result<User, CreateUserError> {
        let now = self.clock.timestamp();
        let ends_at = password.as_ref().and_then(|password| password.ends_at);
        let new = User {
            id: random::uuid(&self.clock),
            name: name.clone(),
            provider,
            role,
            password: password.map(|password| password.hash),
            password_ends_at: ends_at,
            must_change: ends_at.is_some(),
            is_disabled: false,
            created_at: now,
            changed_at: now,
        };
        let inserted = self.change(
            query(
                "insert into user_account (id, name, provider, role, password_hash, password_ends_at, must_change, \
                 is_disabled, created_at, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(new.id)
            .bind(new.name.as_str())
            .bind(new.provider.as_str())
            .bind(new.role.as_str())
            .bind(new.password.as_ref().map(PasswordHash::as_str))
            .bind(new.password_ends_at)
            .bind(new.must_change)
            .bind(new.is_disabled)
            .bind(new.created_at)
            .bind(new.changed_at),
        );
        match inserted.await {
            Ok(_) => Ok(new),
            Err(error) if error.constraint() == Some(Constraint::Unique) => Err(CreateUserError::Taken),
            Err(error) => Err(CreateUserError::Database(error)),
        }
    }

    async fn change(&self, statement: Query) -> Result<bool, DbError> {
        let mut write = self.database.write().await?;
        let changed = statement.execute(&mut write).await?;
        write.commit().await?;
        Ok(changed > 0)
    }
}

async fn by_name(name: &UserName, connection: &mut Connection) -> Result<Option<User>, DbError> {
    let row = select_users!("where name = $1").bind(name.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(user).transpose()
}
