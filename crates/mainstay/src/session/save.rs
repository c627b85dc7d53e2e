//! Storing what a request has done to its session, before its answer leaves.
//!
//! | staged | session | answer | what happens |
//! |---|---|---|---|
//! | nothing | cookie that is no token | any | the cookie is taken back |
//! | nothing | any other | any | nothing |
//! | values | any | 5xx | nothing: what a handler did that failed is not kept |
//! | values | none, or a token that is no good | other | a new anonymous session, with a cookie |
//! | values | live | other | the values are merged into it |
//! | sign-in | none, or a token that is no good | any | a new session, with a cookie |
//! | sign-in | live | any | it becomes a new session, with a cookie; its old token dies |
//! | confirmation | live | any | another token, with a cookie; the old one dies |
//! | sign-out | none, or a token that is no good | any | the cookie is taken back |
//! | sign-out | live | any | it ends, and the cookie is taken back |
//! | sign-out, then values | any | not 5xx | and a new anonymous session begins, with a cookie |
//!
//! Sign-in, confirmation and sign-out are kept also when the answer is a 5xx: they were decided before it failed, and
//! a session that was to end must not go on because of a later mistake. Values staged beside them are not kept then.
//!
//! # When it cannot be stored
//!
//! An error here means that something staged is lost. The exit then sends the error's refusal (most often 503
//! `store_unavailable`) in place of any answer below 500, and an answer of 500 and above as it is; no cookie goes
//! along. A session that was ended by somebody else meanwhile is no error: its values are dropped with it, and the
//! browser's cookie, which may be a newer one by now, is left alone.

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use mainstay_core::{Chain, random};

use super::cache::Found;
use super::data::{Patch, SessionData};
use super::error::SessionError;
use super::expiry::Expiry;
use super::handle::{Opened, RefusedToken, Session};
use super::record::{Generation, SessionId, SessionRecord, Subject, UserId};
use super::service::{Inner, Sessions};
use super::staged::{Change, Staged};
use super::store::{Inserted, Patched, Rotated, Rotation};
use super::token::Token;
use crate::CsrfSecrets;

/// How often a change is made anew because others came between.
const RETRIES: usize = 3;

impl Sessions {
    /// Stores what was staged, and gives the `Set-Cookie` line for the answer, if it needs one.
    ///
    /// Called once, after the handler and before the answer leaves, for every answer. Later calls find nothing staged.
    ///
    /// # Errors
    ///
    /// See [`SessionError`]; the table of this module says what becomes of the answer.
    ///
    /// # Cancel safety
    ///
    /// What was staged is stored all the same.
    pub async fn save(
        &self,
        session: &Session,
        status: StatusCode,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let mut staged = session.seal();
        if status.is_server_error() {
            staged.forget_edits();
        }
        if matches!(staged.change, Change::None) && !staged.has_edits() {
            let is_litter = matches!(session.opened(), Opened::Refused(RefusedToken::Malformed));
            return Ok(is_litter.then(|| self.inner.cookie.remove()));
        }
        let (inner, session) = (Arc::clone(&self.inner), session.clone());
        self.inner
            .to_the_end("save session", async move { inner.store_staged(&session, &staged).await })
            .await
    }
}

impl Inner {
    async fn store_staged(
        &self,
        session: &Session,
        staged: &Staged,
    ) -> Result<Option<HeaderValue>, SessionError> {
        match (&staged.change, session.live()) {
            (Change::None, Some(found)) => self.merge(found, staged).await.map(|()| None),
            (Change::None, None) => self.begin(session, staged, None).await.map(Some),
            (Change::SignIn { subject, csrf, .. }, live) => {
                let line = match live {
                    Some(found) => self.replace(session, found, staged, *subject, csrf).await?,
                    None => None,
                };
                match line {
                    Some(line) => Ok(Some(line)),
                    // None to replace, or it ended meanwhile: the credentials are good all the same.
                    None => self.begin(session, staged, Some((*subject, csrf.clone()))).await.map(Some),
                }
            }
            (Change::Confirm { subject, csrf }, Some(found)) => {
                self.replace(session, found, staged, *subject, csrf).await
            }
            // Staged only for a session that is there.
            (Change::Confirm { .. }, None) => Err(SessionError::NotSignedIn),
            (Change::SignOut, live) => {
                if let Some(found) = live {
                    self.end(found).await?;
                }
                if staged.has_edits() {
                    self.begin(session, staged, None).await.map(Some)
                } else {
                    Ok(Some(self.cookie.remove()))
                }
            }
        }
    }

    /// Merges values into a session that is there.
    async fn merge(&self, found: &Found, staged: &Staged) -> Result<(), SessionError> {
        let token = found.record.token;
        let mut fresh = None;
        for _ in 0..=RETRIES {
            let base = fresh.as_deref().unwrap_or(&found.record);
            let (patch, expected) = changes(staged, base)?;
            let patched = self.store.patch(token, expected, &patch).await;
            self.cache.forget(token);
            match patched? {
                Patched::Done(_) => return Ok(()),
                Patched::Stale(record) => fresh = Some(record),
                Patched::Gone => {
                    tracing::debug!("a session ended before it was saved");
                    return Ok(());
                }
            }
        }
        Err(SessionError::Contended)
    }

