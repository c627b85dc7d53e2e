//! Whose request it is, row by row, and what strangers cannot change about it.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderName, HeaderValue};
use mainstay_core::settings::Setting;
use proptest::prelude::*;

use super::{ForwardedHeader, Network, Scheme, Seen, TrustedProxies};

const TRUSTED: &[&str] = &["10.0.0.0/8", "fd00::/8"];
const PROXY: &str = "10.0.0.1";

fn proxies(trusted: &[&str]) -> TrustedProxies {
    TrustedProxies::new(trusted.iter().map(|network| Network::parse(network).unwrap()).collect())
}

fn map(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, line) in lines {
        headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(line.as_bytes()).unwrap());
    }
    headers
}

fn resolve(trusted: &[&str], peer: &str, lines: &[(&'static str, &str)]) -> Seen {
    proxies(trusted).resolve(peer.parse().ok(), &map(lines)).unwrap()
}

/// A row: who is trusted, the peer, the lines of `X-Forwarded-For`, the client.
type Row = (&'static [&'static str], &'static str, &'static [&'static str], &'static str);

#[test]
fn x_forwarded_for_row_by_row() {
    let rows: &[Row] = &[
        // A peer that is not trusted is the client, private or not.
        (&[], PROXY, &["1.2.3.4"], PROXY),
        (TRUSTED, "192.0.2.9", &["1.2.3.4"], "192.0.2.9"),
        (TRUSTED, "127.0.0.1", &["1.2.3.4"], "127.0.0.1"),
        (TRUSTED, "::1", &["1.2.3.4"], "::1"),
        // A trusted one is asked.
        (TRUSTED, PROXY, &[], PROXY),
        (TRUSTED, PROXY, &["1.2.3.4"], "1.2.3.4"),
        // From the right, past trusted ones, and no further.
        (TRUSTED, PROXY, &["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (TRUSTED, PROXY, &["1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        (TRUSTED, PROXY, &["6.6.6.6,1.2.3.4,10.0.0.2,fd00::2"], "1.2.3.4"),
        (TRUSTED, PROXY, &["10.9.9.9, 10.0.0.2"], "10.9.9.9"),
        (TRUSTED, PROXY, &["10.9.9.9, 1.2.3.4"], "1.2.3.4"),
        // Several lines are one list.
        (TRUSTED, PROXY, &["6.6.6.6", "1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        (TRUSTED, PROXY, &["6.6.6.6", "1.2.3.4", "10.0.0.2"], "1.2.3.4"),
        (TRUSTED, PROXY, &["1.2.3.4", ""], PROXY),
        // Ports, brackets, zones, IPv4 inside IPv6.
        (TRUSTED, PROXY, &["1.2.3.4:5678"], "1.2.3.4"),
        (TRUSTED, PROXY, &["[2001:db8::1]:443"], "2001:db8::1"),
        (TRUSTED, PROXY, &["[2001:db8::1]"], "2001:db8::1"),
        (TRUSTED, PROXY, &["2001:DB8:0::1"], "2001:db8::1"),
        (TRUSTED, PROXY, &["fe80::1%eth0"], "fe80::1"),
        (TRUSTED, PROXY, &["[fe80::1%25eth0]:80"], "fe80::1"),
        (TRUSTED, PROXY, &["::ffff:1.2.3.4"], "1.2.3.4"),
        (TRUSTED, PROXY, &["[::ffff:1.2.3.4]:80"], "1.2.3.4"),
        (TRUSTED, "::ffff:10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
        (TRUSTED, "fd00::1", &["1.2.3.4, ::ffff:10.0.0.7"], "1.2.3.4"),
        (&["::ffff:10.0.0.0/104"], PROXY, &["1.2.3.4"], "1.2.3.4"),
        (&["::ffff:10.0.0.1"], "::ffff:10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
        // What is no address ends the walk.
        (TRUSTED, PROXY, &["1.2.3.4, junk"], PROXY),
        (TRUSTED, PROXY, &["1.2.3.4, junk, 10.0.0.2"], "10.0.0.2"),
        (TRUSTED, PROXY, &["junk, 1.2.3.4"], "1.2.3.4"),
        (TRUSTED, PROXY, &["1.2.3.4,"], PROXY),
        (TRUSTED, PROXY, &["1.2.3.4,,10.0.0.2"], "10.0.0.2"),
        (TRUSTED, PROXY, &[""], PROXY),
        (TRUSTED, PROXY, &["unknown"], PROXY),
        (TRUSTED, PROXY, &["_hidden"], PROXY),
        (TRUSTED, PROXY, &["\"1.2.3.4\""], PROXY),
        (TRUSTED, PROXY, &["1.2.3.4 5.6.7.8"], PROXY),
        (TRUSTED, PROXY, &["1.2.3"], PROXY),
        (TRUSTED, PROXY, &["01.2.3.4"], PROXY),
        (TRUSTED, PROXY, &["1.2.3.4:99999"], PROXY),
        (TRUSTED, PROXY, &["[1.2.3.4]"], PROXY),
        (TRUSTED, PROXY, &["1.2.3.4%eth0"], PROXY),
        (TRUSTED, PROXY, &["fe80::1%"], PROXY),
        (TRUSTED, PROXY, &["fe80::1%eth0 "], "fe80::1"),
        (TRUSTED, PROXY, &["[2001:db8::1"], PROXY),
        (TRUSTED, PROXY, &["1.2.3.4\u{e9}"], PROXY),
    ];
    for (trusted, peer, lines, client) in rows {
        let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        assert_eq!(
            resolve(trusted, peer, &lines).client.to_string(),
            *client,
            "{trusted:?} {peer} {lines:?}"
        );
    }
}

#[test]
fn forwarded_row_by_row() {
    let rows: &[(&str, &[&str], &str)] = &[
        ("192.0.2.9", &["for=1.2.3.4"], "192.0.2.9"),
        (PROXY, &["for=1.2.3.4"], "1.2.3.4"),
        (PROXY, &["For=\"1.2.3.4:80\";by=10.0.0.1;proto=https"], "1.2.3.4"),
        (PROXY, &["proto=https; for=\"[2001:db8::1]:4711\""], "2001:db8::1"),
        (PROXY, &["for=6.6.6.6, for=1.2.3.4, for=10.0.0.2"], "1.2.3.4"),
        (PROXY, &["for=6.6.6.6", "for=1.2.3.4,for=\"[fd00::2]\""], "1.2.3.4"),
        (PROXY, &["for=1.2.3.4, for=unknown"], PROXY),
        (PROXY, &["for=1.2.3.4, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
        (PROXY, &["for=1.2.3.4;for=6.6.6.6"], PROXY),
        (PROXY, &["by=10.0.0.1"], PROXY),
        (PROXY, &["for=\"1.2.3.4\\\"\""], PROXY),
        // What a client leaves open swallows nothing.
        (PROXY, &["for=\"6.6.6.6, for=1.2.3.4"], "1.2.3.4"),
        (PROXY, &["for=\"6.6.6.6, for=\"[2001:db8::1]\""], "2001:db8::1"),
        (PROXY, &["for=\"6.6.6.6;, x", "for=1.2.3.4"], "1.2.3.4"),
    ];
    for (peer, lines, client) in rows {
        let lines: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
        assert_eq!(resolve(TRUSTED, peer, &lines).client.to_string(), *client, "{peer} {lines:?}");
    }
}

#[test]
fn scheme_and_host_are_those_of_trusted_proxies_only() {
    let older = [
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-proto", "http, https"),
        ("x-forwarded-host", "evil.example, app.example"),
    ];
    let seen = resolve(TRUSTED, PROXY, &older);
    assert_eq!((seen.scheme, seen.host.as_deref()), (Scheme::Https, Some("app.example")));
    let seen = resolve(TRUSTED, "192.0.2.9", &older);
    assert_eq!((seen.scheme, seen.host), (Scheme::Http, None));

    // Of the element that names the client: what it sent itself stands further left.
    let standard = "for=6.6.6.6;proto=http;host=evil.example, for=1.2.3.4;proto=https;host=app.example, \
                    for=10.0.0.2;proto=http;host=inner.example";
    let seen = resolve(TRUSTED, PROXY, &[("forwarded", standard)]);
    assert_eq!((seen.scheme, seen.host.as_deref()), (Scheme::Https, Some("app.example")));
    let seen = resolve(TRUSTED, PROXY, &[("forwarded", "for=unknown;proto=https")]);
    assert_eq!((seen.client.to_string().as_str(), seen.scheme), (PROXY, Scheme::Https));
    assert_eq!(resolve(TRUSTED, PROXY, &[("x-forwarded-proto", "gopher")]).scheme, Scheme::Http);
}

#[test]
fn both_families_at_once_need_a_choice() {
    let both = [
        ("forwarded", "for=1.1.1.1;proto=https"),
        ("x-forwarded-for", "2.2.2.2"),
        ("x-forwarded-proto", "http"),
    ];
    let headers = map(&both);
    let peer = PROXY.parse().ok();
    assert_eq!(proxies(TRUSTED).resolve(peer, &headers).unwrap_err().code().as_str(), "bad_request");
    let chosen = |header| proxies(TRUSTED).reading(Some(header)).resolve(peer, &headers).unwrap();
    assert_eq!(chosen(ForwardedHeader::Forwarded).client.to_string(), "1.1.1.1");
    assert_eq!(chosen(ForwardedHeader::XForwardedFor).client.to_string(), "2.2.2.2");
    // A choice also holds where only the other one comes.
    let other = proxies(TRUSTED).reading(Some(ForwardedHeader::Forwarded));
    let seen = other.resolve(peer, &map(&both[1..])).unwrap();
    assert_eq!((seen.client.to_string().as_str(), seen.scheme), (PROXY, Scheme::Http));
    // Whoever is not trusted cannot even have a request refused by it.
    assert_eq!(resolve(TRUSTED, "192.0.2.9", &both).client.to_string(), "192.0.2.9");
}

#[test]
fn a_unix_socket_has_no_address() {
    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let headers = map(&[("x-forwarded-for", "1.2.3.4")]);
    assert_eq!(proxies(TRUSTED).resolve(None, &headers).unwrap().client, nowhere);
    assert_eq!(proxies(&["0.0.0.0/8"]).resolve(None, &headers).unwrap().client, nowhere);
    let seen = proxies(&["unix"]).resolve(None, &headers).unwrap();
    assert_eq!(seen.client.to_string(), "1.2.3.4");
    assert_eq!(resolve(&["unix"], PROXY, &[("x-forwarded-for", "1.2.3.4")]).client.to_string(), PROXY);
}

#[test]
fn networks_read_and_show_themselves() {
    for (text, shown) in [
        ("10.0.3.7/24", Some("10.0.3.0/24")),
        ("192.0.2.1", Some("192.0.2.1/32")),
        ("fd00::/8", Some("fd00::/8")),
        ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
        ("UNIX", Some("unix")),
        ("10.0.0.0/33", None),
        ("proxy.internal", None),
        ("*", None),
    ] {
        assert_eq!(Network::parse(text).ok().map(|network| network.show()).as_deref(), shown, "{text}");
    }
}

/// An address that is in none of the trusted networks.
fn stranger() -> impl Strategy<Value = IpAddr> {
    let is_stranger = |address: &IpAddr| {
        let address = address.to_canonical();
        proxies(TRUSTED).resolve(Some(address), &map(&[("x-forwarded-for", "203.0.113.77")])).unwrap().client
            == address
    };
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
        .prop_filter("is trusted", is_stranger)
}

/// A part of a header as a hostile client could write it.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("10.0.0.9".to_owned()),
        Just("for=10.0.0.9".to_owned()),
        Just("for=\"".to_owned()),
        Just("\"".to_owned()),
        Just(",".to_owned()),
        Just(";".to_owned()),
        Just("proto=https;host=evil.example".to_owned()),
        any::<[u8; 4]>().prop_map(|octets| IpAddr::from(octets).to_string()),
        any::<[u8; 16]>().prop_map(|octets| format!("[{}]:80", IpAddr::from(octets))),
        "[ -~]{0,24}",
    ]
}

/// Lines of forwarding headers, as a hostile client could send them.
fn lines() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let names = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"];
    let line = proptest::collection::vec(part(), 0..6).prop_map(|parts| parts.join(","));
    proptest::collection::vec((proptest::sample::select(names.to_vec()), line), 0..6)
}

fn borrowed(lines: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    lines.iter().map(|(name, line)| (*name, line.trim().to_owned())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_untrusted_peer_changes_anything(peer in stranger(), lines in lines()) {
        let lines = borrowed(&lines);
        let pairs: Vec<_> = lines.iter().map(|(name, line)| (*name, line.as_str())).collect();
        let seen = resolve(TRUSTED, &peer.to_string(), &pairs);
        let expected = Seen { client: peer.to_canonical(), scheme: Scheme::Http, host: None };
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn behind_a_proxy_a_client_is_who_the_proxy_says(client in stranger(), sent in lines(), hops in 0..3_usize) {
        // A proxy of ours that writes one family drops what a client sent of the other one.
        for (name, element) in [("x-forwarded-for", String::new()), ("forwarded", "for=".to_owned())] {
            let quoted = |text: String| if element.is_empty() { text } else { format!("{element}\"{text}\"") };
            let shown = match client { IpAddr::V6(address) => format!("[{address}]"), IpAddr::V4(address) => address.to_string() };
            let mut said = vec![quoted(shown)];
            said.extend((0..hops).map(|hop| quoted(format!("10.0.1.{hop}"))));
            let lines: Vec<_> = borrowed(&sent).into_iter().filter(|(sent, _)| *sent == name).collect();
            // It may add to the last line or write one of its own.
            let mut joined = lines.clone();
            match joined.last_mut() {
                Some((_, line)) => *line = format!("{line}, {}", said.join(", ")),
                None => joined.push((name, said.join(", "))),
            }
            let mut apart = lines;
            apart.push((name, said.join(", ")));
            for lines in [joined, apart] {
                let pairs: Vec<_> = lines.iter().map(|(name, line)| (*name, line.as_str())).collect();
                prop_assert_eq!(resolve(TRUSTED, PROXY, &pairs).client, client.to_canonical(), "{:?}", pairs);
            }
        }
    }

    #[test]
    fn whatever_comes_is_resolved_or_refused(peer in any::<[u8; 4]>(), lines in lines()) {
        let lines = borrowed(&lines);
        let pairs: Vec<_> = lines.iter().map(|(name, line)| (*name, line.as_str())).collect();
        let _ = proxies(TRUSTED).resolve(Some(IpAddr::from(peer)), &map(&pairs));
    }
}
