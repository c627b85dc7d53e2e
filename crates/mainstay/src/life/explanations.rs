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
        text: "DEBUG is for a developer's machine: refusals tell their causes, such as what a database\n\
               said, in the field `cause`. What it shows helps an attacker as well, so it is not heeded\n\
               in staging and production; the log has the causes there.",
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
    Explanation {
        code: "MS0509",
        title: "the sockets that were handed over cannot be used",
        text: "systemd handed over sockets (LISTEN_FDS), and one is no listening TCP socket. The\n\
               socket unit must hold one `ListenStream=` with an address and a port, a second one\n\
               where MANAGEMENT_ADDR is set, and no `ListenDatagram=`, path or `Accept=yes`:\n\n\
               \u{20}   [Socket]\n\
               \u{20}   ListenStream=127.0.0.1:8080\n\
               \u{20}   FileDescriptorName=public",
    },
    Explanation {
        code: "MS0510",
        title: "another process cannot be taken over from",
        text: "`reload` starts a new process and gives it the sockets of the old one through standard\n\
               input. MAINSTAY_HANDOVER says so, and nobody else sets it; here it was set, and no\n\
               sockets came.",
    },
    Explanation {
        code: "MS0511",
        title: "there is no control socket",
        text: "CONTROL_SOCKET is a Unix socket by which `worker` and `reload` reach the process. It\n\
               could not be made: its folder cannot be written to, or another process answers there.\n\
               Two services need two paths.\n\n\
               The service works without it. SIGHUP reloads it as well, and operators restart\n\
               workers by its API. CONTROL_SOCKET=off keeps it quiet.",
    },
    Explanation {
        code: "MS0512",
        title: "the service was not reloaded",
        text: "A new process was to take over, and did not: it ended, said why it could not start, or\n\
               was not ready within RELOAD_TIMEOUT. The old one goes on serving with the settings and\n\
               the release that it has; nobody noticed anything.\n\n\
               A reload never changes the schema. Where the new release needs another one, run\n\
               `migrate up` first.\n\n\
               Some processes cannot hand over at all: the first of a container, which ends with it,\n\
               and those whose data or sessions are in memory only. Restart these.",
    },
];
