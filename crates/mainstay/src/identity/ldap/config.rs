//! The settings of a directory.

use std::path::PathBuf;
use std::time::Duration;

use ldap3::ldap_escape;
use mainstay_core::settings::{Problem, Reader};
use mainstay_core::{Chain, Secret};

use super::dn::comparable;
use super::url::LdapUrl;
use crate::Role;
use crate::trust::client_config;

const LDAP_URL: &str = "LDAP_URL";
const NAME: &str = "{name}";
const DN: &str = "{dn}";

/// A directory, and how to ask it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LdapSettings {
    /// `LDAP_URL`: where it is.
    pub url: LdapUrl,
    /// `LDAP_STARTTLS`: whether to encrypt a connection that began without.
    pub starttls: bool,
    /// `LDAP_CA_FILE`: the only authorities to believe; else those of the system.
    pub ca_file: Option<PathBuf>,
    /// `LDAP_BIND_DN` and `LDAP_BIND_PASSWORD`: the account that searches.
    pub bind: Option<(String, Secret)>,
    /// `LDAP_BASE_DN`: below which entry to search.
    pub base_dn: String,
    /// `LDAP_USER_FILTER`: what finds somebody.
    pub user_filter: String,
    /// `LDAP_NAME_ATTRIBUTE`: what they are called here.
    pub name_attribute: String,
    /// `LDAP_GROUP_BASE_DN`: below which entry to search for groups.
    pub group_base_dn: String,
    /// `LDAP_GROUP_FILTER`: what finds somebody's groups.
    pub group_filter: String,
    /// The groups that give roles.
    pub roles: LdapRoles,
    /// `LDAP_TIMEOUT`: how long all of it may take.
    pub timeout: Duration,
}

/// The groups that give roles: `LDAP_ROLE_VIEWER`, `LDAP_ROLE_EDITOR`, `LDAP_ROLE_OPERATOR`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LdapRoles {
    groups: Vec<(Role, String)>,
}

impl LdapRoles {
    /// The groups, each with the role that it gives.
    pub fn new(groups: impl IntoIterator<Item = (Role, String)>) -> Self {
        Self { groups: groups.into_iter().map(|(role, group)| (role, comparable(&group))).collect() }
    }

    /// The names of the groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(_, group)| group.as_str())
    }

    /// The highest role that any of these groups gives.
    pub(super) fn of<'a>(&self, groups: impl IntoIterator<Item = &'a str>) -> Option<Role> {
        let groups: Vec<String> = groups.into_iter().map(comparable).collect();
        self.groups.iter().filter(|(_, group)| groups.contains(group)).map(|(role, _)| *role).max()
    }
}

impl LdapSettings {
    /// The filter that finds somebody.
    pub(super) fn filter_for_name(&self, name: &str) -> String {
        self.user_filter.replace(NAME, &ldap_escape(name))
    }

    /// The filter that finds somebody's groups.
    pub(super) fn filter_for_groups(&self, dn: &str) -> String {
        self.group_filter.replace(DN, &ldap_escape(dn))
    }

    /// Reads the settings; `None` without `LDAP_URL`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.group("LDAP", "A directory that knows the passwords of people who are not users here yet.");
        let url = reader
            .field::<LdapUrl>(LDAP_URL)
            .doc("Where the directory is. Users of our own come first; the directory is asked about all other names.")
            .example("ldaps://directory.example.org")
            .optional();
        let starttls = reader
            .field("LDAP_STARTTLS")
            .doc("Whether to encrypt a connection to an ldap: address by StartTLS, before anything else is said.")
            .default(false)
            .read();
        let ca_file = reader
            .field::<PathBuf>("LDAP_CA_FILE")
            .doc("A PEM file with the only authorities to believe that somebody is the directory.")
            .default_text("those of the system")
            .optional();
        let bind_dn = reader
            .field::<String>("LDAP_BIND_DN")
            .doc("The service's own account in the directory, which searches, such as cn=concord,ou=services,dc=example,dc=org.")
            .default_text("search as an anonymous visitor")
            .optional();
        let bind_password =
            reader.field::<Secret>("LDAP_BIND_PASSWORD").doc("The password of that account.").optional();
        let base_dn = reader
            .field::<String>("LDAP_BASE_DN")
            .doc("Below which entry people are looked for. Needed with LDAP_URL.")
            .example("ou=people,dc=example,dc=org")
            .optional();
        let user_filter = reader
            .field::<String>("LDAP_USER_FILTER")
            .doc("What finds somebody; {name} stands for the name that they sign in with.")
            .default("(uid={name})".to_owned())
            .read();
        let name_attribute = reader
            .field::<String>("LDAP_NAME_ATTRIBUTE")
            .doc("The attribute that holds the one name under which they are kept here.")
            .default("uid".to_owned())
            .read();
        let group_base_dn = reader
            .field::<String>("LDAP_GROUP_BASE_DN")
            .doc("Below which entry groups are looked for.")
            .default_text("as LDAP_BASE_DN")
            .example("ou=groups,dc=example,dc=org")
            .optional();
        let group_filter = reader
            .field::<String>("LDAP_GROUP_FILTER")
            .doc("What finds somebody's groups; {dn} stands for the name of their entry.")
            .default("(member={dn})".to_owned())
            .read();
        let roles = [Role::Viewer, Role::Editor, Role::Operator]
            .into_iter()
            .filter_map(|role| group_of(reader, role).map(|group| (role, group)));
        let roles = LdapRoles::new(roles.collect::<Vec<_>>());
        let timeout = reader
            .field("LDAP_TIMEOUT")
            .doc("How long a sign-in waits for the directory, from connecting to its last answer.")
            .default(Duration::from_secs(5))
            .bounds(Duration::from_millis(100)..=Duration::from_mins(1))
            .too_low("nobody can sign in when the directory is busy")
            .too_high("people have given up long before")
            .read();

