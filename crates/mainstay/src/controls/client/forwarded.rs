//! What proxies write of the hop before them.
//!
//! Everything is read from the right, because only what stands there was written by somebody trusted: whatever a
//! client sends itself stands to the left of what the proxies add.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue};
use mainstay_core::settings::Choice;

const FORWARDED: &str = "forwarded";
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";

/// The longest zone of an address that is passed over.
const MAX_ZONE: usize = 32;

/// `FORWARDED_HEADER`: in which family of headers the proxies say whom they speak for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` and `X-Forwarded-Host`.
    XForwardedFor,
    /// `Forwarded`, of RFC 7239.
    Forwarded,
}

impl Choice for ForwardedHeader {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("x-forwarded-for", Self::XForwardedFor), ("forwarded", Self::Forwarded)];
}

/// How a client reached the first proxy, or us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear, as far as anybody told us.
    #[default]
    Http,
    /// Encrypted.
    Https,
}

/// One hop: whom a proxy speaks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop {
    /// The address it saw; none where it is hidden, or no address.
    pub(super) address: Option<IpAddr>,
    pub(super) scheme: Option<Scheme>,
    pub(super) host: Option<String>,
}

impl Scheme {
    /// The name in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
    }
}

/// Whether the request carries `Forwarded`, and whether it carries any of the older headers.
pub(super) fn families(headers: &HeaderMap) -> (bool, bool) {
    let older = [FORWARDED_FOR, FORWARDED_PROTO, FORWARDED_HOST];
    (headers.contains_key(FORWARDED), older.iter().any(|name| headers.contains_key(*name)))
}

/// The addresses of `X-Forwarded-For`, the nearest first. Several lines are one list.
pub(super) fn older(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    lines(headers, FORWARDED_FOR)
        .flat_map(|line| line.map_or_else(|| vec![""], |line| line.rsplit(',').collect()))
        .map(|entry| Hop { address: address(entry), ..Hop::default() })
}

/// What the nearest proxy says in `X-Forwarded-Proto`.
pub(super) fn older_scheme(headers: &HeaderMap) -> Option<Scheme> {
    nearest(headers, FORWARDED_PROTO).and_then(Scheme::parse)
}

/// What the nearest proxy says in `X-Forwarded-Host`, whether it is a host or not.
pub(super) fn older_host(headers: &HeaderMap) -> Option<String> {
    nearest(headers, FORWARDED_HOST).map(str::to_owned)
}

/// The elements of `Forwarded`, the nearest first. Several lines are one list.
pub(super) fn standard(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    lines(headers, FORWARDED)
        .flat_map(|line| line.map_or_else(|| vec![""], |line| outside_quotes(line, b',').collect()))
        .map(element)
}

/// The lines of a header, the last one first; none for one that is no text.
fn lines<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = Option<&'a str>> {
    headers.get_all(name).iter().rev().map(|line: &HeaderValue| line.to_str().ok())
}

/// The last entry of the last line.
fn nearest<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    lines(headers, name).next()?.and_then(|line| line.rsplit(',').next()).map(str::trim)
}

/// One element, such as `for="[2001:db8::1]:4711";proto=https`. What is said twice is not said.
fn element(text: &str) -> Hop {
    let pairs = || outside_quotes(text, b';').filter_map(|pair| pair.split_once('='));
    let value = |name: &str| {
        let mut said = pairs().filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        match (said.next(), said.next()) {
            (Some((_, value)), None) => unquoted(value),
            _ => None,
        }
    };
    Hop {
        address: value("for").and_then(address),
        scheme: value("proto").and_then(Scheme::parse),
        host: value("host").map(str::to_owned),
    }
}

/// A token, or what stands between quotes. None of the values we know needs an escape, so one makes it junk.
fn unquoted(value: &str) -> Option<&str> {
    let value = value.trim();
    let inner = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"'))?;
    (!inner.contains(['"', '\\'])).then_some(inner)
}

/// Splits from the right where no quote is open, counted from the right: a quote that a client leaves open at the left
/// swallows nothing of what a proxy has added.
fn outside_quotes(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut is_quoted = false;
        let cut = text.bytes().enumerate().rev().find_map(|(at, byte)| {
            is_quoted ^= byte == b'"';
            (byte == separator && !is_quoted).then_some(at)
        });
        let Some(cut) = cut else { return rest.take() };
        rest = text.get(..cut);
        text.get(cut + 1..)
    })
}

/// Reads `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`, each IPv6 perhaps with a
/// zone, which means something on the proxy's machine only; IPv4 inside IPv6 becomes IPv4.
pub(super) fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let plain = match entry.split_once('%') {
        None => return read(entry),
        Some((head, tail)) if head.starts_with('[') => {
            let (zone, rest) = tail.split_once(']')?;
            is_zone(zone).then(|| format!("{head}]{rest}"))?
        }
        Some((head, zone)) => is_zone(zone).then(|| head.to_owned())?,
    };
    read(&plain).filter(IpAddr::is_ipv6)
}

fn read(entry: &str) -> Option<IpAddr> {
    let address = entry
        .parse::<IpAddr>()
        .ok()
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok().filter(IpAddr::is_ipv6))?;
    Some(address.to_canonical())
}

fn is_zone(zone: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    !zone.is_empty() && zone.len() <= MAX_ZONE && zone.bytes().all(is_fit)
}
