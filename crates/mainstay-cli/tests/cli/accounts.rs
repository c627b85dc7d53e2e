//! `user`, `token` and `session`.

use mainstay::identity::{Accounts, Password};
use mainstay::life::{Configuration, open_accounts};
use mainstay::limits::Limiter;
use mainstay::session::Session;
use mainstay::telemetry::metrics::Metrics;
use mainstay_cli::block_on;
use mainstay_core::settings::{Environment, read_pairs};
use mainstay_core::{Clock, Tasks};
use mainstay_db::Database;

use super::*;

impl Shell {
    /// Works with the accounts as the service itself would, beside the commands.
    fn with_accounts<T>(&self, work: impl AsyncFnOnce(&Accounts) -> T) -> T {
        let url = &self.surroundings.variables[std::ffi::OsStr::new("DATABASE_URL")];
        let pairs = [("DATABASE_URL", url.to_str().unwrap())];
        let runtime =
            read_pairs::<Configuration<Sample>>(Environment::Test, &pairs).settings.unwrap().runtime;
        let (clock, tasks, metrics) = (Clock::system(), Tasks::new(), Metrics::new());
        block_on(async {
            let database = Database::open(&runtime.database, &clock).await.unwrap();
            let limiter = Limiter::in_memory(&runtime.requests.limits, &clock);
            let accounts =
                open_accounts::<Sample>(&runtime, &database, &clock, &tasks, &metrics, limiter).unwrap();
            let result = work(&accounts).await;
            database.close().await.unwrap();
            result
        })
        .unwrap()
    }

    /// Whether somebody is let in, and has to change their password.
    fn sign_in(&self, name: &str, password: &str) -> Option<bool> {
        self.with_accounts(async |accounts| {
            let client = "192.0.2.1".parse().unwrap();
            let signed_in = accounts.sign_in(name, &Password::new(password), client).await;
            signed_in.ok().map(|signed_in| signed_in.user.must_change)
        })
    }

    /// Begins a session, as a browser that signs in would.
    fn begin_session(&self, name: &str, password: &str) {
        self.with_accounts(async |accounts| {
            let client = "192.0.2.1".parse().unwrap();
            let signed_in = accounts.sign_in(name, &Password::new(password), client).await.unwrap();
            let session: Session = accounts.sessions().open(&http::HeaderMap::new(), client).await;
            signed_in.begin(&session).unwrap();
            accounts.sessions().save(&session, http::StatusCode::OK).await.unwrap().unwrap();
        });
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let ran = self.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.talk);
        serde_json::from_str(&ran.data).unwrap()
    }
}

