//! Where a request comes from, by what browsers say of it.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::CsrfFailure;
use crate::controls::origin::Origin;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origins whose pages may change things.
#[derive(Clone, Debug)]
pub(super) struct OwnOrigins {
    origins: Vec<Origin>,
}

impl OwnOrigins {
    /// Our own origin and those that are trusted like it.
    ///
    /// A machine has several names for itself. Where ours is one of them, the others count as well: they lead to
    /// the same socket, and people type whichever they like.
    pub(super) fn new(public: Origin, trusted: &[Origin]) -> Self {
        let siblings = public.loopback_siblings();
        let origins = std::iter::once(public).chain(siblings).chain(trusted.iter().cloned());
        Self { origins: origins.collect() }
    }

    /// Our own.
    pub(super) fn public(&self) -> &str {
        self.origins.first().map_or("", Origin::as_str)
    }

    /// | first of these that is there | from our own pages |
    /// |---|---|
    /// | `Origin`, equal to one of ours | yes |
    /// | `Origin`, anything else: foreign, `null`, empty, twice | no: `origin` |
    /// | `Sec-Fetch-Site: same-origin` | yes |
    /// | `Sec-Fetch-Site: none`: the user's own act, which no page can bring about | yes |
    /// | `Sec-Fetch-Site`, anything else: `cross-site`, `same-site` (siblings are hostile), unknown, twice | no: `sec_fetch_site` |
    /// | `Referer` that begins with one of ours, and goes on with a path or not at all | yes |
    /// | `Referer`, anything else: foreign, relative, empty, twice | no: `referer` |
    /// | none of them | no: `no_source` |
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), CsrfFailure> {
        let judge = |name: HeaderName, is_own: &dyn Fn(&HeaderValue) -> bool| {
            let mut lines = headers.get_all(name).iter();
            let line = lines.next()?;
            Some(lines.next().is_none() && is_own(line))
        };
        let verdict = |is_own: bool, failure| if is_own { Ok(()) } else { Err(failure) };
        let any = |matches: &dyn Fn(&Origin) -> bool| self.origins.iter().any(matches);
        if let Some(is_own) = judge(header::ORIGIN, &|line| any(&|own| own.is(line.as_bytes()))) {
            return verdict(is_own, CsrfFailure::Origin);
        }
        if let Some(is_own) = judge(FETCH_SITE, &|line| line == "same-origin" || line == "none") {
            return verdict(is_own, CsrfFailure::FetchSite);
        }
        if let Some(is_own) = judge(header::REFERER, &|line| any(&|own| own.holds(line.as_bytes()))) {
            return verdict(is_own, CsrfFailure::Referer);
        }
        Err(CsrfFailure::NoSource)
    }
}
