use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use mainstay_servers::{ChaosProxy, Nginx};
use sha2::Sha256;

use super::*;

const SECRET: &str = "a secret of both sides";

/// A receiver that writes down what it gets, one JSON object a line.
fn receiver() -> Nginx {
    Nginx::start(|place| {
        let folder = place.folder.display();
        let (plain, tls) = (place.plain, place.tls);
        let (certificate, key) = (place.certificate.display(), place.key.display());
        let main = format!(
            r#"
            error_log stderr; pid {folder}/pid; events {{ }}
            http {{
                log_format got escape=json '{{"method":"$request_method","path":"$request_uri","host":"$http_host",'
                    '"type":"$content_type","id":"$http_webhook_id","at":"$http_webhook_timestamp",'
                    '"signature":"$http_webhook_signature","authorization":"$http_authorization","body":"$request_body"}}';
                access_log {folder}/got got;
                client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                server {{
                    listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl;
                    ssl_certificate {certificate}; ssl_certificate_key {key};
                    # The body is read only when something is to get it.
                    location /hook {{ proxy_pass http://127.0.0.1:{plain}/taken; }}
                    location /taken {{ access_log off; return 204; }}
                    location /moved {{ return 307 http://127.0.0.1:{plain}/hook; }}
                    location /broken {{ return 500; }}
                }}
            }}"#
        );
        vec![("nginx.conf".to_owned(), main)]
    })
}

fn got(receiver: &Nginx) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(receiver.folder().join("got")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn webhook(url: &str, ca_file: &Path) -> Channel {
    channel(&[("ALERT_WEBHOOK_URL", url), ("ALERT_WEBHOOK_SECRET", SECRET), ("ALERT_CA_FILE", text(ca_file))])
}

#[tokio::test]
async fn it_is_posted_and_signed() {
    let receiver = receiver();
    let url = format!("https://u:p%40@localhost:{}/hook?team=storage", receiver.tls_address().port());
    let channel = webhook(&url, &receiver.authority());
    for _ in 0..2 {
        channel.send(&ALERT).await.expect("taken");
    }
    let got = got(&receiver);
    assert_eq!(got.len(), 2);
    for post in got {
        assert_eq!((&post["method"], &post["path"]), (&"POST".into(), &"/hook?team=storage".into()));
        assert_eq!(post["host"], format!("localhost:{}", receiver.tls_address().port()));
        assert_eq!(post["type"], "application/json");
        assert_eq!(post["id"], ALERT.id.to_string(), "the same when it is sent again");
        assert_eq!(post["authorization"], format!("Basic {}", STANDARD.encode("u:p@")));
        let body = post["body"].as_str().expect("a text");
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
        let at = post["at"].as_str().expect("a time");
        mac.update(format!("{}.{at}.{body}", ALERT.id).as_bytes());
        assert_eq!(post["signature"], format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["text"], "[concord test] stock has put item-1 aside");
        assert_eq!((&body["service"], &body["instance"]), (&"concord".into(), &"one".into()));
        assert_eq!(body["details"]["projection"], "stock");
    }
}

#[tokio::test]
async fn redirects_and_refusals_are_no_yes() {
    let receiver = receiver();
    let base = format!("http://localhost:{}", receiver.plain_address().port());
    for (path, answer) in [("moved", "307"), ("broken", "500")] {
        let error = refusal(webhook(&format!("{base}/{path}"), &receiver.authority()).send(&ALERT).await);
        assert!(error.contains(answer), "{error}");
        assert!(!error.contains(path), "the path is a secret: {error}");
    }
    assert!(got(&receiver).iter().all(|post| post["path"] != "/hook"), "it was not followed");
}

#[tokio::test]
async fn only_whoever_shows_the_right_certificate_is_told() {
    let receiver = receiver();
    let port = receiver.tls_address().port();
    let by_number = format!("https://127.0.0.1:{port}/hook");
    let error = refusal(webhook(&by_number, &receiver.authority()).send(&ALERT).await);
    assert!(error.contains("certificate"), "{error}");
    let another = Nginx::start(|place| {
        let text = format!(
            "pid {0}/pid; events {{ }} http {{ access_log off; server {{ listen 127.0.0.1:{1}; listen 127.0.0.1:{2}; }} }}",
            place.folder.display(),
            place.plain,
            place.tls
        );
        vec![("nginx.conf".to_owned(), text)]
    });
    let url = format!("https://localhost:{port}/hook");
    let error = refusal(webhook(&url, &another.authority()).send(&ALERT).await);
    assert!(error.contains("certificate"), "{error}");
    assert!(got(&receiver).is_empty());
}

#[tokio::test]
async fn one_that_is_silent_is_not_waited_for() {
    let receiver = receiver();
    let proxy = ChaosProxy::start(receiver.plain_address());
    let url = format!("http://localhost:{}/hook", proxy.address().port());
    let channel = webhook(&url, &receiver.authority());
    channel.send(&ALERT).await.expect("taken");
    proxy.silence();
    let began = Clock::system().now();
    let error = refusal(channel.send(&ALERT).await);
    assert!(error.contains("no answer within 10 s"), "{error}");
    assert!(Clock::system().now() - began < Duration::from_secs(15));
    proxy.cut();
    let error = refusal(channel.send(&ALERT).await);
    assert!(error.contains("the webhook did not take it"), "{error}");
    proxy.pass();
    channel.send(&ALERT).await.expect("taken again");
}
