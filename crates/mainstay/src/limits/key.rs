//! Whose bucket it is.

use std::net::{IpAddr, Ipv6Addr};

use uuid::Uuid;

/// The key of a bucket: a class, what is limited in it, and whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimitKey {
    /// The class's name.
    pub class: &'static str,
    /// What is limited.
    pub scope: Scope,
    /// Who.
    pub subject: Subject,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// An address, in what nobody has to be known for: an IPv4 address or a /64 of IPv6.
    Anonymous,
    /// The same of a site: a /48 of IPv6.
    AnonymousSite,
    /// An address that brings credentials: an IPv4 address or a /64 of IPv6.
    Address,
    /// The same of a site: a /48 of IPv6.
    Site,
    /// A user, or a token that belongs to nobody.
    Identity,
    /// A name that somebody tries to sign in with, at a place where it never did.
    Account,
    /// The same, over an hour.
    AccountHour,
    /// A name at a place where it has signed in.
    Place,
    /// The same, over an hour.
    PlaceHour,
    /// That a name has signed in at a place. Not a bucket but a mark.
    Known,
}

/// Whom it concerns, in 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject([u8; 16]);

/// The bits of an IPv6 address that tell one network from another, and one site.
const NETWORK_BITS: u32 = 64;
const SITE_BITS: u32 = 48;

#[cfg(feature = "redis")]
impl Scope {
    /// The name in the keys of a store that is shared. Never changes.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::AnonymousSite => "anonymous_site",
            Self::Address => "address",
            Self::Site => "site",
            Self::Identity => "identity",
            Self::Account => "account",
            Self::AccountHour => "account_hour",
            Self::Place => "place",
            Self::PlaceHour => "place_hour",
            Self::Known => "known",
        }
    }
}

impl Subject {
    /// One IPv4 address, or one /64 of IPv6: what one customer of a provider has at least.
    pub fn network(client: IpAddr) -> Self {
        match client.to_canonical() {
            IpAddr::V4(address) => Self(address.to_ipv6_mapped().octets()),
            IpAddr::V6(address) => Self(prefix(address, NETWORK_BITS)),
        }
    }

    /// One /48 of IPv6: what a customer can get for the asking. An IPv4 address has no such thing.
    pub fn site(client: IpAddr) -> Option<Self> {
        match client.to_canonical() {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(Self(prefix(address, SITE_BITS))),
        }
    }

    /// Somebody or something with an id.
    pub fn id(id: Uuid) -> Self {
        Self(id.into_bytes())
    }

    /// What a keyed hash stands for: its first half.
    pub fn hash(mac: &[u8; 32]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&mac[..16]);
        Self(half)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

fn prefix(address: Ipv6Addr, bits: u32) -> [u8; 16] {
    (address.to_bits() & (u128::MAX << (u128::BITS - bits))).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Subject {
        Subject::network(text.parse().unwrap())
    }

    fn site(text: &str) -> Option<Subject> {
        Subject::site(text.parse().unwrap())
    }

    #[test]
    fn a_network_is_an_ipv4_address_or_a_64() {
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("::"), network("0.0.0.0"));
    }

    #[test]
    fn a_site_is_a_48() {
        assert_eq!(site("192.0.2.1"), None);
        assert_eq!(site("::ffff:192.0.2.1"), None);
        assert_eq!(site("2001:db8:1:2::1"), site("2001:db8:1:ffff::2"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
    }
}
