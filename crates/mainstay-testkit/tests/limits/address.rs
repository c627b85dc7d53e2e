//! Headers that would like to be another address.

use mainstay_testkit::TestService;

use crate::sample::{Sample, get};

/// Every shape of forwarding header that somebody could send to be somebody else.
fn spoofed(number: usize) -> Vec<(&'static str, String)> {
    let v4 = format!("203.0.113.{number}");
    let v6 = format!("2001:db8:{number:x}::1");
    let shapes: [&[(&'static str, String)]; 12] = [
        &[("x-forwarded-for", v4.clone())],
        &[("x-forwarded-for", format!("{v4}, 10.0.0.1"))],
        &[("x-forwarded-for", v4.clone()), ("x-forwarded-for", "127.0.0.1".to_owned())],
        &[("x-forwarded-for", format!("[{v6}]:443"))],
        &[("x-forwarded-for", format!("::ffff:{v4}"))],
        &[("x-forwarded-for", format!("{v4}:1234"))],
        &[("forwarded", format!("for={v4};proto=https"))],
        &[("forwarded", format!("for=\"[{v6}]:80\""))],
        &[("forwarded", format!("for={v4}")), ("x-forwarded-for", v6.clone())],
        &[("x-real-ip", v4.clone()), ("true-client-ip", v4.clone()), ("cf-connecting-ip", v4.clone())],
        &[("x-client-ip", v4.clone()), ("x-cluster-client-ip", v4.clone()), ("fastly-client-ip", v4.clone())],
        &[("x-forwarded-for", "127.0.0.1".to_owned()), ("via", format!("1.1 {v4}"))],
    ];
    shapes[number % shapes.len()].to_vec()
}

async fn statuses(
    service: &TestService<Sample>,
    asked: usize,
    headers: impl Fn(usize) -> Vec<(&'static str, String)>,
) -> Vec<u16> {
    let client = service.client();
    let mut statuses = Vec::new();
    for number in 0..asked {
        let headers = headers(number);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        statuses.push(get(&client, "/anybody", &headers).await.status.as_u16());
    }
    statuses
}

fn gone(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status == 200).count()
}

#[tokio::test]
async fn no_header_of_a_stranger_makes_another_bucket() {
    let settings = [("RATE_LIMIT_DEFAULT", "10/h"), ("TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8")];
    let service = TestService::start(Sample, &settings).await;
    let statuses = statuses(&service, 100, spoofed).await;
    assert_eq!(gone(&statuses), 10, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "nothing is refused for it either");
    service.stop().await;
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_its_own_bucket_and_what_it_sends_itself_makes_no_other() {
    let settings = [("RATE_LIMIT_DEFAULT", "5/h"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let service = TestService::start(Sample, &settings).await;
    for client in ["198.51.100.1", "198.51.100.2", "2001:db8:9:1::1"] {
        // The proxy adds what it saw to what the client has sent.
        let said = statuses(&service, 20, |number| {
            vec![("x-forwarded-for", format!("203.0.113.{number}, {client}"))]
        });
        assert_eq!(gone(&said.await), 5, "{client}");
    }
    service.stop().await;
}

#[tokio::test]
async fn ipv6_is_limited_by_64_and_a_whole_48_by_eight_times_as_much() {
    let settings = [("RATE_LIMIT_DEFAULT", "5/h"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let service = TestService::start(Sample, &settings).await;
    let hosts = |number: usize| vec![("x-forwarded-for", format!("2001:db8:1:2::{number:x}"))];
    assert_eq!(gone(&statuses(&service, 30, hosts).await), 5);
    let networks = |number: usize| vec![("x-forwarded-for", format!("2001:db8:2:{number:x}::1"))];
    assert_eq!(gone(&statuses(&service, 100, networks).await), 40);
    let sites = |number: usize| vec![("x-forwarded-for", format!("2001:db8:{:x}::1", 100 + number))];
    assert_eq!(gone(&statuses(&service, 30, sites).await), 30);
    service.stop().await;
}

#[tokio::test]
async fn both_families_of_headers_need_a_choice() {
    let both = |_| {
        vec![("forwarded", "for=198.51.100.1".to_owned()), ("x-forwarded-for", "198.51.100.2".to_owned())]
    };
    let trusted = ("TRUSTED_PROXIES", "127.0.0.1");
    let service = TestService::start(Sample, &[trusted]).await;
    assert_eq!(statuses(&service, 1, both).await, [400]);
    service.stop().await;
    let service = TestService::start(Sample, &[trusted, ("FORWARDED_HEADER", "forwarded")]).await;
    assert_eq!(statuses(&service, 1, both).await, [200]);
    service.stop().await;
}

#[tokio::test]
async fn a_host_that_a_trusted_proxy_names_is_judged_as_any_other() {
    let settings = [("TRUSTED_PROXIES", "127.0.0.1"), ("ALLOWED_HOSTS", "app.example.org,127.0.0.1")];
    let service = TestService::start(Sample, &settings).await;
    for (host, status) in [("app.example.org", 200), ("evil.example", 400), ("not a host", 400)] {
        let said =
            |_| vec![("x-forwarded-for", "198.51.100.1".to_owned()), ("x-forwarded-host", host.to_owned())];
        assert_eq!(statuses(&service, 1, said).await, [status], "{host}");
    }
    service.stop().await;
}