        let settings = Self {
            url: url?,
            starttls,
            ca_file,
            bind: None,
            group_base_dn: group_base_dn.or_else(|| base_dn.clone()).unwrap_or_default(),
            base_dn: base_dn.unwrap_or_default(),
            user_filter,
            name_attribute,
            group_filter,
            roles,
            timeout,
        };
        settings.judge(reader, bind_dn.is_some() == bind_password.is_some());
        Some(Self { bind: bind_dn.zip(bind_password), ..settings })
    }

    /// Reports what is wrong with the settings as a whole.
    fn judge(&self, reader: &mut Reader<'_>, bind_is_whole: bool) {
        if !self.url.is_tls() && !self.starttls {
            let problem = Problem::error("MS0701", "passwords go to the directory without TLS").at(LDAP_URL);
            let problem =
                problem.because("whoever is on the way reads the password of everybody who signs in");
            reader.insecure(problem.help("name it with ldaps://, or set LDAP_STARTTLS=yes"));
        }
        if self.url.is_tls() && self.starttls {
            let problem =
                Problem::error("MS0701", "LDAP_STARTTLS is for ldap: addresses").at("LDAP_STARTTLS");
            let problem =
                problem.because("a connection to an ldaps: address is encrypted from its first byte");
            reader.problem(problem.help("remove LDAP_STARTTLS"));
        }
        if let Some(Err(error)) = self.ca_file.as_deref().map(|file| client_config(Some(file))) {
            let problem = Problem::error("MS0704", "LDAP_CA_FILE cannot be used").at("LDAP_CA_FILE");
            let problem = problem.because(Chain(&error).to_string());
            reader.problem(problem.help("name a PEM file with the certificate of the directory's authority"));
        }
        let mut lacks = |name: &str, what: &'static str| {
            let problem =
                Problem::error("MS0702", format!("{name} is not set, and LDAP_URL is")).at(LDAP_URL);
            reader.problem(problem.because(what).help(format!("set {name}")));
        };
        if self.base_dn.is_empty() {
            lacks("LDAP_BASE_DN", "nobody would be found");
        }
        if self.roles.groups.is_empty() {
            lacks("LDAP_ROLE_VIEWER, LDAP_ROLE_EDITOR or LDAP_ROLE_OPERATOR", "nobody would have a role");
        }
        if !bind_is_whole {
            let problem = Problem::error("MS0702", "LDAP_BIND_DN and LDAP_BIND_PASSWORD belong together");
            let problem = problem.at(LDAP_URL).because("one without the other is no account");
            reader.problem(problem.help("set both, or none to search as an anonymous visitor"));
        }
        for (name, filter, holds, sample) in [
            ("LDAP_USER_FILTER", &self.user_filter, NAME, self.filter_for_name("a")),
            ("LDAP_GROUP_FILTER", &self.group_filter, DN, self.filter_for_groups("cn=a")),
        ] {
            let wrong = if !filter.contains(holds) {
                Some(format!("{name} does not hold {holds}"))
            } else if ldap3::parse_filter(&sample).is_err() {
                Some(format!("{name} is no filter"))
            } else {
                None
            };
            if let Some(message) = wrong {
                let problem = Problem::error("MS0703", message).at(name);
                let problem = problem.because("it would find nobody, or everybody");
                reader.problem(problem.help("write a filter such as (uid={name}) or (member={dn})"));
            }
        }
    }
}

fn group_of(reader: &mut Reader<'_>, role: Role) -> Option<String> {
    let (name, doc, example) = match role {
        Role::Viewer => {
            let example = "cn=concord-viewers,ou=groups,dc=example,dc=org";
            ("LDAP_ROLE_VIEWER", "The group whose members may look.", example)
        }
        Role::Editor => {
            let example = "cn=concord-editors,ou=groups,dc=example,dc=org";
            ("LDAP_ROLE_EDITOR", "The group whose members may change things.", example)
        }
        Role::Operator => {
            let example = "cn=concord-operators,ou=groups,dc=example,dc=org";
            ("LDAP_ROLE_OPERATOR", "The group whose members operate the service.", example)
        }
    };
    reader.field::<String>(name).doc(doc).default_text("none").example(example).optional()
}
