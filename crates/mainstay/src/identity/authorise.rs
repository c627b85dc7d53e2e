//! May they?

use super::Identity;
use crate::routes::Auth;
use crate::{ErrorCode, Refusal};

/// Judges whether an identity may call a route.
///
/// | the route demands | nobody signed in | must change their password | role below | role as demanded, or above |
/// |---|---|---|---|---|
/// | nothing | yes | yes | yes | yes |
/// | somebody | `unauthenticated` | yes | yes | yes |
/// | a role | `unauthenticated` | `forbidden` | `forbidden` | yes |
///
/// # Errors
///
/// The refusal of the table.
pub fn authorise(demanded: Auth, identity: Option<&Identity>) -> Result<(), Refusal> {
    match (demanded, identity) {
        (Auth::Public, _) | (Auth::SignedIn, Some(_)) => Ok(()),
        (_, None) => Err(unauthenticated()),
        (Auth::Role(_), Some(identity)) if identity.must_change => {
            let message = "Change your password first: PUT /api/v1/auth/password.";
            Err(Refusal::new(ErrorCode::Forbidden).message(message))
        }
        (Auth::Role(role), Some(identity)) if identity.role < role => {
            let message =
                format!("This takes the role {}; yours is {}.", role.as_str(), identity.role.as_str());
            Err(Refusal::new(ErrorCode::Forbidden).message(message))
        }
        (Auth::Role(_), Some(_)) => Ok(()),
    }
}

/// Nobody has signed in, or not with anything that holds.
pub(crate) fn unauthenticated() -> Refusal {
    Refusal::new(ErrorCode::Unauthenticated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use crate::identity::How;

    #[test]
    fn decision_table() {
        use Auth::{Public, SignedIn};
        use Role::{Editor, Operator, Viewer};
        const OK: Option<ErrorCode> = None;
        const WHO: Option<ErrorCode> = Some(ErrorCode::Unauthenticated);
        const NO: Option<ErrorCode> = Some(ErrorCode::Forbidden);
        let rows = [
            (Public, [OK, OK, OK, OK, OK]),
            (SignedIn, [WHO, OK, OK, OK, OK]),
            (Auth::Role(Viewer), [WHO, NO, OK, OK, OK]),
            (Auth::Role(Editor), [WHO, NO, NO, OK, OK]),
            (Auth::Role(Operator), [WHO, NO, NO, NO, OK]),
        ];
        let identity = |role, must_change| {
            Some(Identity { user: None, name: "alice".into(), role, how: How::Session, must_change })
        };
        let columns = [
            None,
            identity(Operator, true),
            identity(Viewer, false),
            identity(Editor, false),
            identity(Operator, false),
        ];
        for (demanded, verdicts) in rows {
            for (identity, verdict) in columns.iter().zip(verdicts) {
                let found = authorise(demanded, identity.as_ref()).err().map(|refusal| refusal.code());
                assert_eq!(found, verdict, "{demanded:?} {identity:?}");
            }
        }
    }
}
