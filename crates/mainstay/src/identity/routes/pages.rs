//! Signing in, and changing one's password, by forms.

use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::person;
use crate::identity::{Accounts, ChangePassword, Identity, Password};
use crate::redirect::LocalPath;
use crate::refusal::CHALLENGE;
use crate::routes::{DescribeResponse, Operation, Priority};
use crate::session::Session;
use crate::templates::{Page, TemplateError, Templates, View};
use crate::{Class, CsrfTokens, ErrorCode, Exchange, Form, Query, Refusal, Routes};

const TEMPLATES: &[(&str, &str)] =
    &[("login.html", include_str!("login.html")), ("password.html", include_str!("password.html"))];

/// What the pages need.
#[derive(Clone)]
struct Pages {
    accounts: Accounts,
    templates: Templates,
}

/// Where to go afterwards.
#[derive(Debug, Deserialize, JsonSchema)]
struct Next {
    /// A path of this service.
    #[serde(default)]
    next: Option<String>,
}

/// A form to sign in with.
#[derive(Debug, Deserialize, JsonSchema)]
struct SignInForm {
    /// The name; capitals do not matter.
    username: String,
    /// The password, exactly as it was chosen.
    password: Password,
    /// Where to go afterwards: a path of this service.
    #[serde(default)]
    next: Option<String>,
}

/// A form to change one's password with.
#[derive(Debug, Deserialize, JsonSchema)]
struct PasswordForm {
    /// The password that you have.
    old_password: Password,
    /// The one that you want: 8 characters or more, better 15; at most 1024 bytes.
    new_password: Password,
    /// Where to go afterwards: a path of this service.
    #[serde(default)]
    next: Option<String>,
}

/// What a form shows.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    next: &'a str,
    /// What was wrong with it the last time.
    problem: Option<&'a str>,
    /// The name that was written into it the last time.
    username: &'a str,
    must_change: bool,
}

/// What comes of a form.
#[derive(Debug)]
enum Outcome {
    /// It was right: on to the next page.
    On(LocalPath),
    /// It is shown again, with what is wrong, and when to come back.
    Again(Page, Refusal),
}

/// The pages of the runtime itself. A service that has its own does without them.
///
/// # Errors
///
/// When the templates are wrong: a mistake of the release.
pub fn pages<S: Clone + Send + Sync + 'static>(accounts: &Accounts) -> Result<Routes<S>, TemplateError> {
    let pages = Pages { accounts: accounts.clone(), templates: Templates::of(TEMPLATES)? };
    Ok(routes().with_state(pages))
}

/// The same, to be listed and not served.
pub(super) fn listed<S: Clone + Send + Sync + 'static>() -> Routes<S> {
    routes().listed()
}

fn routes() -> Routes<Pages> {
    use ErrorCode::{InvalidCredentials, Overloaded, RateLimited, StoreUnavailable};
    Routes::new()
        .tag("Pages")
        .get("/login", sign_in_form)
        .summary("The form to sign in with")
        .public()
        .post("/login", sign_in)
        .summary("Sign in by the form")
        .public()
        .limit(Class::AUTH)
        .priority(Priority::Identity)
        .slow()
        .errors(&[InvalidCredentials, RateLimited, Overloaded, StoreUnavailable])
        .get("/password", password_form)
        .summary("The form to change your password with")
        .signed_in()
        .post("/password", change_password)
        .summary("Change your password by the form")
        .signed_in()
        .limit(Class::AUTH)
        .priority(Priority::Identity)
        .slow()
        .errors(&[InvalidCredentials, RateLimited, Overloaded])
}

async fn sign_in_form(view: View, Query(Next { next }): Query<Next>) -> Result<Page, Refusal> {
    let next = LocalPath::or_root(next.as_deref());
    view.render("login.html", Shown { next: next.as_str(), problem: None, username: "", must_change: false })
}

async fn sign_in(
    State(accounts): State<Accounts>,
    exchange: Exchange,
    session: Session,
    tokens: CsrfTokens,
    view: View,
    Form(form): Form<SignInForm>,
) -> Result<Outcome, Refusal> {
    let SignInForm { username, password, next } = form;
    let next = LocalPath::or_root(next.as_deref());
    let signed_in = match accounts.sign_in(&username, &password, exchange.client()).await {
        Ok(signed_in) => signed_in,
        Err(error) => {
            let refusal = ours_or_theirs(error.into())?;
            let shown = Shown {
                next: next.as_str(),
                problem: Some(refusal.text()),
                username: &username,
                must_change: false,
            };
            let page = view.render("login.html", shown)?.with_status(refusal.code().status());
            return Ok(Outcome::Again(page, refusal));
        }
    };
    signed_in.begin(&session)?;
    tokens.rebind(session.csrf_secrets());
    let must_change = signed_in.user.must_change.then(|| LocalPath::or_root(Some("/password")));
    Ok(Outcome::On(must_change.unwrap_or(next)))
}

async fn password_form(
    identity: Identity,
    view: View,
    Query(Next { next }): Query<Next>,
) -> Result<Page, Refusal> {
    let next = LocalPath::or_root(next.as_deref());
    let must_change = identity.must_change;
    view.render(
        "password.html",
        Shown { next: next.as_str(), problem: None, username: &identity.name, must_change },
    )
}

async fn change_password(
    State(accounts): State<Accounts>,
    identity: Identity,
    exchange: Exchange,
    session: Session,
    view: View,
    Form(form): Form<PasswordForm>,
) -> Result<Outcome, Refusal> {
    person(&identity)?;
    let PasswordForm { old_password, new_password, next } = form;
    let next = LocalPath::or_root(next.as_deref());
    let (old, new, client) = (&old_password, &new_password, exchange.client());
    let change = ChangePassword { session: &session, old, new, end_others: true, client };
    if let Err(error) = accounts.change_password(change).await {
        let refusal = ours_or_theirs(error.into())?;
        let (problem, must_change) = (Some(refusal.text()), identity.must_change);
        let shown = Shown { next: next.as_str(), problem, username: &identity.name, must_change };
        let page = view.render("password.html", shown)?.with_status(refusal.code().status());
        return Ok(Outcome::Again(page, refusal));
    }
    Ok(Outcome::On(next))
}

/// What people can do something about is shown in the form; what is our own fault goes the way of all such refusals.
fn ours_or_theirs(refusal: Refusal) -> Result<Refusal, Refusal> {
    if refusal.code().is_ours() { Err(refusal) } else { Ok(refusal) }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Self::On(next) => next.into_response(),
            Self::Again(page, refusal) => {
                let mut response = page.into_response();
                if response.status() == StatusCode::UNAUTHORIZED {
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
                }
                if let Some(wait) = refusal.wait() {
                    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                }
                response
            }
        }
    }
}

impl DescribeResponse for Outcome {
    fn describe(operation: &mut Operation, _: &mut SchemaGenerator) {
        operation.answers.push(crate::Answer::new(StatusCode::SEE_OTHER));
    }
}

impl FromRef<Pages> for Accounts {
    fn from_ref(pages: &Pages) -> Self {
        pages.accounts.clone()
    }
}

impl FromRef<Pages> for Templates {
    fn from_ref(pages: &Pages) -> Self {
        pages.templates.clone()
    }
}
