//! Finding the programs of the servers.

use std::path::PathBuf;

/// The path of a program; `package` is Debian's name of what it comes with.
///
/// # Panics
///
/// When it is not installed: a test that needs it has failed, it is not skipped.
pub(crate) fn find(name: &str, package: &str) -> PathBuf {
    // Servers live in folders that are often not on the search path of ordinary users.
    let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin"];
    let found = folders.iter().map(|folder| PathBuf::from(folder).join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| missing(name, package))
}

/// Ends the test for want of a program.
///
/// # Panics
///
/// Always.
pub(crate) fn missing(name: &str, package: &str) -> ! {
    panic!(
        "`{name}` is not installed, and this test needs it.\n\
         help: `apt-get install {package}`, or `cargo xtask test`, which installs what is missing"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "apt-get install no-such-package")]
    fn a_missing_program_names_its_package() {
        find("no-such-program", "no-such-package");
    }
}
