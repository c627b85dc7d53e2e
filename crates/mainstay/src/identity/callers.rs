//! Who makes a request: by a session, by an API token, or nobody.

use std::net::IpAddr;
use std::sync::Arc;

use axum::response::Response;
use http::{Extensions, HeaderMap, HeaderValue, header};

use super::authorise::{authorise, unauthenticated};
use super::{ApiTokens, Bearer, How, Identity, Users};
use crate::controls::csrf::SessionShown;
use crate::limits::Subject;
use crate::pipeline::Exchange;
use crate::routes::Auth;
use crate::session::{Session, SessionError, Sessions, Standing};
use crate::{Refusal, Role};

/// Finds out who makes a request. Clones share what they look at.
#[derive(Clone)]
pub struct Callers {
    people: Option<Arc<People>>,
}

/// Where people and programs are known.
pub struct People {
    /// The sessions of who signed in.
    pub sessions: Sessions,
    /// The users.
    pub users: Users,
    /// The tokens of programs.
    pub tokens: ApiTokens,
}

/// Who makes a request, as far as it could be found out.
pub(crate) struct Caller {
    /// The session, which may be one of nobody; none where nobody can sign in.
    pub(crate) session: Option<Session>,
    /// The identity; `Ok(None)` where none was claimed.
    pub(crate) identity: Result<Option<Identity>, Refusal>,
}

impl Callers {
    /// Those that are known here.
    pub fn known_to(people: People) -> Self {
        Self { people: Some(Arc::new(people)) }
    }

    /// Nobody: for a listener where nobody signs in. Its routes are public or unreachable.
    pub fn nobody() -> Self {
        Self { people: None }
    }

    /// The sessions, where there are any.
    pub(crate) fn sessions(&self) -> Option<&Sessions> {
        self.people.as_ref().map(|people| &people.sessions)
    }

    /// | session | `Authorization: Bearer` | identity |
    /// |---|---|---|
    /// | somebody signed in | anything | the user, if they are still there and not disabled |
    /// | the store did not answer | anything | refused: `store_unavailable` |
    /// | nobody, or no good | none | none |
    /// | nobody, or no good | a good token | the token's |
    /// | nobody, or no good | anything else | refused: `unauthenticated` |
    pub(crate) async fn find(&self, headers: &HeaderMap, client: IpAddr) -> Caller {
        let Some(people) = &self.people else { return Caller { session: None, identity: Ok(None) } };
        let session = people.sessions.open(headers, client).await;
        let identity = match session.standing() {
            Standing::SignedIn(subject) => people.user(subject.user).await,
            Standing::Unknown => Err(SessionError::Unknown.into()),
            Standing::Absent | Standing::Refused(_) | Standing::Anonymous => people.bearer(headers).await,
        };
        Caller { session: Some(session), identity }
    }
}

impl Caller {
    /// Somebody who was not asked who they are.
    pub(crate) fn unasked() -> Self {
        Self { session: None, identity: Ok(None) }
    }

    /// Lets the handler know them, and the access line.
    pub(crate) fn introduce(&self, exchange: &Exchange, extensions: &mut Extensions) {
        if let Some(session) = &self.session {
            extensions.insert(session.clone());
        }
        if !matches!(self.identity, Ok(None)) {
            exchange.mark_claimed();
        }
        if let Ok(Some(identity)) = &self.identity {
            exchange.name_caller(identity);
            extensions.insert(identity.clone());
        }
    }

    /// Whom the limits by identity count: a user with all their sessions and tokens, so that making another token
    /// makes nobody's limit higher, or a token of nobody's.
    pub(crate) fn subject(&self) -> Option<Subject> {
        let identity = self.identity.as_ref().ok()?.as_ref()?;
        Some(match (identity.user, identity.how) {
            (Some(user), _) => Subject::id(user),
            (None, How::Token(token)) => Subject::id(token.0),
            (None, How::Session) => return None,
        })
    }

    /// What they may do, as far as it could be found out.
    pub(crate) fn role(&self) -> Option<Role> {
        self.identity.as_ref().ok()?.as_ref().map(|identity| identity.role)
    }

    /// Whether the handler looked at what is personal in their session.
    pub(crate) fn is_personal(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_personal)
    }

    /// What the request shows of a session.
    pub(crate) fn shown(&self) -> SessionShown {
        self.session.as_ref().map_or(SessionShown::None, SessionShown::of)
    }

    /// Whether they may. A claim that could not be judged does not matter where nobody asks for one.
    pub(crate) fn authorise(&self, demanded: Auth) -> Result<(), Refusal> {
        match (&self.identity, demanded) {
            (Ok(identity), _) => authorise(demanded, identity.as_ref()),
            (Err(_), Auth::Public) => Ok(()),
            (Err(refusal), _) => Err(refusal.clone()),
        }
    }

    /// Stores what was done to the session, and puts its cookie on the answer. What would be lost is not answered as
    /// if it were kept.
    pub(crate) async fn keep(
        self,
        answer: Result<Response, Refusal>,
        callers: &Callers,
    ) -> Result<Response, Refusal> {
        let (Some(session), Some(sessions)) = (self.session, callers.sessions()) else { return answer };
        let status = match &answer {
            Ok(answer) => answer.status(),
            Err(refusal) => refusal.code().status(),
        };
        let cookie = match sessions.save(&session, status).await {
            Ok(cookie) => cookie,
            Err(error) if status.is_server_error() => {
                tracing::warn!(error = %mainstay_core::Chain(&error), "a session could not be stored");
                None
            }
            Err(error) => return Err(error.into()),
        };
        match (answer, cookie) {
            (Ok(mut answer), cookie) => {
                let headers = answer.headers_mut();
                headers.extend(cookie.map(|line| (header::SET_COOKIE, line)));
                if session.is_personal() {
                    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                }
                Ok(answer)
            }
            (Err(refusal), Some(line)) => Err(refusal.header(header::SET_COOKIE, line)),
            (Err(refusal), None) => Err(refusal),
        }
    }
}

impl People {
    async fn user(&self, id: super::UserId) -> Result<Option<Identity>, Refusal> {
        // Read anew for each request: a role that was taken away is gone with the next one.
        let user = self.users.by_id(id).await?;
        Ok(user.filter(|user| !user.is_disabled).map(|user| Identity {
            user: Some(user.id),
            name: user.name.as_str().into(),
            role: user.role,
            how: How::Session,
            must_change: user.must_change,
        }))
    }

    async fn bearer(&self, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
        match Bearer::of(headers) {
            Bearer::Nothing => Ok(None),
            Bearer::Unclear => Err(unauthenticated()),
            Bearer::Text(text) => self.tokens.identify(text).await?.map(Some).ok_or_else(unauthenticated),
        }
    }
}
