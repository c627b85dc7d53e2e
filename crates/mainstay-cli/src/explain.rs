//! What `check --explain` says about the codes of the command line itself.

use mainstay_core::settings::Explanation;

/// The problems of the command line.
pub(crate) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0002",
        title: "nobody can know which port to ask",
        text: "`health` asks the service at HOST and PORT. With PORT=0 the service takes a free port at\n\
               each start, which only its banner tells. Set PORT to the port that the banner names.",
    },
    Explanation {
        code: "MS0003",
        title: "a code is not known",
        text: "`check --explain` takes a code as messages print it between brackets, such as MS0104. A\n\
               code of another version may be gone or yet to come.",
    },
    Explanation {
        code: "MS0004",
        title: "the target of a migration is not understood",
        text: "`migrate up --to` takes the number of a migration of the application, such as 3 or 0003,\n\
               or one of a library with its name before it, such as events/3. `migrate status` lists\n\
               them all.",
    },
    Explanation {
        code: "MS0005",
        title: "undoing a migration needs a yes",
        text: "The way down drops tables and columns, and what they hold. In staging and production the\n\
               command asks for --yes, so that nobody does this in the wrong window.\n\n\
               Make a backup first: the data does not come back by migrating up again.",
    },
    Explanation {
        code: "MS0006",
        title: "the files of a new migration cannot be written",
        text: "`migrate new` writes two files into the folder that --folder names, and never over a file\n\
               that is there. The cause names the file and what the system said.",
    },
    Explanation {
        code: "MS0007",
        title: "the file of locked routes cannot be read",
        text: "`routes --check FILE` compares the routes with a file that `routes --format lock` wrote.\n\
               Write it once, keep it with the source, and review how it changes.",
    },
    Explanation {
        code: "MS0008",
        title: "there is no such user, token or session",
        text: "The name or the id belongs to nothing that is there, or not any more. `user list`,\n\
               `token list` and `session list` print what is.",
    },
    Explanation {
        code: "MS0009",
        title: "an account cannot be changed like that",
        text: "The message says why: a name that is taken or is none, a password that is too short, too\n\
               common or too close to a name, an end in the past, or a store that does not answer.\n\n\
               A password has at least 8 characters, better 15. There are no rules of what it is made of.",
    },
    Explanation {
        code: "MS0010",
        title: "sessions are out of reach",
        text: "With SESSION_STORE=memory sessions are kept in the memory of the service, where no command\n\
               can see or end them. Restarting the service ends them all. A user who is disabled is\n\
               refused at the next request in any case.",
    },
    Explanation {
        code: "MS0013",
        title: "no running service answers",
        text: "`worker` and `reload` reach the running service by its control socket, a file that only the\n\
               user it runs as, and root, can use. Nothing answered there: the service does not run, runs\n\
               with another CONTROL_SOCKET or in another directory, or belongs to another user.\n\n\
               Run the command where the service runs, with its settings and as its user.",
    },
    Explanation {
        code: "MS0014",
        title: "an installation cannot be moved",
        text: "`migrate copy` moves all that a SQLite file holds to a PostgreSQL database that was migrated\n\
               and never used. It is all or nothing: after this message the new database is as it was, and\n\
               the file is never changed. The message says what was in the way: a schema of another release\n\
               on one of the two sides, rows in the new database, or a service that still writes to the file.\n\n\
               Stop the service, make the new database with `migrate up`, and copy once more. To begin anew\n\
               after a trial, drop the new database and create it again.",
    },
    Explanation {
        code: "MS0015",
        title: "another process holds the lock of the database",
        text: "One process at a time writes to a SQLite file. A command that meets another one says so after\n\
               a second, and waits for it as long as a request of the service would: DB_POOL_TIMEOUT, five\n\
               seconds by default. Then it gives up with this message.\n\n\
               A service holds the lock for milliseconds. Who holds it for seconds is a long import, a\n\
               migration, a program that opened the file and left a transaction open, or a process that\n\
               was stopped. `fuser -v FILE` names the processes that have the file open.\n\n\
               Each change is made whole or not at all. Where sessions end with it, they end first.",
    },
];
