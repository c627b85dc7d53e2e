//! Whose request it is: address, scheme and host, resolved once for every reader.
//!
//! Limits, logs, audit and handlers all see what is decided here. The peer of the socket is the client, unless the peer
//! is a proxy that the operator declared as trusted; only then is anything read that a header says.
//!
//! | peer | headers | client | scheme, host |
//! |---|---|---|---|
//! | not trusted | whatever they say | the peer | `http`, that of the request |
//! | trusted | none | the peer | `http`, that of the request |
//! | trusted | `X-Forwarded-For` | walking from the right, the first address that is not trusted | of the last `X-Forwarded-Proto` and `-Host` |
//! | trusted | `Forwarded` | the same over its `for=` | of the element that names the client |
//! | trusted | the walk meets what is no address | the last good one | as above |
//! | trusted | all addresses are trusted | the leftmost | as above |
//! | trusted | both families, and `FORWARDED_HEADER` is not set | refused: `bad_request` | |
//! | trusted | both families, and `FORWARDED_HEADER` names one | by that one | by that one |
//! | on a Unix socket | as for an address; `unix` among the trusted ones says that it is a proxy | `0.0.0.0` where nothing else is known | |
//!
//! Several lines of a header are one list. IPv4 inside IPv6 becomes IPv4; ports, brackets and zones are taken off.
//! Whoever is not in the trusted networks can choose nothing of this: not even that their request is refused.

mod forwarded;
mod network;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use http::HeaderMap;

pub use forwarded::{ForwardedHeader, Scheme};
pub use network::Network;

use forwarded::Hop;

use crate::{ErrorCode, Refusal};

/// The networks whose word on a client is believed, and the headers that they write it in.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    header: Option<ForwardedHeader>,
}

/// Where a request comes from, past trusted proxies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The client's address. A peer without one has `0.0.0.0`.
    pub(crate) client: IpAddr,
    /// How the client reached the outermost trusted proxy.
    pub(crate) scheme: Scheme,
    /// The host that the client asked that proxy for, unread, where it says so.
    pub(crate) host: Option<String>,
}

impl TrustedProxies {
    /// Trusts these networks and no others; private ranges are not trusted by themselves.
    pub fn new(networks: Vec<Network>) -> Self {
        Self { networks, header: None }
    }

    /// The same, with one family of headers that counts. Without, each request may bring either, and not both.
    #[must_use]
    pub fn reading(self, header: Option<ForwardedHeader>) -> Self {
        Self { header, ..self }
    }

    /// Whether no address is left untrusted.
    pub(crate) fn is_everybody(&self) -> bool {
        self.networks.iter().any(Network::is_everybody)
    }

    /// Whether nobody is trusted.
    pub(crate) fn is_nobody(&self) -> bool {
        self.networks.is_empty()
    }

    /// Where a request comes from, by the table above. A peer on a Unix socket has no address.
    pub(crate) fn resolve(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<Seen, Refusal> {
        let peer = peer.map(|peer| peer.to_canonical());
        let client = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let seen = Seen { client, scheme: Scheme::Http, host: None };
        if !self.trusts(peer) {
            return Ok(seen);
        }
        let (client, scheme, host) = match self.family(headers)? {
            ForwardedHeader::Forwarded => {
                let (client, hop) = self.walk(client, forwarded::standard(headers));
                (client, hop.scheme, hop.host)
            }
            ForwardedHeader::XForwardedFor => {
                let (client, _) = self.walk(client, forwarded::older(headers));
                (client, forwarded::older_scheme(headers), forwarded::older_host(headers))
            }
        };
        Ok(Seen { client, scheme: scheme.unwrap_or(seen.scheme), host })
    }

    /// The headers that count for this request.
    fn family(&self, headers: &HeaderMap) -> Result<ForwardedHeader, Refusal> {
        match (self.header, forwarded::families(headers)) {
            (Some(chosen), _) => Ok(chosen),
            (None, (true, true)) => Err(Refusal::new(ErrorCode::BadRequest)
                .message("The request carries both Forwarded and X-Forwarded headers.")),
            (None, (true, false)) => Ok(ForwardedHeader::Forwarded),
            (None, (false, _)) => Ok(ForwardedHeader::XForwardedFor),
        }
    }

    /// Follows the hops until one is not trusted or is no address, and gives the last good one.
    fn walk(&self, peer: IpAddr, hops: impl Iterator<Item = Hop>) -> (IpAddr, Hop) {
        let (mut client, mut of) = (peer, Hop::default());
        for (passed, hop) in hops.enumerate() {
            if passed > 0 && !self.trusts(Some(client)) {
                break;
            }
            let Some(address) = hop.address else {
                // A proxy that hides an address still says how it was reached.
                return (client, if passed == 0 { Hop { address: None, ..hop } } else { of });
            };
            (client, of) = (address, hop);
        }
        (client, of)
    }

    fn trusts(&self, peer: Option<IpAddr>) -> bool {
        self.networks.iter().any(|network| network.holds(peer))
    }
}
