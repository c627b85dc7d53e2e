//! What `check --explain` says about the codes of the database's settings.

use mainstay_core::settings::Explanation;

/// The problems that the settings of the database can have.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0301",
        title: "the smallest pool is larger than the largest",
        text: "DB_POOL_MIN_SIZE connections are opened at start, and never more than DB_POOL_MAX_SIZE are\n\
               open. The first cannot be above the second.\n\n\
               Lower the one or raise the other.",
    },
    Explanation {
        code: "MS0302",
        title: "the pool is small",
        text: "DB_POOL_MAX_SIZE is the number of requests that can read at the same moment. With very few,\n\
               a handful of slow ones makes all others wait, and after DB_POOL_TIMEOUT they are answered\n\
               with 503.\n\n\
               The default of 20 is fit for most machines; a connection costs a thread and up to two\n\
               megabytes of cache with SQLite, and a process of the server with PostgreSQL.",
    },
    Explanation {
        code: "MS0303",
        title: "the kind of database is not served",
        text: "DATABASE_URL begins with postgresql:, and this build serves SQLite only.\n\n\
               Build the service with the feature `postgres` of mainstay-db, or name a file instead:\n\n\
               \u{20}   DATABASE_URL=sqlite:///var/lib/app/app.db",
    },
    Explanation {
        code: "MS0304",
        title: "the database goes with the process",
        text: "sqlite::memory: is a private database for tests: it is never written to last, and it is\n\
               deleted when the process ends. Staging and production do not start with it.\n\n\
               Name a file on a local disk that is backed up:\n\n\
               \u{20}   DATABASE_URL=sqlite:///var/lib/app/app.db",
    },
    Explanation {
        code: "MS0305",
        title: "user or password of the database are those of an example",
        text: "The credentials in DATABASE_URL are a placeholder, are empty, or stand in every list of common\n\
               passwords. Staging and production do not start with them.\n\n\
               Give the user a password of its own, and write it in DATABASE_URL, with @ : / ? # and %\n\
               escaped as %40 %3A %2F %3F %23 and %25:\n\n\
               \u{20}   alter role app password '…';",
    },
    Explanation {
        code: "MS0306",
        title: "the line to the database may be read",
        text: "The server is on another machine, and DATABASE_URL neither demands encryption nor forbids to go\n\
               without: whoever sits on the line can turn it off, and read and change what is sent.\n\n\
               sslmode=require encrypts, with whoever answers; sslmode=verify-full also makes sure that it is\n\
               the right server:\n\n\
               \u{20}   DATABASE_URL=postgresql://app:…@db/app?sslmode=verify-full&sslrootcert=/etc/ssl/db-ca.pem",
    },
    Explanation {
        code: "MS0310",
        title: "the PostgreSQL server does not answer",
        text: "Nobody answered where DATABASE_URL points to, or the server said that it is starting, stopping\n\
               or broken. Host and port may be wrong, the server may be down, a firewall may be between.\n\n\
               \u{20}   pg_isready -h HOST -p PORT\n\n\
               says whether it answers from here.",
    },
    Explanation {
        code: "MS0311",
        title: "the PostgreSQL server does not take the user or the password",
        text: "The server answered, and refused. The password may be wrong, the user may not exist or not be\n\
               allowed to use the database, or pg_hba.conf of the server may not let it come from here.\n\n\
               Characters such as @ and / in a password have to be escaped in a URL: %40, %2F.",
    },
    Explanation {
        code: "MS0312",
        title: "the PostgreSQL server has no such database",
        text: "The server took the user, and does not have the database that DATABASE_URL names. The service\n\
               creates tables, but not databases:\n\n\
               \u{20}   createdb -O app app",
    },
    Explanation {
        code: "MS0313",
        title: "encryption cannot be agreed upon with the PostgreSQL server",
        text: "sslmode in DATABASE_URL asks for what the server does not offer, the server demands what\n\
               sslmode forbids, its certificate is not signed by what sslrootcert holds (or by an authority\n\
               that this machine knows), or it is made out to another name than the one in DATABASE_URL.\n\n\
               The cause names which of these it is.",
    },
    Explanation {
        code: "MS0314",
        title: "the PostgreSQL server is too old",
        text: "PostgreSQL 14 is the oldest that is served. Older ones get no repairs any more.\n\n\
               Upgrade the server; pg_upgrade keeps the data.",
    },
    Explanation {
        code: "MS0315",
        title: "the PostgreSQL server has no connection left",
        text: "The server takes max_connections connections, and others hold them all. A process of this\n\
               service opens up to DB_POOL_MAX_SIZE for requests, a fifth of that for background work,\n\
               DB_SLOW_MAX_CONCURRENT for slow routes, and three more.\n\n\
               Raise max_connections, or lower DB_POOL_MAX_SIZE, so that all instances fit.",
    },
    Explanation {
        code: "MS0316",
        title: "the PostgreSQL server may only be read",
        text: "The server is a standby of another one. The service has to write.\n\n\
               Name the primary in DATABASE_URL, or a proxy that knows which one it is.",
    },
    Explanation {
        code: "MS0317",
        title: "the database does not hold UTF-8",
        text: "Texts of all languages are stored, and the encoding of a database cannot be changed later:\n\n\
               \u{20}   createdb -E UTF8 -T template0 -O app app",
    },
];