    /// Puts another session, or the same with another token, in the place of one that is there. `None` when that one
    /// ended meanwhile.
    async fn replace(
        &self,
        session: &Session,
        found: &Found,
        staged: &Staged,
        subject: Subject,
        csrf: &CsrfSecrets,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let old = found.record.token;
        let keeps_data = !staged.change.gives_up();
        let token = Token::generate();
        let named = self.new_record(session, &token, Some(subject), csrf.clone());
        let to = match staged.change {
            // The same session goes on: only its token is another.
            Change::Confirm { .. } => SessionRecord {
                id: found.record.id,
                created_at: found.record.created_at,
                expiry: found.record.expiry,
                device: found.record.device.clone(),
                ..named
            },
            Change::None | Change::SignIn { .. } | Change::SignOut => named,
        };
        let (id, expiry) = (to.id, to.expiry);
        let mut fresh = None;
        let mut rotation = Rotation { to, keeps_data, patch: Patch::new(), expected: None };
        for _ in 0..=RETRIES {
            let base = fresh.as_deref().unwrap_or(&found.record);
            if keeps_data {
                (rotation.patch, rotation.expected) = changes(staged, base)?;
            } else {
                rotation.patch = staged.patch(&SessionData::EMPTY)?;
            }
            let rotated = self.store.rotate(old, &rotation).await;
            self.cache.forget(old);
            self.cache.forget_user(subject.user);
            self.announce_end();
            match rotated? {
                Rotated::Done => {
                    if matches!(staged.change, Change::SignIn { .. }) {
                        self.end_surplus(subject.user, id).await;
                    }
                    return Ok(Some(self.line(session, &token, &expiry)));
                }
                Rotated::Stale(record) => fresh = Some(record),
                Rotated::Gone => return Ok(None),
                Rotated::Superseded => return Err(SessionError::Superseded),
                Rotated::Taken => return Err(SessionError::Contended),
            }
        }
        Err(SessionError::Contended)
    }

    /// Begins a session where there is none.
    async fn begin(
        &self,
        session: &Session,
        staged: &Staged,
        signed_in: Option<(Subject, CsrfSecrets)>,
    ) -> Result<HeaderValue, SessionError> {
        let token = Token::generate();
        let (subject, csrf) = signed_in.unzip();
        let mut record = self.new_record(session, &token, subject, csrf.unwrap_or_default());
        record.data = SessionData::EMPTY.patched(&staged.patch(&SessionData::EMPTY)?)?;
        let inserted = self.store.insert(&record).await;
        if let Some(subject) = subject {
            self.cache.forget_user(subject.user);
        }
        match inserted? {
            Inserted::Done => {
                if let Some(subject) = subject {
                    self.end_surplus(subject.user, record.id).await;
                }
                Ok(self.line(session, &token, &record.expiry))
            }
            Inserted::Superseded => Err(SessionError::Superseded),
            // 128 random bits were drawn twice: something is wrong with the source of randomness.
            Inserted::Taken => Err(SessionError::Contended),
        }
    }

    /// Ends what a user has beyond as many sessions as they may have, after one more has begun. Where the store does not
    /// answer it can wait: the next sign-in ends them.
    async fn end_surplus(&self, user: UserId, newest: SessionId) {
        match self.store.end_beyond(user, self.settings.max_per_user, newest).await {
            Ok(0) => {}
            Ok(ended) => {
                self.cache.forget_user(user);
                self.announce_end();
                let (action, outcome, which) = ("session_end", "ok", "surplus");
                tracing::info!(target: "mainstay::audit", action, outcome, user_id = %user, which, ended, "sessions ended");
            }
            Err(error) => {
                let error = Chain(&error);
                tracing::warn!(user_id = %user, %error, "surplus sessions were not ended");
            }
        }
    }

    /// Ends a session whatever its token is by now.
    async fn end(&self, found: &Found) -> Result<(), SessionError> {
        let began = self.clock.now();
        let ended = self.store.revoke(found.record.id, None).await;
        self.cache.forget_session(found.record.id);
        self.announce_end();
        ended?;
        self.meter.revoked(self.clock.now() - began);
        Ok(())
    }

    fn new_record(
        &self,
        session: &Session,
        token: &Token,
        subject: Option<Subject>,
        csrf: CsrfSecrets,
    ) -> SessionRecord {
        SessionRecord {
            id: SessionId(random::uuid(&self.clock)),
            token: token.id(),
            secret_hash: token.hash(&self.mac),
            subject,
            generation: Generation::default(),
            created_at: session.now(),
            last_seen_at: session.now(),
            expiry: session.new_expiry(),
            csrf,
            device: session.device(),
            data: SessionData::EMPTY,
        }
    }

    fn line(&self, session: &Session, token: &Token, expiry: &Expiry) -> HeaderValue {
        self.cookie.set(token, expiry, session.now())
    }
}

/// The staged edits as a patch of a session, with its generation if they depend on it.
fn changes(staged: &Staged, base: &SessionRecord) -> Result<(Patch, Option<Generation>), SessionError> {
    Ok((staged.patch(&base.data)?, staged.depends().then_some(base.generation)))
}
