//! What happened to users and their credentials, for whoever has to find out afterwards.
//!
//! Each event is one record with the target `mainstay::audit`, the field `action` and the field `outcome`; the request's
//! id stands on it as on every other. No secret is on any, and no name that is nobody's: people type passwords into
//! the wrong field.

use std::net::IpAddr;

use super::token::ApiTokenId;
use super::user::{User, UserId};
use crate::session::SessionId;

/// Why a sign-in was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInRefused {
    /// Nobody has that name.
    Unknown,
    /// The password is another.
    Password,
    /// The user is disabled.
    Disabled,
    /// The password was made for the user, and they have not used it in time.
    Ended,
    /// The directory knows them, and gives them no role here.
    NoRole,
    /// The directory's name for them is that of a user of ours.
    NameTaken,
    /// Too many attempts failed.
    Throttled,
}

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRefused {
    /// It is no token, or was mistyped.
    Malformed,
    /// There is no such token.
    Unknown,
    /// There is one, and its secret part is another.
    Forged,
    /// It was revoked.
    Revoked,
    /// It is over.
    Expired,
    /// Its owner is disabled.
    OwnerDisabled,
}

impl SignInRefused {
    fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_user",
            Self::Password => "wrong_password",
            Self::Disabled => "disabled",
            Self::Ended => "password_ended",
            Self::NoRole => "no_role",
            Self::NameTaken => "name_taken",
            Self::Throttled => "throttled",
        }
    }
}

impl TokenRefused {
    fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Forged => "forged",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::OwnerDisabled => "owner_disabled",
        }
    }
}

macro_rules! audit {
    ($level:ident, $action:literal, $outcome:literal, $($field:tt)*) => {
        tracing::$level!(target: "mainstay::audit", action = $action, outcome = $outcome, $($field)*)
    };
}

pub(crate) fn signed_in(user: &User, client: IpAddr) {
    let (name, provider) = (user.name.as_str(), user.provider.as_str());
    audit!(info, "sign_in", "ok", user = name, user_id = %user.id, provider, %client, "signed in");
}

pub(crate) fn sign_in_refused(user: Option<&User>, client: IpAddr, why: SignInRefused) {
    let (name, id) = (user.map(|user| user.name.as_str()), user.map(|user| tracing::field::display(user.id)));
    let reason = why.as_str();
    audit!(warn, "sign_in", "refused", reason, user = name, user_id = id, %client, "sign-in refused");
}

pub(crate) fn signed_out(user: UserId) {
    audit!(info, "sign_out", "ok", user_id = %user, "signed out");
}

pub(crate) fn sessions_ended(user: UserId, which: &str, by: &str) {
    audit!(info, "session_end", "ok", user_id = %user, which, by, "sessions ended");
}

pub(crate) fn session_ended(id: SessionId, by: &str) {
    audit!(info, "session_end", "ok", ended = %id, which = "one", by, "session ended");
}

pub(crate) fn everybodys_sessions_ended(by: &str) {
    audit!(info, "session_end", "ok", which = "everybody's", by, "sessions ended");
}

pub(crate) fn user_created(user: &User, by: &str) {
    let (name, role) = (user.name.as_str(), user.role.as_str());
    audit!(info, "user_create", "ok", user = name, user_id = %user.id, role, by, "user created");
}

pub(crate) fn user_disabled(user: &User, is_disabled: bool, by: &str) {
    let name = user.name.as_str();
    audit!(info, "user_disable", "ok", user = name, user_id = %user.id, is_disabled, by, "user disabled or enabled");
}

pub(crate) fn role_changed(user: &User, role: &str, by: &str) {
    audit!(info, "role_change", "ok", user = user.name.as_str(), user_id = %user.id, role, by, "role changed");
}

pub(crate) fn passphrase_changed(user: &User, by: &str) {
    audit!(info, "password_change", "ok", user = user.name.as_str(), user_id = %user.id, by, "password changed");
}

pub(crate) fn passphrase_kept(user: &User, why: &str) {
    let name = user.name.as_str();
    audit!(warn, "password_change", "refused", reason = why, user = name, user_id = %user.id, "password not changed");
}

pub(crate) fn token_created(id: ApiTokenId, role: &str, owner: Option<UserId>, by: &str) {
    let owner = owner.map(tracing::field::display);
    audit!(info, "token_create", "ok", api_id = %id, role, user_id = owner, by, "API token made");
}

pub(crate) fn token_revoked(id: ApiTokenId, by: &str) {
    audit!(info, "token_revoke", "ok", api_id = %id, by, "API token revoked");
}

pub(crate) fn token_refused(id: Option<ApiTokenId>, why: TokenRefused) {
    let (id, reason) = (id.map(tracing::field::display), why.as_str());
    audit!(warn, "token_use", "refused", reason, api_id = id, "API token refused");
}

pub(crate) fn worker_restart_ordered(worker: &str, reason: &str, by: &str) {
    audit!(warn, "worker_restart", "ok", worker, reason, by, "worker restart ordered");
}

pub(crate) fn worker_restart_refused(worker: &str, reason: &str, by: &str) {
    audit!(warn, "worker_restart", "refused", worker, reason, by, "worker restart refused");
}
