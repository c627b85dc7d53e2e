//! Whose request it is: the client's address, resolved once for every reader.
//!
//! The peer of the socket is the client, unless the peer is a proxy that the operator declared as trusted.
//! Only then `X-Forwarded-For` is read, from the right: trusted entries are passed over, and the first one
//! that is not trusted is the client. What cannot be read as an address ends the walk at the last good one,
//! so nobody outside the trusted networks can choose the result.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;
use mainstay_core::settings::{Invalid, Setting};

/// The header that proxies write, each adding the address it saw.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Setting for Network {
    fn kind() -> &'static str {
        "network"
    }

    fn expected() -> String {
        "a network such as `10.0.0.0/8`, or an address".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(|network| Self(network.trunc())).map_err(|_| Invalid::new("is not a network"))
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

/// The networks whose word on a client's address is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
}

impl TrustedProxies {
    /// Trusts these networks and no others; private ranges are not trusted by themselves.
    pub fn new(networks: Vec<Network>) -> Self {
        Self { networks }
    }

    /// Whether no address is left untrusted.
    pub(crate) fn is_everybody(&self) -> bool {
        self.networks.iter().any(|network| network.0.prefix_len() == 0)
    }

    /// The client's address, by the rule above.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        for line in lines {
            let Ok(line) = line.to_str() else { return client };
            for entry in line.rsplit(',') {
                if !self.trusts(client) {
                    return client;
                }
                let Some(address) = parse(entry) else { return client };
                client = address;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.0.contains(&address))
    }
}

/// Reads `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; IPv4 inside IPv6 becomes IPv4.
fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let address = entry
        .parse::<IpAddr>()
        .ok()
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies =
            TrustedProxies::new(trusted.iter().map(|network| Network::parse(network).unwrap()).collect());
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn decision_table() {
        let trusted = &["10.0.0.0/8", "fd00::/8"][..];
        let rows: &[(&[&str], &str, &[&str], &str)] = &[
            (&[], "10.0.0.1", &["1.2.3.4"], "10.0.0.1"),
            (trusted, "192.0.2.9", &["1.2.3.4"], "192.0.2.9"),
            (trusted, "10.0.0.1", &[], "10.0.0.1"),
            (trusted, "10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            (trusted, "10.0.0.1", &["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            (trusted, "10.0.0.1", &["1.2.3.4, 10.0.0.2"], "1.2.3.4"),
            (trusted, "10.0.0.1", &["6.6.6.6", "1.2.3.4, 10.0.0.2"], "1.2.3.4"),
            (trusted, "10.0.0.1", &["1.2.3.4, junk"], "10.0.0.1"),
            (trusted, "10.0.0.1", &["junk, 1.2.3.4"], "1.2.3.4"),
            (trusted, "10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4"),
            (trusted, "::ffff:10.0.0.1", &["[2001:db8::1]:443"], "2001:db8::1"),
            (trusted, "fd00::1", &["::ffff:1.2.3.4"], "1.2.3.4"),
            (trusted, "10.0.0.1", &[""], "10.0.0.1"),
            (trusted, "10.0.0.1", &["fe80::1%eth0"], "10.0.0.1"),
        ];
        for (trusted, peer, forwarded, expected) in rows {
            assert_eq!(client(trusted, peer, forwarded), *expected, "{trusted:?} {peer} {forwarded:?}");
        }
    }
}
