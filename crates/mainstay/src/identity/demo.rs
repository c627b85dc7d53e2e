//! The operator of an empty database in development.

use mainstay_core::settings::Environment;

use super::Accounts;
use super::error::AccountError;
use super::password::{self, Password};
use super::user::UserName;
use crate::Role;

/// The name of the demo operator.
const NAME: &str = "operator";

/// An operator who was made up at this start. The password is known to nobody else, and is not shown again.
#[derive(Debug)]
#[non_exhaustive]
pub struct DemoOperator {
    /// The name.
    pub name: UserName,
    /// The password.
    pub password: Password,
}

impl Accounts {
    /// Makes up an operator, so that whoever starts the service for the first time can look around.
    ///
    /// | environment | users | a demo operator |
    /// |---|---|---|
    /// | development | none yet | is created, with a password of 100 random bits |
    /// | development | some | is not |
    /// | test, staging, production | any | is not: `user create` makes the first user |
    ///
    /// # Errors
    ///
    /// See [`AccountError`].
    pub async fn demo_operator(
        &self,
        environment: Environment,
    ) -> Result<Option<DemoOperator>, AccountError> {
        if environment != Environment::Development || !self.users().is_empty().await? {
            return Ok(None);
        }
        let (name, password) = (NAME.parse().map_err(|_| AccountError::NoUser)?, password::generate());
        match self.create(&name, Role::Operator, &password, "start").await {
            Ok(_) => Ok(Some(DemoOperator { name, password })),
            // Another process on the same database was quicker, and shows the password.
            Err(AccountError::Taken) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::{Fixture, HOME};

    #[tokio::test]
    async fn decision_table() {
        for environment in [Environment::Test, Environment::Staging, Environment::Production] {
            let fixture = Fixture::new().await;
            assert!(fixture.accounts.demo_operator(environment).await.unwrap().is_none());
            assert!(fixture.accounts.users().is_empty().await.unwrap(), "there is no account to begin with");
        }
        let fixture = Fixture::new().await;
        let demo = fixture.accounts.demo_operator(Environment::Development).await.unwrap().unwrap();
        let signed_in = fixture.accounts.sign_in(demo.name.as_str(), &demo.password, HOME).await.unwrap();
        assert_eq!((signed_in.user.role, signed_in.user.must_change), (Role::Operator, false));
        assert!(fixture.accounts.demo_operator(Environment::Development).await.unwrap().is_none(), "once");
    }
}
