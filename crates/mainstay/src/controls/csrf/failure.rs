//! Why a request was not taken for one of our own pages', and what it should have brought.

use crate::{ErrorCode, Refusal};

/// The first check that a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrfFailure {
    /// `Origin` names somebody else, nobody (`null`), or is there twice.
    #[error("the Origin header does not name this service")]
    Origin,
    /// `Sec-Fetch-Site` says that another site made the request.
    #[error("the Sec-Fetch-Site header says that another site made the request")]
    FetchSite,
    /// `Referer` names a page of another origin.
    #[error("the Referer header does not name a page of this service")]
    Referer,
    /// None of the three.
    #[error("the request does not say where it comes from")]
    NoSource,
    /// No token in any place where one is looked for.
    #[error("the request brings no token")]
    TokenMissing,
    /// More than one token.
    #[error("the request brings more than one token")]
    TokenDoubled,
    /// A text that cannot be a token.
    #[error("the token is malformed")]
    TokenMalformed,
    /// A token that was not made for this session, or for this browser.
    #[error("the token was not made for this session")]
    TokenForeign,
    /// Nobody is signed in, and the cookie that the token of a visitor belongs to is missing.
    #[error("the cookie that the token belongs to is missing")]
    VisitMissing,
    /// That cookie is forged, malformed, doubled or too old.
    #[error("the cookie that the token belongs to is not valid")]
    VisitInvalid,
}

impl CsrfFailure {
    /// The name of the check that failed, in logs and metrics.
    pub fn check(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::FetchSite => "sec_fetch_site",
            Self::Referer => "referer",
            Self::NoSource => "no_source",
            Self::TokenMissing => "token_missing",
            Self::TokenDoubled => "token_doubled",
            Self::TokenMalformed => "token_malformed",
            Self::TokenForeign => "token_foreign",
            Self::VisitMissing => "visit_missing",
            Self::VisitInvalid => "visit_invalid",
        }
    }

    /// What the client is told: which check failed, and what to send. `own` is the origin of this service.
    pub(super) fn message(self, own: &str) -> String {
        const GET: &str = "GET /api/v1/auth/session gives one, and so does every page.";
        let advice = match self {
            Self::Origin | Self::FetchSite | Self::Referer => {
                format!("Send it from a page of {own}.")
            }
            Self::NoSource => format!("Send the header `Origin: {own}`."),
            Self::TokenMissing => format!(
                "Send the token of your session in the header X-CSRF-Token, or in the form field csrf_token. {GET}"
            ),
            Self::TokenDoubled => "Send one, in the header X-CSRF-Token.".to_owned(),
            Self::TokenMalformed | Self::TokenForeign => {
                format!("Reload the page, or get a new token: {GET}")
            }
            Self::VisitMissing | Self::VisitInvalid => {
                format!("Accept its cookie together with the token: {GET}")
            }
        };
        format!("The check against request forgery failed: {self}. {advice}")
    }

    pub(super) fn refusal(self, own: &str) -> Refusal {
        Refusal::new(ErrorCode::CsrfFailed).message(self.message(own)).because(self)
    }
}
