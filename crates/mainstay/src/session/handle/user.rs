//! Whose session it is, and making it somebody else's.

use jiff::Timestamp;

use super::Session;
use crate::CsrfSecrets;
use crate::session::error::SessionError;
use crate::session::record::{AuthLevel, Epoch, Subject, UserId};
use crate::session::staged::Change;

impl Session {
    /// Whose session it is, after what was staged.
    pub fn subject(&self) -> Option<Subject> {
        self.mark_personal();
        match &self.staged().change {
            Change::None => self.live().and_then(|found| found.record.subject),
            change => change.subject().copied(),
        }
    }

    /// When it ends, if it is not used again; `None` while it is not stored and nobody has signed in.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let expiry = match &self.staged().change {
            Change::SignIn { .. } => Some(self.new_expiry()),
            Change::None | Change::Confirm { .. } => self.live().map(|found| found.record.expiry),
            Change::SignOut => None,
        };
        expiry.map(|expiry| expiry.over_at(self.shared.now))
    }

    /// What tokens against request forgery are made of, after what was staged; `None` without a stored session or a
    /// sign-in. A handler that signs somebody in or out hands this to [`CsrfTokens::rebind`](crate::CsrfTokens).
    pub fn csrf_secrets(&self) -> Option<CsrfSecrets> {
        match &self.staged().change {
            Change::SignIn { csrf, .. } | Change::Confirm { csrf, .. } => Some(csrf.clone()),
            Change::None => self.live().map(|found| found.record.csrf.clone()),
            Change::SignOut => None,
        }
    }

    /// Signs a user in: the session becomes a new one, with another token; the old token is dead at once.
    ///
    /// What an anonymous visitor kept stays, and so does what the same user kept. What another user kept does not.
    /// `epoch` was read ([`Sessions::epoch`](crate::session::Sessions::epoch)) before the credentials were looked at.
    ///
    /// # Errors
    ///
    /// When it is too late, or the store did not answer when the session was looked for.
    pub fn sign_in(&self, user: UserId, epoch: Epoch) -> Result<(), SessionError> {
        let mut staged = self.writable()?;
        let subject = Subject { user, epoch, level: AuthLevel::SignedIn, authenticated_at: self.shared.now };
        let is_fresh = staged.change.gives_up() || self.belongs_to_another(user);
        staged.change = Change::SignIn { subject, csrf: CsrfSecrets::new(), is_fresh };
        Ok(())
    }

    /// Notes that the user has proved once more who they are: [`AuthLevel::Confirmed`]. The token is replaced; the old
    /// one is dead at once.
    ///
    /// # Errors
    ///
    /// When nobody is signed in, or it is too late.
    pub fn confirm(&self) -> Result<(), SessionError> {
        let mut staged = self.writable()?;
        let now = self.shared.now;
        match &mut staged.change {
            Change::SignIn { subject, .. } | Change::Confirm { subject, .. } => {
                *subject = subject.confirmed(now);
                return Ok(());
            }
            Change::None | Change::SignOut => {}
        }
        let found = self.live().filter(|_| !staged.change.gives_up()).ok_or(SessionError::NotSignedIn)?;
        let subject = found.record.subject.ok_or(SessionError::NotSignedIn)?.confirmed(now);
        staged.change = Change::Confirm { subject, csrf: found.record.csrf.rotated(now) };
        Ok(())
    }

    /// Ends the session, and takes the cookie back. What is set afterwards goes into a new, anonymous session.
    ///
    /// # Errors
    ///
    /// When it is too late, or the store did not answer when the session was looked for.
    pub fn sign_out(&self) -> Result<(), SessionError> {
        let mut staged = self.writable()?;
        staged.forget_edits();
        staged.change = Change::SignOut;
        Ok(())
    }

    fn belongs_to_another(&self, user: UserId) -> bool {
        self.live().and_then(|found| found.record.user()).is_some_and(|owner| owner != user)
    }
}
