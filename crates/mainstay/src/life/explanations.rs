//! What `check --explain` says about the process and its start.

use mainstay_core::settings::Explanation;

/// The codes of the process's settings and of its start.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "MS0401",
        title: "people reach the service without TLS",
        text: "PUBLIC_URL begins with http:, so passwords, cookies and answers travel where anybody\n\
               on the way can read and change them. On a loopback address nobody is on the way.\n\n\
               Put a proxy that speaks TLS in front, and name the address that people use:\n\n\
               \u{20}   PUBLIC_URL=https://app.example.org",
    },
    Explanation {
        code: "MS0402",
        title: "the grace period leaves too little time for stopping",
        text: "SHUTDOWN_TIMEOUT is the whole time from the signal to the end. SHUTDOWN_GRACE, in which\n\
               the service says that it is not ready and still answers, is a part of it and gets at\n\
               most half; the rest is for the requests in flight, workers and stores.\n\n\
               Raise SHUTDOWN_TIMEOUT to twice SHUTDOWN_GRACE or more. Whoever stops the service must\n\
               wait longer than that before killing it: 45 seconds for the default of 30.",
    },
    Explanation {
        code: "MS0403",
        title: "debugging is on",
        text: "DEBUG is for a developer's machine. What it shows helps an attacker as well.",
    },
    Explanation {
        code: "MS0404",
        title: "drills are built in",
        text: "This program was built with the feature `drills`: routes and settings that misbehave on\n\
               purpose, for rehearsals. It does not start in staging or production, because anybody who\n\
               reaches it could hold its connections or make it panic.\n\n\
               Build without the feature.",
    },
    Explanation {
        code: "MS0405",
        title: "management listens where people are served",
        text: "MANAGEMENT_ADDR is a listener of its own, for operators only, so it needs a port of its\n\
               own: its routes need no sign-in, and a firewall tells the two apart by their ports.",
    },
    Explanation {
        code: "MS0501",
        title: "the database cannot be opened",
        text: "The service could not open the database that DATABASE_URL names, so it did not start.\n\
               The causes are listed from the outermost to the innermost; the last one is what the\n\
               system or the database itself said.",
    },
    Explanation {
        code: "MS0502",
        title: "an address cannot be listened on",
        text: "Most often another process listens there already: an earlier start of the same\n\
               service, or another program. `ss -ltnp` lists who listens. A port below 1024 needs a\n\
               privilege; an address that is not one of this machine's cannot be used at all.",
    },
    Explanation {
        code: "MS0503",
        title: "the schema is not what this release needs",
        text: "A release works with exactly the schema of its migrations. Where MIGRATE_ON_START is\n\
               yes, the start applies what is pending; in staging and production it is no by default,\n\
               so that a schema changes when an operator says so: `migrate up`.\n\n\
               A schema that is newer than the release is refused: the release does not know what\n\
               it would be writing into.",
    },
    Explanation {
        code: "MS0504",
        title: "the application could not be built",
        text: "The application itself refused to start; the causes say why.",
    },
    Explanation {
        code: "MS0505",
        title: "the routes are wrong",
        text: "Two handlers for one route, a path that cannot be routed, or a waiver without a\n\
               reason: a mistake of the release, found before it serves anybody.",
    },
    Explanation {
        code: "MS0506",
        title: "a waiver has expired",
        text: "A control was switched off for a route until a day that is over. In staging and\n\
               production the service does not start until somebody has decided again: build the\n\
               control in, or give the waiver a new day.",
    },
    Explanation {
        code: "MS0507",
        title: "the system gives the process too little",
        text: "A thread, a signal handler or an event queue could not be had. The causes name the\n\
               system's own reason; most often a limit of the container or the user is reached.",
    },
    Explanation {
        code: "MS0508",
        title: "the start was broken off",
        text: "A part of the start panicked, which is a mistake of the release, or the process was told\n\
               to stop meanwhile. The log says which.",
    },
];
