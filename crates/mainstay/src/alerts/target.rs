//! To which addresses a webhook may lead.
//!
//! The URL is the operator's, but names resolve to what somebody else says, and a network has places that answer
//! everyone who can reach them: above all the metadata services of clouds. So the address is judged after the name
//! was resolved, and the connection goes to the address that was judged.
//!
//! | address | decision |
//! |---|---|
//! | link-local: `169.254.0.0/16`, `fe80::/10` (metadata services) | refused |
//! | `fd00:ec2::254` (a metadata service) | refused |
//! | unspecified, broadcast, multicast | refused |
//! | an IPv4 address inside an IPv6 one (mapped, NAT64 `64:ff9b::/96`, 6to4 `2002::/16`) | as the IPv4 address |
//! | loopback, private, everything else | allowed: receivers of alerts mostly stand nearby |

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a webhook may lead there.
///
/// ```
/// use mainstay::alerts::target::may_be_told;
///
/// assert!(may_be_told("10.0.0.7".parse().unwrap()));
/// assert!(!may_be_told("169.254.169.254".parse().unwrap()));
/// ```
pub fn may_be_told(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => four(address),
        IpAddr::V6(address) => inner(address).map_or_else(|| six(address), four),
    }
}

fn four(address: Ipv4Addr) -> bool {
    // `0.0.0.0/8` is this network: some systems take it for themselves.
    let is_this_network = address.octets()[0] == 0;
    !(is_this_network || address.is_link_local() || address.is_broadcast() || address.is_multicast())
}

fn six(address: Ipv6Addr) -> bool {
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    let is_refused = address.is_unspecified()
        || address.is_unicast_link_local()
        || address.is_multicast()
        || address == METADATA;
    !is_refused
}

/// The IPv4 address that an IPv6 one stands for.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(of(high, low)),
        // `::1` is not meant: it is the loopback of IPv6, and no mapped address.
        _ => address.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_table() {
        let rows = [
            ("169.254.169.254", false),
            ("169.254.0.1", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("::", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("ff02::1", false),
            ("::ffff:169.254.169.254", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("2002:a9fe:a9fe::1", false),
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.1.2.3", true),
            ("192.168.1.1", true),
            ("fd00::1", true),
            ("192.0.2.1", true),
            ("2001:db8::1", true),
        ];
        for (address, allowed) in rows {
            assert_eq!(may_be_told(address.parse().unwrap()), allowed, "{address}");
        }
    }
}
