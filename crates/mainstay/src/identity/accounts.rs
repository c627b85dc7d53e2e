//! Users, their passwords, tokens and sessions, as one service: what handlers and commands use.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::SignedDuration;
use mainstay_core::{Clock, Tasks};
use mainstay_db::{Database, DbError};

use super::audit;
use super::error::AccountError;
use super::password::{self, HashError, Hasher, Load, Password, judge};
use super::provider::IdentityProvider;
use super::sign_in::{SignIn, SignInError, SignedIn};
use super::throttle::Throttle;
use super::token::{ApiToken, ApiTokenId, ApiTokenText, ApiTokens, CreateTokenError, NewApiToken};
use super::user::{NewPassword, Provider, User, UserName, Users};
use super::{PasswordSettings, People};
use crate::Role;
use crate::keys::Keys;
use crate::limits::Limiter;
use crate::session::{Session, SessionError, SessionId, Sessions, Whose};

/// A password that was made for somebody is worthless after this time, if they have not changed it by then.
pub const INITIAL_PASSWORD_LIFETIME: SignedDuration = SignedDuration::from_hours(72);

/// The accounts of a service. Clones share them.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    service: &'static str,
    users: Users,
    tokens: ApiTokens,
    sessions: Sessions,
    hasher: Hasher,
    sign_in: SignIn,
    clock: Clock,
}

/// What accounts are made of.
pub struct AccountParts<'a> {
    /// The name of the service, which nobody should use as a password.
    pub service: &'static str,
    /// How passwords are hashed.
    pub passwords: &'a PasswordSettings,
    /// What names and addresses are hidden with.
    pub keys: &'a Keys,
    /// Where users and tokens are kept. The schema is current.
    pub database: &'a Database,
    /// The sessions.
    pub sessions: Sessions,
    /// Where attempts to sign in are counted.
    pub limiter: Limiter,
    /// Who knows the passwords that we do not.
    pub directory: Option<Arc<dyn IdentityProvider>>,
    /// The clock.
    pub clock: Clock,
    /// Where passwords are hashed.
    pub tasks: Tasks,
}

impl Accounts {
    /// The accounts of a service.
    ///
    /// # Errors
    ///
    /// [`HashError::Failed`] when this release cannot hash passwords at all.
    pub fn new(parts: AccountParts<'_>) -> Result<Self, HashError> {
        let hasher = Hasher::new(parts.passwords, &parts.clock, &parts.tasks)?;
        Ok(Self::with_hasher(parts, hasher))
    }

    pub(super) fn with_hasher(parts: AccountParts<'_>, hasher: Hasher) -> Self {
        let AccountParts { service, keys, database, sessions, limiter, directory, clock, .. } = parts;
        let users = Users::new(database, &clock);
        let sign_in = SignIn {
            users: users.clone(),
            hasher: hasher.clone(),
            directory,
            sessions: sessions.clone(),
            throttle: Throttle::new(keys, limiter),
            clock: clock.clone(),
        };
        let tokens = ApiTokens::new(database, &clock);
        Self { inner: Arc::new(Inner { service, users, tokens, sessions, hasher, sign_in, clock }) }
    }

    /// The users.
    pub fn users(&self) -> &Users {
        &self.inner.users
    }

    /// The API tokens.
    pub fn tokens(&self) -> &ApiTokens {
        &self.inner.tokens
    }

    /// The sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    /// Where the callers of a listener are known: the same sessions, users and tokens.
    pub fn people(&self) -> People {
        let Inner { sessions, users, tokens, .. } = &*self.inner;
        People { sessions: sessions.clone(), users: users.clone(), tokens: tokens.clone() }
    }

    /// How busy the hashing of passwords is.
    pub fn hashing(&self) -> Load {
        self.inner.hasher.load()
    }

