//! A disk for tables that is soon full.
//!
//! A file system in memory of a fixed size, mounted where only the server and its children see it: it is gone with them,
//! however they end. Root may mount; everybody else becomes root of a namespace of users of their own for that, and
//! themselves again in a further one, because PostgreSQL refuses to run as any root.

use std::fs;
use std::path::{Path, PathBuf};

use super::admin::Admin;
use crate::{Account, Launch, program};

/// Its folder in that of the server.
const FOLDER: &str = "disk";

/// The tablespace on it.
const TABLESPACE: &str = "small";

/// Mounts, becomes the account of the server, and is the server from then on.
const AS_ROOT: &str = r#"
size=$1 disk=$2 user=$3 group=$4; shift 4
mount -t tmpfs -o "size=${size}m,mode=0700,uid=$user,gid=$group" small "$disk" || exit
exec setpriv --reuid "$user" --regid "$group" --clear-groups --pdeathsig QUIT -- "$@"
"#;

const AS_ANYBODY: &str = r#"
size=$1 disk=$2 user=$3 group=$4; shift 4
mount -t tmpfs -o "size=${size}m,mode=0700" small "$disk" || exit
exec unshare --user --map-user "$user" --map-group "$group" -- setpriv --pdeathsig QUIT -- "$@"
"#;

/// Makes the place where it will be mounted.
pub(super) fn place(folder: &Path) -> PathBuf {
    let disk = folder.join(FOLDER);
    fs::create_dir(&disk).expect("a folder of ours");
    disk
}

/// The server, to be started with the disk mounted.
pub(super) fn launch(postgres: PathBuf, mebibytes: u32, folder: &Path, account: Option<Account>) -> Launch {
    let (namespaces, script): (&[&str], _) = match account {
        Some(_) => (&["--mount"], AS_ROOT),
        None => (&["--user", "--map-root-user", "--mount"], AS_ANYBODY),
    };
    let (user, group) = account.map_or_else(
        || (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()),
        |account| (account.user, account.group),
    );
    let disk = folder.join(FOLDER).display().to_string();
    Launch::new(program::find("unshare", "util-linux"))
        .arguments(namespaces)
        .arguments(["--", "sh", "-ec", script, "sh"])
        .arguments([mebibytes.to_string(), disk, user.to_string(), group.to_string()])
        .arguments([postgres])
}

/// Lets all databases that are created from now on keep their tables there.
pub(super) fn use_for_tables(disk: &Path, admin: &Admin) {
    let disk = disk.display();
    admin.sql("postgres", &format!("create tablespace {TABLESPACE} location '{disk}'"));
    admin.sql("postgres", &format!("alter database template1 set tablespace {TABLESPACE}"));
}

pub(super) fn fill(disk: &Path, admin: &Admin) {
    let ballast = disk.join("ballast");
    // What was written until it failed stays.
    let endless = "select repeat('x', 65536) from generate_series(1, 1000000)";
    let written = admin.try_sql("postgres", &format!("copy ({endless}) to '{}'", ballast.display()));
    let failure = written.expect_err("the disk is smaller than that");
    assert!(failure.contains("No space left on device"), "{failure}");
}

pub(super) fn free(disk: &Path, admin: &Admin) {
    let ballast = disk.join("ballast");
    admin.sql(
        "postgres",
        &format!("copy (select 1) to program 'cat > /dev/null; rm -f {}'", ballast.display()),
    );
}
