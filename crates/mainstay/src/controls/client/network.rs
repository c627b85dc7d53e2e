//! A network whose word is believed.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use mainstay_core::settings::{Invalid, Setting};

/// What stands for peers on a Unix socket, which have no address.
const UNIX: &str = "unix";

/// How many bits of an IPv6 network say that it is one of IPv4.
const MAPPED_BITS: u8 = 96;

/// A network such as `10.0.0.0/8`, one address, or whoever connects through a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Addresses(IpNet),
    Unix,
}

impl Network {
    /// Whether it holds the address; none is that of a peer on a Unix socket.
    pub(super) fn holds(&self, address: Option<IpAddr>) -> bool {
        match (self.0, address) {
            (Kind::Addresses(network), Some(address)) => network.contains(&address),
            (Kind::Unix, None) => true,
            _ => false,
        }
    }

    /// Whether it holds every address of its family.
    pub(super) fn is_everybody(&self) -> bool {
        matches!(self.0, Kind::Addresses(network) if network.prefix_len() == 0)
    }
}

impl Setting for Network {
    fn kind() -> &'static str {
        "network"
    }

    fn expected() -> String {
        "a network such as `10.0.0.0/8`, an address, or `unix`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.eq_ignore_ascii_case(UNIX) {
            return Ok(Self(Kind::Unix));
        }
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let network = network.map_err(|_| Invalid::new("is not a network"))?;
        Ok(Self(Kind::Addresses(canonical(network.trunc()))))
    }

    fn show(&self) -> String {
        match self.0 {
            Kind::Addresses(network) => network.to_string(),
            Kind::Unix => UNIX.to_owned(),
        }
    }
}

/// Addresses are compared in their shortest form, so a network of IPv4 inside IPv6 has to be one of IPv4.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let address: Option<Ipv4Addr> = mapped.addr().to_ipv4_mapped();
    let bits = mapped.prefix_len().checked_sub(MAPPED_BITS);
    let inner = address.zip(bits).and_then(|(address, bits)| Ipv4Net::new(address, bits).ok());
    inner.map_or(network, IpNet::V4)
}