    /// Finds out who says this name and password, from this address.
    ///
    /// # Errors
    ///
    /// See [`SignInError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped half way, it counts as an attempt that failed.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &Password,
        client: IpAddr,
    ) -> Result<SignedIn, SignInError> {
        self.inner.sign_in.sign_in(name, password, client).await
    }

    /// Creates a user with a password of their own choice.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub async fn create(
        &self,
        name: &UserName,
        role: Role,
        password: &Password,
        by: &str,
    ) -> Result<User, AccountError> {
        let password = self.chosen(name, password).await?;
        self.store(name, role, password, by).await
    }

    /// Creates a user with a password that is made for them, and has to be changed at the first sign-in.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub async fn create_with_initial_password(
        &self,
        name: &UserName,
        role: Role,
        by: &str,
    ) -> Result<(User, Password), AccountError> {
        let (text, password) = self.made().await?;
        Ok((self.store(name, role, password, by).await?, text))
    }

    /// Gives a user another password of their choice, and ends their sessions.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub async fn set_password(&self, user: &User, password: &Password, by: &str) -> Result<(), AccountError> {
        let password = self.chosen(&user.name, password).await?;
        self.replace(user, password, by).await
    }

    /// Gives a user another password, made for them and to be changed at the next sign-in, and ends their sessions.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub async fn reset_password(&self, user: &User, by: &str) -> Result<Password, AccountError> {
        let (text, password) = self.made().await?;
        self.replace(user, password, by).await?;
        Ok(text)
    }

    /// Changes the password of somebody who is signed in and says the old one. Their other sessions are ended, if they
    /// wish so; this one goes on with another token.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub async fn change_password(&self, change: ChangePassword<'_>) -> Result<(), AccountError> {
        let ChangePassword { session, old, new, end_others, client } = change;
        let subject = session.subject().ok_or(SessionError::NotSignedIn)?;
        let user = self.inner.users.by_id(subject.user).await?.ok_or(AccountError::NoUser)?;
        let Some(known) = user.password.clone() else { return Err(AccountError::NotOurs) };
        self.inner.sign_in.confirm(&user, old, client).await?;
        let password = self.chosen(&user.name, new).await.inspect_err(|error| {
            if let AccountError::Weak(weakness) = error {
                audit::passphrase_kept(&user, weakness.code());
            }
        })?;
        let change = async {
            if !self.inner.users.set_password(user.id, password, Some(&known)).await? {
                return Err(AccountError::Superseded);
            }
            audit::passphrase_changed(&user, user.name.as_str());
            Ok(())
        };
        if !end_others {
            change.await?;
            return Ok(session.confirm()?);
        }
        self.between_sessions(&user, session.id(), user.name.as_str(), change).await?;
        // Ending the others has moved the epoch on; if somebody else has ended this one as well, it stays ended.
        let epoch = self.inner.sessions.epoch(user.id).await?;
        Ok(session.sign_in(user.id, epoch)?)
    }

    /// Lets a user sign in, or no more; the latter ends their sessions and stops their tokens.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub async fn set_disabled(&self, user: &User, is_disabled: bool, by: &str) -> Result<bool, AccountError> {
        let change = async {
            let changed = self.inner.users.set_disabled(user.id, is_disabled).await?;
            if changed {
                audit::user_disabled(user, is_disabled, by);
            }
            Ok(changed)
        };
        if is_disabled { self.between_sessions(user, None, by, change).await } else { change.await }
    }

    /// Gives a user another role, which holds from their next request on. Their sessions begin anew.
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub async fn set_role(&self, user: &User, role: Role, by: &str) -> Result<bool, AccountError> {
        if user.provider != Provider::Local {
            return Err(AccountError::RoleNotOurs);
        }
        if user.role == role {
            return Ok(false);
        }
        let change = async {
            let changed = self.inner.users.set_role(user.id, role).await?;
            if changed {
                audit::role_changed(user, role.as_str(), by);
            }
            Ok(changed)
        };
        self.between_sessions(user, None, by, change).await
    }

    /// Ends all sessions of a user, but for one that may be kept.
    ///
    /// # Errors
    ///
    /// As [`Sessions::revoke_all`].
    pub async fn end_sessions(
        &self,
        user: &User,
        keep: Option<SessionId>,
        by: &str,
    ) -> Result<(), SessionError> {
        self.inner.sessions.revoke_all(Whose::User(user.id), keep).await?;
        audit::sessions_ended(user.id, if keep.is_some() { "others" } else { "all" }, by);
        Ok(())
    }

    /// Ends one session, whosever it is. Says whether there was one to end.
    ///
    /// # Errors
    ///
    /// As [`Sessions::revoke`].
    pub async fn end_session(&self, id: SessionId, by: &str) -> Result<bool, SessionError> {
        let ended = self.inner.sessions.revoke(id, None).await?;
        if ended {
            audit::session_ended(id, by);
        }
        Ok(ended)
    }

    /// Ends the sessions of everybody.
    ///
    /// # Errors
    ///
    /// As [`Sessions::revoke_all`].
    pub async fn end_everybodys_sessions(&self, by: &str) -> Result<(), SessionError> {
        self.inner.sessions.revoke_all(Whose::Everybody, None).await?;
        audit::everybodys_sessions_ended(by);
        Ok(())
    }

    /// Makes an API token.
    ///
    /// # Errors
    ///
    /// See [`CreateTokenError`].
    pub async fn create_token(
        &self,
        new: NewApiToken<'_>,
        by: &str,
    ) -> Result<(ApiToken, ApiTokenText), CreateTokenError> {
        let (token, text) = self.inner.tokens.create(new).await?;
        audit::token_created(token.id, token.role.as_str(), token.owner, by);
        Ok((token, text))
    }

    /// Revokes an API token; with an `owner`, only if it is theirs. Says whether there was one to revoke.
    ///
    /// # Errors
    ///
    /// See [`DbError`].
    pub async fn revoke_token(
        &self,
        id: ApiTokenId,
        owner: Option<super::UserId>,
        by: &str,
    ) -> Result<bool, DbError> {
        let revoked = self.inner.tokens.revoke(id, owner).await?;
        if revoked {
            audit::token_revoked(id, by);
        }
        Ok(revoked)
    }

    async fn store(
        &self,
        name: &UserName,
        role: Role,
        password: NewPassword,
        by: &str,
    ) -> Result<User, AccountError> {
        let user = self.inner.users.create(name, role, password).await?;
        audit::user_created(&user, by);
        Ok(user)
    }

    async fn replace(&self, user: &User, password: NewPassword, by: &str) -> Result<(), AccountError> {
        if user.provider != Provider::Local {
            return Err(AccountError::NotOurs);
        }
        let change = async {
            if !self.inner.users.set_password(user.id, password, None).await? {
                return Err(AccountError::NotOurs);
            }
            audit::passphrase_changed(user, by);
            Ok(())
        };
        self.between_sessions(user, None, by, change).await
    }

    /// Makes a change that no session of before outlives, but for one that may be kept.
    ///
    /// Sessions are not always where users are, so this is no transaction. They end before the change: whatever
    /// breaks afterwards, no change was made with the old ones going on. And they end after it: who signed in between by
    /// what held until then finds their epoch over, or the hash that they read another one.
    async fn between_sessions<T>(
        &self,
        user: &User,
        keep: Option<SessionId>,
        by: &str,
        change: impl Future<Output = Result<T, AccountError>>,
    ) -> Result<T, AccountError> {
        // Told of here: they are over, whatever becomes of the change.
        self.end_sessions(user, keep, by).await?;
        let changed = change.await?;
        self.inner.sessions.revoke_all(Whose::User(user.id), keep).await?;
        Ok(changed)
    }

    async fn chosen(&self, name: &UserName, password: &Password) -> Result<NewPassword, AccountError> {
        let mail = name.as_str().split('@').next().unwrap_or_default();
        judge(password.expose(), &[name.as_str(), mail, self.inner.service, "mainstay"])?;
        Ok(NewPassword { hash: self.inner.hasher.hash(password).await?, ends_at: None })
    }

    async fn made(&self) -> Result<(Password, NewPassword), AccountError> {
        let text = password::generate();
        let hash = self.inner.hasher.hash(&text).await?;
        let ends_at = Some(self.inner.clock.timestamp() + INITIAL_PASSWORD_LIFETIME);
        Ok((text, NewPassword { hash, ends_at }))
    }
}

/// A change of one's own password.
#[derive(Debug)]
pub struct ChangePassword<'a> {
    /// The session of whoever asks for it.
    pub session: &'a Session,
    /// The password that they have.
    pub old: &'a Password,
    /// The one that they want.
    pub new: &'a Password,
    /// Whether their other sessions are to end.
    pub end_others: bool,
    /// Where they are.
    pub client: IpAddr,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("hasher", &self.inner.hasher).finish_non_exhaustive()
    }
}
