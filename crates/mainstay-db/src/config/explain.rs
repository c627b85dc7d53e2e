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
               megabytes of cache.",
    },
    Explanation {
        code: "MS0303",
        title: "the kind of database is not served",
        text: "DATABASE_URL begins with postgresql:, and this build serves SQLite only.\n\n\
               Name a file instead:\n\n\
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
];
