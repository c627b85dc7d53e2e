//! Signing in: from a name and a password to a user.
//!
//! ```text
//! throttle ─ row of the name ─┬─ ours ───────────────────── verify the hash
//!                             ├─ a directory's, or nobody's ─ ask the directory, if there is one
//!                             └─ nobody to ask ────────────── verify a decoy
//!          ─ epoch ─ row again: still enabled, still that password ─ signed in
//! ```
//!
//! Whatever is refused costs one hash, so the time does not tell an unknown name from a wrong password; and the answer
//! is the same for every reason, which stands in the audit log alone.
//!
//! The row is read again after the epoch of its sessions: who is disabled, or changes the password, meanwhile, does so
//! before that, and it shows in the row, or after it, and the epoch has moved on when the session is to begin.

mod error;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use mainstay_core::{Chain, Clock};

use super::audit::{self, SignInRefused};
use super::password::{HashError, Hasher, MAX_BYTES, Password, PasswordHash, Verified};
use super::provider::{Answer, IdentityProvider};
use super::throttle::{Attempt, Throttle};
use super::user::{Provider, User, UserName, Users};
use crate::limits::Limited;
use crate::session::{Epoch, Session, SessionError, Sessions, Whose};

pub use error::SignInError;

/// Somebody who has proved who they are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The epoch of their sessions, for [`Session::sign_in`](crate::session::Session::sign_in).
    pub epoch: Epoch,
}

impl SignedIn {
    /// Begins their session: the request's session becomes a new one, with another token; the old token is dead.
    ///
    /// # Errors
    ///
    /// As [`Session::sign_in`].
    pub fn begin(&self, session: &Session) -> Result<(), SessionError> {
        session.sign_in(self.user.id, self.epoch)
    }
}

/// Signs people in.
pub(super) struct SignIn {
    pub(super) users: Users,
    pub(super) hasher: Hasher,
    pub(super) directory: Option<Arc<dyn IdentityProvider>>,
    pub(super) sessions: Sessions,
    pub(super) throttle: Throttle,
    pub(super) clock: Clock,
}

/// What became of a password.
enum Outcome {
    /// It is that of this user, whose row holds the hash that it was verified against, if we keep one.
    Good(User),
    /// It is not, for this reason.
    Bad(Option<User>, SignInRefused),
}

use Outcome::{Bad, Good};

impl SignIn {
    /// Signs somebody in who says their name and password, from this address.
    ///
    /// # Errors
    ///
    /// See [`SignInError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped half way, it counts as an attempt that failed.
    pub(super) async fn sign_in(
        &self,
        name: &str,
        password: &Password,
        client: IpAddr,
    ) -> Result<SignedIn, SignInError> {
        let name = name.parse::<UserName>().ok();
        // All texts that are no names are one name.
        let counted = name.as_ref().map_or("", UserName::as_str);
        let attempt = self.admit(counted, client).await?;
        match self.prove(name.as_ref(), password).await {
            Ok(Ok(signed_in)) => {
                self.throttle.succeeded(attempt).await;
                audit::signed_in(&signed_in.user, client);
                Ok(signed_in)
            }
            Ok(Err((user, why))) => {
                audit::sign_in_refused(user.as_ref(), client, why);
                Err(SignInError::Refused)
            }
            Err(error) => {
                self.throttle.abandoned(attempt).await;
                Err(error)
            }
        }
    }

    /// Verifies once more the password of somebody who is signed in.
    ///
    /// # Errors
    ///
    /// See [`SignInError`].
    ///
    /// # Cancel safety
    ///
    /// As [`SignIn::sign_in`].
    pub(super) async fn confirm(
        &self,
        user: &User,
        password: &Password,
        client: IpAddr,
    ) -> Result<(), SignInError> {
        let name = user.name.as_str();
        let attempt = self.admit(name, client).await?;
        match self.verify_local(user.clone(), password).await {
            Ok(Good(_)) => {
                self.throttle.succeeded(attempt).await;
                Ok(())
            }
            Ok(Bad(user, why)) => {
                audit::sign_in_refused(user.as_ref(), client, why);
                Err(SignInError::Refused)
            }
            Err(error) => {
                self.throttle.abandoned(attempt).await;
                Err(error)
            }
        }
    }

    /// Lets an attempt go.
    async fn admit(&self, name: &str, client: IpAddr) -> Result<Attempt, SignInError> {
        let attempt = self.throttle.attempt(name, client).await;
        if let Err(Limited::Reached { .. }) = attempt {
            audit::sign_in_refused(None, client, SignInRefused::Throttled);
        }
        Ok(attempt?)
    }

