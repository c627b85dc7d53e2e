//! The forms.

use super::*;

/// The token in the hidden field of a page.
fn field(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf_token\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_form_signs_in_and_leads_on() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut browser = site.browser();
    let page = browser.get("/login?next=/see").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("name=\"next\" value=\"&#x2f;see\""), "{}", page.text);
    let token = field(&page.text);
    let fields = [("csrf_token", &*token), ("username", "alice"), ("password", PASSWORD), ("next", "/see")];
    let reply = browser.form("/login", &fields).await;
    assert_eq!(
        (reply.status, &reply.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/see".parse().unwrap())
    );
    assert_eq!(browser.get("/see").await.text, "\"alice\"");
}

#[tokio::test]
async fn a_wrong_form_comes_back_with_what_is_wrong() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let mut browser = site.browser();
    let token = field(&browser.get("/login").await.text);
    let name = "<alice>\"";
    let fields = [("csrf_token", &*token), ("username", name), ("password", "wrong"), ("next", "/see")];
    let reply = browser.form("/login", &fields).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(reply.text.contains("The name or the password is wrong."), "{}", reply.text);
    assert!(reply.text.contains("value=\"&#x2f;see\"") && !reply.text.contains("<alice>"), "{}", reply.text);
    assert!(!reply.text.contains("wrong\""), "a password never comes back");
    for _ in 0..4 {
        browser.form("/login", &fields).await;
    }
    let reply = browser.form("/login", &fields).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = reply.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((12..=15).contains(&wait), "{wait}");
}

#[tokio::test]
async fn nobody_is_led_elsewhere() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let mut browser = site.browser();
        let token = field(&browser.get("/login").await.text);
        let fields = [("csrf_token", &*token), ("username", "alice"), ("password", PASSWORD), ("next", next)];
        let reply = browser.form("/login", &fields).await;
        assert_eq!(
            (reply.status, &reply.headers[header::LOCATION]),
            (StatusCode::SEE_OTHER, &"/".parse().unwrap()),
            "{next}"
        );
    }
}

#[tokio::test]
async fn who_must_change_their_password_is_led_to_the_form_for_it() {
    let site = Site::new().await;
    let name = "bob".parse().unwrap();
    let made =
        site.fixture.accounts.create_with_initial_password(&name, Role::Operator, "test").await.unwrap().1;
    let mut browser = site.browser();
    let token = field(&browser.get("/login").await.text);
    let reply = browser
        .form("/login", &[("csrf_token", &token), ("username", "bob"), ("password", made.expose())])
        .await;
    assert_eq!(reply.headers[header::LOCATION], "/password");
    let page = browser.get("/password").await;
    assert!(page.text.contains("was made for you"), "{}", page.text);
    let token = field(&page.text);
    let fields = |new| [("csrf_token", &*token), ("old_password", made.expose()), ("new_password", new)];
    let weak = browser.form("/password", &fields("password")).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(weak.text.contains("among the first that anybody tries"), "{}", weak.text);
    let reply = browser.form("/password", &fields("six crooked pence")).await;
    assert_eq!(
        (reply.status, &reply.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/".parse().unwrap())
    );
    assert_eq!(browser.get("/run").await.text, "\"bob\"");
}

/// The tag of a field of a page.
fn input(page: &str, name: &str) -> String {
    let inputs = page.split("<input ").skip(1).map(|rest| rest.split_once('>').unwrap().0);
    inputs.filter(|tag| tag.contains(&format!("name=\"{name}\""))).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn managers_of_passwords_know_the_fields_and_nothing_keeps_people_from_pasting() {
    let site = Site::new().await;
    site.fixture.user("alice", Role::Editor).await;
    let login = site.browser().get("/login").await.text;
    let change = site.signed_in("alice", PASSWORD).await.get("/password").await.text;
    for (page, name, kind, purpose) in [
        (&login, "username", "", "username"),
        (&login, "password", "password", "current-password"),
        (&change, "old_password", "password", "current-password"),
        (&change, "new_password", "password", "new-password"),
    ] {
        let tag = input(page, name);
        assert_eq!(tag.lines().count(), 1, "{name}: {page}");
        assert!(kind.is_empty() || tag.contains(&format!("type=\"{kind}\"")), "{tag}");
        assert!(tag.contains(&format!("autocomplete=\"{purpose}\"")), "{tag}");
        assert!(kind.is_empty() || !tag.contains("maxlength"), "a long password is cut: {tag}");
        assert!(!tag.contains("readonly") && !tag.contains(" on"), "{tag}");
    }
    for page in [login, change] {
        assert!(!page.contains("<script") && !page.contains("autocomplete=\"off\""), "{page}");
    }
}