#[test]
fn a_user_is_created_with_a_password_that_is_all_there_is_in_the_data() {
    let shell = Shell::new();
    let ran = shell.run(&["user", "create", "Alice", "--role", "editor"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert!(ran.talk.contains("created the editor alice") && ran.talk.contains("72 hours"), "{}", ran.talk);
    let password = ran.data.trim_end();
    assert_eq!((ran.data.lines().count(), password.len()), (1, 23));
    assert!(!ran.talk.contains(password));
    assert_eq!(shell.sign_in("alice", password), Some(true), "it must be changed");
    let listed = shell.run(&["user", "list"]);
    assert!(listed.data.starts_with("alice "), "{}", listed.data);
    assert!(listed.data.contains("editor") && listed.data.contains("must change"), "{}", listed.data);
    assert_eq!(shell.json(&["user", "list"])[0]["name"], "alice");
}

#[test]
fn whoever_sits_there_gives_a_password_of_their_own() {
    let shell = Shell::new();
    let own = ["user", "create", "me", "--role", "operator", "--password-stdin"];
    let ran = shell.pipe("seven green bottles\n", &own);
    assert_eq!((ran.code, ran.data.as_str()), (0, ""), "{}", ran.talk);
    assert_eq!(shell.sign_in("me", "seven green bottles"), Some(false));
    for (input, said) in [
        ("", "standard input is empty"),
        ("short\n", "shorter than 8 characters"),
        ("Password2026\n", "among the first that anybody tries"),
    ] {
        let ran = shell.pipe(input, &["user", "passwd", "me", "--password-stdin"]);
        assert_eq!((ran.code, ran.data.as_str()), (2, ""));
        assert!(ran.talk.contains("error[MS0009]") && ran.talk.contains(said), "{}", ran.talk);
    }
    let ran = shell.pipe("six crooked pence", &["user", "passwd", "me", "--password-stdin"]);
    assert_eq!((ran.code, ran.data.as_str()), (0, ""), "{}", ran.talk);
    assert_eq!(shell.sign_in("me", "six crooked pence"), Some(false));
}

#[test]
fn rights_are_taken_away_and_given_back() {
    let shell = Shell::new();
    let made = shell.run(&["user", "create", "alice", "--role", "editor"]).data;
    let again = shell.run(&["user", "passwd", "alice"]);
    assert_eq!(again.code, 0, "{}", again.talk);
    assert_eq!(shell.sign_in("alice", made.trim_end()), None, "the former one is worth nothing");
    assert_eq!(shell.sign_in("alice", again.data.trim_end()), Some(true));
    for (command, said) in [
        (&["user", "disable", "alice"][..], "alice is now disabled"),
        (&["user", "disable", "alice"], "alice was already disabled"),
        (&["user", "enable", "alice"], "alice is now enabled"),
        (&["user", "role", "alice", "--role", "viewer"], "alice is now viewer"),
        (&["user", "role", "alice", "--role", "viewer"], "alice was already viewer"),
    ] {
        let ran = shell.run(command);
        assert_eq!((ran.code, ran.data.as_str()), (0, ""), "{}", ran.talk);
        assert_eq!(ran.talk.lines().last(), Some(said));
    }
    shell.run(&["user", "disable", "alice"]);
    assert_eq!(shell.sign_in("alice", again.data.trim_end()), None);
}

#[test]
fn what_is_not_there_or_cannot_be_is_told() {
    let shell = Shell::new();
    shell.run(&["user", "create", "alice", "--role", "editor"]);
    for (command, code) in [
        (&["user", "create", "ALICE", "--role", "viewer"][..], "MS0009"),
        (&["user", "create", "not a name", "--role", "viewer"], "MS0009"),
        (&["user", "passwd", "bob"], "MS0008"),
        (&["user", "disable", "bob"], "MS0008"),
        (&["token", "create", "--role", "viewer", "--name", "x", "--user", "bob"], "MS0008"),
        (&["token", "create", "--role", "viewer", "--name", " "], "MS0009"),
        (&["token", "create", "--role", "viewer", "--name", "x", "--expires", "soon"], "MS0009"),
        (
            &["token", "create", "--role", "viewer", "--name", "x", "--expires", "2001-01-01T00:00:00Z"],
            "MS0009",
        ),
        (&["session", "list", "--user", "bob"], "MS0008"),
    ] {
        let ran = shell.run(command);
        assert_eq!((ran.code, ran.data.as_str()), (2, ""), "{command:?}");
        assert!(ran.talk.contains(&format!("error[{code}]")), "{command:?}: {}", ran.talk);
    }
    let memory = shell.run(&["session", "list", "--set", "SESSION_STORE=memory"]);
    assert!(memory.code == 2 && memory.talk.contains("error[MS0010]"), "{}", memory.talk);
}

#[test]
fn a_token_is_all_there_is_in_the_data() {
    let shell = Shell::new();
    let ran =
        shell.run(&["token", "create", "--role", "editor", "--name", "nightly import", "--expires", "90d"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let token = ran.data.trim_end().to_owned();
    assert!(token.starts_with("mst_") && token.len() == 53 && !ran.talk.contains(&token), "{}", ran.talk);
    let role = || {
        shell
            .with_accounts(async |accounts| accounts.tokens().identify(&token).await.unwrap().map(|i| i.role))
    };
    assert_eq!(role(), Some(Role::Editor));

    let list = shell.run(&["token", "list"]);
    assert!(list.data.contains("nightly import") && list.data.contains("good"), "{}", list.data);
    assert!(!list.data.contains(&token));
    let id = shell.json(&["token", "list"])[0]["id"].as_str().unwrap().to_owned();
    let ran = shell.run(&["token", "revoke", &id]);
    assert_eq!((ran.code, ran.data.as_str()), (0, ""), "{}", ran.talk);
    assert_eq!(role(), None);
    let again = shell.run(&["token", "revoke", &id]);
    assert_eq!((again.code, again.data.as_str()), (1, ""), "{}", again.talk);
    assert_eq!(shell.run(&["token", "revoke", "none"]).code, 2);
}

#[test]
fn a_token_can_belong_to_somebody() {
    let shell = Shell::new();
    shell.run(&["user", "create", "alice", "--role", "viewer"]);
    let made = shell.json(&["token", "create", "--role", "operator", "--name", "x", "--user", "alice"]);
    let token = made["token"].as_str().unwrap();
    let identity =
        shell.with_accounts(async |accounts| accounts.tokens().identify(token).await.unwrap().unwrap());
    assert_eq!((&*identity.name, identity.role), ("alice", Role::Viewer));
    assert_eq!(made["expires_at"], serde_json::Value::Null);
}

#[test]
fn sessions_are_listed_and_ended() {
    let shell = Shell::new();
    let nobody = shell.run(&["session", "list"]);
    assert_eq!((nobody.code, nobody.data.as_str()), (0, ""), "{}", nobody.talk);
    assert_eq!(nobody.talk.lines().last(), Some("nobody is signed in"));
    let own = |name| {
        shell.pipe("seven green bottles\n", &["user", "create", name, "--role", "viewer", "--password-stdin"])
    };
    own("alice");
    own("bob");
    for name in ["alice", "alice", "bob"] {
        shell.begin_session(name, "seven green bottles");
    }
    assert_eq!(shell.run(&["session", "list"]).data.lines().count(), 3);
    let of_alice = shell.json(&["session", "list", "--user", "alice"]);
    assert_eq!((of_alice.as_array().unwrap().len(), &of_alice[0]["address"]), (2, &"192.0.2.1".into()));
    let id = of_alice[0]["id"].as_str().unwrap();
    assert_eq!(shell.run(&["session", "revoke", id]).code, 0);
    assert_eq!(shell.run(&["session", "revoke", id]).code, 1, "once");
    assert_eq!(shell.run(&["session", "list"]).data.lines().count(), 2);
    assert_eq!(shell.run(&["session", "revoke", "--user", "alice"]).code, 0);
    assert_eq!(shell.json(&["session", "list"])[0]["user"], "bob");
    assert_eq!(shell.run(&["session", "revoke", "--all"]).code, 2, "everybody's needs a yes");
    assert_eq!(shell.run(&["session", "list"]).data.lines().count(), 1);
    assert_eq!(shell.run(&["session", "revoke", "--all", "--yes"]).code, 0);
    assert_eq!(shell.run(&["session", "list"]).data, "");
    assert_eq!(shell.run(&["session", "revoke"]).code, 2, "which, must be said");
}

#[test]
fn what_a_command_does_to_accounts_is_in_the_audit_log() {
    let shell = Shell::new();
    let own = |command: &str| {
        let words: Vec<_> = command.split(' ').collect();
        let ran = shell.pipe("seven green bottles\n", &words);
        assert_eq!(ran.code, 0, "{command}: {}", ran.talk);
        ran.talk
    };
    own("user create alice --role viewer --password-stdin");
    shell.begin_session("alice", "seven green bottles");
    let id = shell.json(&["session", "list"])[0]["id"].as_str().unwrap().to_owned();
    for (command, action) in [
        (format!("session revoke {id}"), "session_end"),
        ("session revoke --user alice".to_owned(), "session_end"),
        ("session revoke --all --yes".to_owned(), "session_end"),
        ("user role alice --role editor".to_owned(), "role_change"),
        ("user passwd alice --password-stdin".to_owned(), "password_change"),
        ("user disable alice".to_owned(), "user_disable"),
    ] {
        let talk = own(&format!("{command} --set LOG_FORMAT=json"));
        let records = talk.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let record = records
            .filter(|record| record["target"] == "mainstay::audit")
            .find(|record| record["action"] == action);
        assert_eq!(
            record.as_ref().map(|record| &record["by"]),
            Some(&"command line".into()),
            "{command}: {talk}"
        );
        assert!(!talk.contains("seven green bottles"), "{talk}");
    }
}

#[test]
fn in_production_the_schema_is_asked_for_first() {
    let shell = Shell::new().variable("SECRET_KEY", "5f0ac1d97be24836a1c07d52e9f48b63");
    let production =
        ["ENVIRONMENT=staging", "ALLOWED_HOSTS=sample.example.org", "PUBLIC_URL=https://sample.example.org"];
    let production: Vec<_> = production.iter().flat_map(|pair| ["--set", pair]).collect();
    let create = [&["user", "create", "alice", "--role", "operator"][..], &production].concat();
    let ran = shell.run(&create);
    assert!(
        ran.code == 2 && ran.talk.contains("error[MS0503]") && ran.talk.contains("migrate up"),
        "{}",
        ran.talk
    );
    assert_eq!(shell.run(&[&["migrate", "up"][..], &production].concat()).code, 0);
    assert_eq!(shell.run(&create).code, 0, "and `user create` makes the first");
}
