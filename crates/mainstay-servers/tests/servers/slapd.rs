//! slapd.

use std::net::TcpStream;
use std::process::Command;

use mainstay_servers::Slapd;

const ENTRIES: &str = "dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=service,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: service
userPassword: word
";

/// Binds as the service and reads an entry, as users of the directory do.
fn search(url: &str, slapd: &Slapd, more: &[&str]) -> Result<String, String> {
    let mut command = Command::new("ldapsearch");
    command.args(["-x", "-LLL", "-H", url, "-D", "cn=service,dc=example,dc=org", "-w", "word"]).args(more);
    command.args(["-b", "dc=example,dc=org", "(cn=service)", "cn"]);
    // This client puts the machine's name in the place of `localhost`, and no certificate is for that.
    command.env("LDAPTLS_CACERT", slapd.ca_file()).env("LDAPTLS_REQCERT", "never");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn it_answers_by_all_three_ways_and_says_what_it_was_asked() {
    let slapd = Slapd::start(ENTRIES);
    for (url, more) in [(slapd.ldap(), &[][..]), (slapd.ldap(), &["-ZZ"]), (slapd.ldaps(), &[])] {
        let found = search(&url, &slapd, more).unwrap();
        assert!(found.contains("cn: service"), "{url} {more:?}: {found}");
        let operations = slapd.operations();
        let begins: Vec<&str> = operations.iter().map(|operation| &operation[..4]).collect();
        let expected = if more.is_empty() { &["BIND", "SRCH"][..] } else { &["EXT ", "BIND", "SRCH"] };
        assert_eq!(begins, expected, "{url}");
    }
}

#[test]
fn without_tls_there_is_none() {
    let slapd = Slapd::options(ENTRIES).without_tls().start();
    assert!(search(&slapd.ldap(), &slapd, &[]).is_ok());
    assert!(search(&slapd.ldap(), &slapd, &["-ZZ"]).is_err());
    assert!(TcpStream::connect(slapd.tls_address()).is_err());
}

#[test]
fn it_can_be_killed_and_started_again() {
    let slapd = Slapd::start(ENTRIES);
    slapd.kill();
    assert!(search(&slapd.ldap(), &slapd, &[]).is_err());
    slapd.start_again();
    assert!(search(&slapd.ldap(), &slapd, &[]).is_ok());
    assert_eq!(slapd.operations().len(), 2, "only what came after the start");
}

#[test]
#[should_panic(expected = "slapadd")]
fn entries_that_make_no_sense_are_said() {
    Slapd::start("dn: nonsense\n");
}
