//! What `check --explain` says of the settings of a directory, whether this build can ask one or not.

use mainstay_core::settings::Explanation;

/// The codes of this room.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0701",
        title: "passwords go to the directory without TLS",
        text: "LDAP_URL begins with ldap: and LDAP_STARTTLS is not yes, so the password of everybody\n\
               who signs in travels where anybody on the way can read it.\n\n\
               Name the directory with ldaps://, or set LDAP_STARTTLS=yes. If its certificate was\n\
               made by an authority of your own, name the file with that authority's certificate\n\
               in LDAP_CA_FILE.",
    },
    Explanation {
        code: "MS0702",
        title: "the settings of the directory are incomplete",
        text: "With LDAP_URL, these are needed, too:\n\n\
               \u{20}   LDAP_BASE_DN           below which entry people are looked for\n\
               \u{20}   LDAP_ROLE_VIEWER       and, or LDAP_ROLE_EDITOR, LDAP_ROLE_OPERATOR: the groups\n\
               \u{20}                          whose members have these roles; who is in none of them\n\
               \u{20}                          cannot sign in\n\n\
               LDAP_BIND_DN and LDAP_BIND_PASSWORD belong together: an account of the service that\n\
               may search. Without both, the search is made by an anonymous visitor.",
    },
    Explanation {
        code: "MS0703",
        title: "a filter of the directory cannot be used",
        text: "LDAP_USER_FILTER is a filter by RFC 4515 in which {name} stands for the name that\n\
               somebody signs in with, such as (uid={name}) or, for Active Directory,\n\
               (sAMAccountName={name}). LDAP_GROUP_FILTER is one in which {dn} stands for the name of\n\
               their entry, such as (member={dn}). What is put in is escaped.",
    },
    Explanation {
        code: "MS0704",
        title: "LDAP_CA_FILE cannot be used",
        text: "The file is not there, cannot be read, or holds no certificate of an authority. It is a\n\
               PEM file, as `-----BEGIN CERTIFICATE-----` begins it, with the certificates of the\n\
               authorities that may speak for the directory; those of the system are not believed then.",
    },
    Explanation {
        code: "MS0705",
        title: "the directory cannot be asked",
        text: "`check --directory` connects to LDAP_URL, binds as LDAP_BIND_DN, and reads the entries that\n\
               the settings name. The message says how far it came: a name that does not resolve, a\n\
               certificate that is not believed (LDAP_CA_FILE), an account that is refused (result 49:\n\
               LDAP_BIND_DN or LDAP_BIND_PASSWORD is wrong), or an entry that is not there or that the\n\
               account may not see.\n\n\
               A service starts without its directory: who is known there gets 503 until it answers.",
    },
    Explanation {
        code: "MS0706",
        title: "this build asks no directory",
        text: "LDAP_URL is set, but the program was built without the feature `ldap`, so that nobody whom\n\
               only the directory knows could sign in. Build it with that feature (Concord has it unless\n\
               `--no-default-features` is given), or remove the settings that begin with LDAP_.",
    },
];
