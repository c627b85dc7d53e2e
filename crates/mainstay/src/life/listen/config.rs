//! Where the service listens, and what it is called outside.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::Uri;
use mainstay_core::settings::{Invalid, Problem, Reader, Section, Setting};

/// Where the service listens, and what it is called outside.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListenSettings {
    /// `HOST` and `PORT`: where people and programs are served.
    pub address: SocketAddr,
    /// `MANAGEMENT_ADDR`: where metrics and health are served to operators.
    pub management: Option<SocketAddr>,
    /// `PUBLIC_URL`: the origin that people use.
    pub public_url: PublicUrl,
}

/// An origin: scheme, host and perhaps a port, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    host: String,
    secure: bool,
}

impl Section for ListenSettings {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.group("Addresses", "Where the service listens, and what it is called outside.");
        let host = reader
            .field("HOST")
            .doc("The address to listen on. `0.0.0.0` and `::` mean every address of the machine.")
            .default(IpAddr::V4(Ipv4Addr::LOCALHOST))
            .read();
        let port =
            reader.field("PORT").doc("The port to listen on; 0 takes a free one.").default(8080_u16).read();
        let management = reader
            .field::<SocketAddr>("MANAGEMENT_ADDR")
            .doc("A second listener, for operators only: metrics and health. Without it, staging and production serve no metrics.")
            .default_text("none")
            .example("127.0.0.1:9090")
            .optional();
        let address = SocketAddr::new(host, port);
        let public_url = reader
            .field::<PublicUrl>("PUBLIC_URL")
            .doc("The origin that people use: for links, redirects, cookies and the check of origins.")
            .default_text("http://{HOST}:{PORT}")
            .example("https://app.example.org")
            .optional();
        let settings =
            Self { address, management, public_url: public_url.unwrap_or_else(|| PublicUrl::of(address)) };
        if management.is_some_and(|management| management.port() == port && port != 0) {
            let problem = Problem::error("MS0405", "MANAGEMENT_ADDR has the port of the service itself");
            let problem =
                problem.at("MANAGEMENT_ADDR").because("operators and people would share one listener");
            reader.problem(problem.help("choose another port, such as MANAGEMENT_ADDR=127.0.0.1:9090"));
        }
        if !settings.public_url.is_secure() && !settings.public_url.is_loopback() {
            let problem = Problem::error("MS0401", "PUBLIC_URL is not https").at("PUBLIC_URL");
            let problem = problem.because("anybody on the way can read and change what is sent");
            reader.insecure(problem.help("put TLS in front and set PUBLIC_URL=https://…"));
        }
        settings
    }
}

impl ListenSettings {
    /// Takes in what the system chose where a port was left to it.
    pub(in crate::life) fn settle(&mut self, bound: SocketAddr) {
        if self.public_url == PublicUrl::of(self.address) {
            self.public_url = PublicUrl::of(bound);
        }
        self.address = bound;
    }
}

impl PublicUrl {
    /// The origin of a service that nobody gave a name: its own address.
    pub fn of(address: SocketAddr) -> Self {
        let host = match address.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Self { origin: format!("http://{host}:{}", address.port()), host, secure: false }
    }

    /// The origin as browsers write it: `https://app.example.org`, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the scheme is `https`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether only this machine can mean it.
    pub fn is_loopback(&self) -> bool {
        let ip = self.host.trim_matches(['[', ']']).parse::<IpAddr>();
        self.host == "localhost" || self.host.ends_with(".localhost") || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

impl Setting for PublicUrl {
    fn kind() -> &'static str {
        "url"
    }

    fn expected() -> String {
        "an origin such as `https://app.example.org`, without a path".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let uri: Uri = text.trim().parse().map_err(|_| Invalid::new("is not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Invalid::new("is not a whole URL").with_help("begin with `https://`"));
        };
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(Invalid::new("is neither http nor https")),
        };
        if authority.as_str().contains('@') {
            return Err(Invalid::new("names a user"));
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(Invalid::new("has a path").with_help("name the scheme, the host and the port only"));
        }
        let host = authority.host().to_ascii_lowercase();
        // Browsers leave the usual port out, so an origin that names it would never be equal to theirs.
        let port = authority.port_u16().filter(|port| *port != default_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { origin: format!("{scheme}://{host}{port}"), host, secure: scheme == "https" })
    }

    fn show(&self) -> String {
        self.origin.clone()
    }
}