    /// From a name and a password to somebody who may begin a session, or the reason why not.
    async fn prove(
        &self,
        name: Option<&UserName>,
        password: &Password,
    ) -> Result<Result<SignedIn, (Option<User>, SignInRefused)>, SignInError> {
        let user = match self.verify(name, password).await? {
            Good(user) => user,
            Bad(user, why) => return Ok(Err((user, why))),
        };
        let epoch = self.sessions.epoch(user.id).await?;
        let Some(now) = self.users.by_id(user.id).await? else {
            return Ok(Err((None, SignInRefused::Unknown)));
        };
        let why = if now.is_disabled {
            SignInRefused::Disabled
        } else if now.password_ends_at.is_some_and(|end| end <= self.clock.timestamp()) {
            SignInRefused::Ended
        } else if !self.is_still(&user, &now, password).await? {
            SignInRefused::Password
        } else {
            return Ok(Ok(SignedIn { user: now, epoch }));
        };
        if now.provider != Provider::Local {
            // A directory has verified it: the price of a hash is still to be paid.
            self.hasher.verify(password, None).await?;
        }
        Ok(Err((Some(now), why)))
    }

    /// Whether the password that was good for a row is good for the row as it is now. Another hash may be that of
    /// another password, or one of the same that a sign-in beside this one has made.
    async fn is_still(&self, before: &User, now: &User, password: &Password) -> Result<bool, SignInError> {
        if before.password == now.password {
            return Ok(true);
        }
        Ok(self.hasher.verify(password, now.password.as_ref()).await? != Verified::No)
    }

    async fn verify(&self, name: Option<&UserName>, password: &Password) -> Result<Outcome, SignInError> {
        // Before anything that looks at every byte; it says nothing about anybody.
        if password.expose().len() > MAX_BYTES {
            return Ok(Bad(None, SignInRefused::Password));
        }
        let user = match name {
            Some(name) => self.users.by_name(name).await?,
            None => None,
        };
        match (user, name, &self.directory) {
            (Some(user), ..) if user.provider == Provider::Local => self.verify_local(user, password).await,
            (user, Some(name), Some(directory)) if !password.expose().is_empty() => {
                self.verify_external(&**directory, user, name, password).await
            }
            (user, ..) => self.refuse(user, SignInRefused::Unknown, password).await,
        }
    }

    /// Verifies the password of a user of ours, and hashes it anew where its hash is out of date.
    async fn verify_local(&self, mut user: User, password: &Password) -> Result<Outcome, SignInError> {
        match self.hasher.verify(password, user.password.as_ref()).await {
            Ok(Verified::Yes) => Ok(Good(user)),
            Ok(Verified::No) => Ok(Bad(Some(user), SignInRefused::Password)),
            Ok(Verified::Outdated) => {
                if let Some(new) = self.rehash(&user, password).await {
                    user.password = Some(new);
                }
                Ok(Good(user))
            }
            Err(error @ (HashError::NotAHash(_) | HashError::TooExpensive)) => {
                let error = Chain(&error);
                tracing::error!(user_id = %user.id, %error, "a stored password hash cannot be used");
                Ok(Bad(Some(user), SignInRefused::Password))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the directory. What it says of its users is what holds here from now on.
    async fn verify_external(
        &self,
        directory: &dyn IdentityProvider,
        known: Option<User>,
        name: &UserName,
        password: &Password,
    ) -> Result<Outcome, SignInError> {
        let external = match directory.verify(name, password).await? {
            Answer::Yes(external) => external,
            Answer::No => return self.refuse(known, SignInRefused::Password, password).await,
            Answer::NoRole(name) => {
                let known = match name {
                    Some(name) => self.users.by_name(&name).await?,
                    None => known,
                };
                let known = known.filter(|user| user.provider == directory.provider());
                if let Some(user) = &known {
                    // What began while they had a role ends with it.
                    self.sessions.revoke_all(Whose::User(user.id), None).await?;
                }
                return self.refuse(known, SignInRefused::NoRole, password).await;
            }
        };
        let before = self.users.by_name(&external.name).await?;
        let admitted = self.users.admit_external(&external.name, directory.provider(), external.role).await?;
        let Some(user) = admitted else { return self.refuse(None, SignInRefused::NameTaken, password).await };
        let by = directory.provider().as_str();
        match before {
            None => audit::user_created(&user, by),
            Some(before) if before.role != user.role => {
                audit::role_changed(&user, user.role.as_str(), by);
                // Sessions that began with another role end with it.
                self.sessions.revoke_all(Whose::User(user.id), None).await?;
            }
            Some(_) => {}
        }
        Ok(Good(user))
    }

    /// Refuses, at the price of a hash.
    async fn refuse(
        &self,
        user: Option<User>,
        why: SignInRefused,
        password: &Password,
    ) -> Result<Outcome, SignInError> {
        self.hasher.verify(password, None).await?;
        Ok(Bad(user, why))
    }

    /// A hash by today's parameters, unless the password was changed meanwhile. It can wait: the old one is good.
    async fn rehash(&self, user: &User, password: &Password) -> Option<PasswordHash> {
        let old = user.password.as_ref()?;
        let replaced = async {
            let new = self.hasher.hash(password).await?;
            Ok::<_, SignInError>(self.users.rehash(user.id, old, &new).await?.then_some(new))
        };
        match replaced.await {
            Ok(new) => new,
            Err(error) => {
                let error = Chain(&error);
                tracing::info!(user_id = %user.id, %error, "the hash of a password stays out of date");
                None
            }
        }
    }
}
