//! The limits of one route, with the settings filled in.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header};

use super::class::{ADDRESS_SHARE, Class, SITE_SHARE};
use super::gcra::Quota;
use super::key::{LimitKey, Scope, Subject};
use super::rate::Rate;
use super::store::{Charge, Charges};
use crate::routes::Auth;

/// The limits of a route, made with it: a request looks nothing up and computes nothing.
#[derive(Clone, Debug)]
pub struct RowLimits {
    /// The class, with the rate that the settings give it.
    pub class: Class,
    is_public: bool,
    anonymous: Limit,
    anonymous_site: Limit,
    address: Limit,
    site: Limit,
    identity: Limit,
}

/// One limit: what is charged, and how it is told.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    scope: Scope,
    pub(super) quota: Quota,
    pub(super) name: String,
    /// `RateLimit-Policy`.
    pub(super) policy: HeaderValue,
}

impl RowLimits {
    /// The limits of a route of this class, whose rate the settings have filled in.
    pub fn new(class: Class, auth: Auth) -> Self {
        let rate = class.rate;
        let shared = rate.times(ADDRESS_SHARE);
        let limit = |scope, suffix, rate| Limit::new(&class, scope, suffix, rate);
        Self {
            is_public: auth == Auth::Public && !class.for_credentials,
            anonymous: limit(Scope::Anonymous, "_anonymous", rate),
            anonymous_site: limit(Scope::AnonymousSite, "_anonymous_site", rate.times(SITE_SHARE)),
            address: limit(Scope::Address, "_address", shared),
            site: limit(Scope::Site, "_site", shared.times(SITE_SHARE)),
            identity: limit(Scope::Identity, "", rate),
            class,
        }
    }

    /// What one address may do here, if it brings credentials or not.
    pub fn address_rate(&self, has_credentials: bool) -> Rate {
        if self.is_anonymous(has_credentials) {
            self.class.rate
        } else {
            self.class.rate.times(ADDRESS_SHARE)
        }
    }

    /// The buckets of an address.
    ///
    /// | the route | the request | the buckets |
    /// |---|---|---|
    /// | is for anybody | – | of the address, at the rate |
    /// | is for identities | brings no credentials, so it can only be refused | the same: it takes nothing from those who do |
    /// | is for identities | brings credentials | of the address, at [`ADDRESS_SHARE`] times the rate |
    /// | takes passwords | – | the same; the name that is tried has the rate |
    pub(super) fn by_address(&self, client: IpAddr, headers: &HeaderMap) -> Charges {
        let (address, site) = if self.is_anonymous(has_credentials(headers)) {
            (&self.anonymous, &self.anonymous_site)
        } else {
            (&self.address, &self.site)
        };
        let charges = Charges::of(address.of(self.class.name, Subject::network(client)));
        match Subject::site(client) {
            Some(whole) => charges.and(site.of(self.class.name, whole)),
            None => charges,
        }
    }

    /// The bucket of an identity.
    pub(super) fn by_identity(&self, subject: Subject) -> Charges {
        Charges::of(self.identity.of(self.class.name, subject))
    }

    /// The limit of a scope.
    pub(super) fn limit(&self, scope: Scope) -> &Limit {
        match scope {
            Scope::Anonymous => &self.anonymous,
            Scope::AnonymousSite => &self.anonymous_site,
            Scope::Address => &self.address,
            Scope::Site => &self.site,
            _ => &self.identity,
        }
    }

    fn is_anonymous(&self, has_credentials: bool) -> bool {
        self.is_public || !(has_credentials || self.class.for_credentials)
    }
}

impl Limit {
    fn new(class: &Class, scope: Scope, suffix: &str, rate: Rate) -> Self {
        let name = format!("{}{suffix}", class.name);
        let policy = format!("\"{name}\";q={};w={}", rate.requests, rate.seconds);
        // The names of classes are checked at start: they are fit for a header.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(""));
        Self { scope, quota: Quota::of(rate), name, policy }
    }

    fn of(&self, class: &'static str, subject: Subject) -> Charge {
        Charge { key: LimitKey { class, scope: self.scope, subject }, quota: self.quota }
    }
}

/// Whether a request brings anything that could say who makes it. What it is worth is not known yet.
fn has_credentials(headers: &HeaderMap) -> bool {
    headers.contains_key(header::COOKIE) || headers.contains_key(header::AUTHORIZATION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    #[test]
    fn by_address_row_by_row() {
        let class = Class::new("sample", Rate::per_minute(10));
        let (none, cookie, bearer) = (HeaderMap::new(), header::COOKIE, header::AUTHORIZATION);
        let with = |name| HeaderMap::from_iter([(name, HeaderValue::from_static("x"))]);
        let (cookie, bearer) = (with(cookie), with(bearer));
        let (v4, v6) = ("192.0.2.1", "2001:db8::1");
        let anonymous = [(Scope::Anonymous, 10), (Scope::AnonymousSite, 80)];
        let address = [(Scope::Address, 40), (Scope::Site, 320)];
        let role = Auth::Role(Role::Viewer);
        let auth = Class { rate: Rate::per_minute(10), ..Class::AUTH };
        let rows = [
            (class, Auth::Public, &none, anonymous),
            (class, Auth::Public, &cookie, anonymous),
            (class, role, &none, anonymous),
            (class, role, &cookie, address),
            (class, Auth::SignedIn, &bearer, address),
            (auth, Auth::Public, &none, address),
            (auth, Auth::Public, &cookie, address),
            (auth, Auth::SignedIn, &none, address),
        ];
        for (row, (class, auth, headers, expected)) in rows.into_iter().enumerate() {
            let limits = RowLimits::new(class, auth);
            for (client, count) in [(v4, 1), (v6, 2)] {
                let charges = limits.by_address(client.parse().unwrap(), headers);
                let told: Vec<_> =
                    charges.as_slice().iter().map(|one| (one.key.scope, one.quota.limit)).collect();
                assert_eq!(told, expected[..count], "row {row} {client}");
            }
        }
    }
}
