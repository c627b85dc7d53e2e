//! The tree of commands that every service has.

use std::ffi::OsString;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};
use mainstay::identity::ApiTokenId;
use mainstay::session::SessionId;
use mainstay::{Role, Service};

use crate::reference::PAGES;

/// The argument that overrides settings, known to every command.
pub(crate) const OVERRIDES: &str = "set";

/// The argument that takes a password from standard input.
pub(crate) const PASSWORD_STDIN: &str = "password-stdin";

const FORMAT: &str = "format";

const ROLE: &str = "role";

/// The tree. With nothing said, the program serves.
pub(crate) fn tree<S: Service>() -> Command {
    Command::new(S::NAME)
        .version(S::VERSION)
        .about(S::ABOUT)
        .after_help(format!(
            "Without a command, {name} serves.\n\n\
             Settings come, strongest first, from --set, the process environment, the file that ENV_FILE\n\
             names, .env (in development), config/{{environment}}.env, and defaults. In each of them,\n\
             NAME_FILE is the path of a file that holds the value of NAME.\n\n\
             Exit codes: 0 all is well; 1 what was looked at is not; 2 {name} failed, or its arguments or\n\
             settings are wrong.",
            name = S::NAME,
        ))
        .infer_long_args(false)
        .disable_help_subcommand(true)
        .arg(overrides())
        .subcommands([
            serve(S::NAME),
            check(S::NAME),
            settings(S::NAME),
            secret(S::NAME),
            routes(S::NAME),
            migrate(S::NAME),
            user(S::NAME),
            token(S::NAME),
            session(S::NAME),
            worker(S::NAME),
            reload(S::NAME),
            openapi(S::NAME),
            reference(S::NAME),
            health(S::NAME),
        ])
}

fn overrides() -> Arg {
    Arg::new(OVERRIDES)
        .long("set")
        .value_name("NAME=value")
        .help("Give a setting a value that wins over all other sources; can be repeated")
        .action(ArgAction::Append)
        .value_parser(value_parser!(OsString))
        .global(true)
}

fn format(values: &'static [&'static str]) -> Arg {
    Arg::new(FORMAT)
        .long("format")
        .value_name("FORMAT")
        .help("How to print it")
        .value_parser(PossibleValuesParser::new(values))
        .default_value(values[0])
}

/// The chosen format.
pub(crate) fn chosen_format(matches: &clap::ArgMatches) -> &str {
    matches.get_one::<String>(FORMAT).map(String::as_str).unwrap_or_default()
}

/// The chosen role; the least where it was not asked for.
pub(crate) fn chosen_role(matches: &clap::ArgMatches) -> Role {
    matches.get_one::<String>(ROLE).and_then(|name| Role::named(name)).unwrap_or(Role::Viewer)
}

fn role() -> Arg {
    Arg::new(ROLE)
        .long("role")
        .value_name("ROLE")
        .help("What they may do; each role includes the ones before it")
        .value_parser(PossibleValuesParser::new(Role::ALL.map(Role::as_str)))
        .required(true)
}

fn user_name() -> Arg {
    Arg::new("name").value_name("NAME").help("The name that they sign in with").required(true)
}

fn password_stdin() -> Arg {
    Arg::new(PASSWORD_STDIN)
        .long("password-stdin")
        .help("Take the password from standard input, rather than make one up")
        .action(ArgAction::SetTrue)
}

fn examples(program: &str, lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| format!("  {}", line.replace("{}", program))).collect();
    format!("Examples:\n{}", lines.join("\n"))
}

fn serve(program: &str) -> Command {
    Command::new("serve")
        .about("Serve until told to stop (what happens without a command)")
        .long_about(
            "Serve until told to stop.\n\n\
             Reads the settings, reports everything that is wrong with them, and starts only if nothing\n\
             is. SIGTERM and SIGINT stop it in order, within SHUTDOWN_TIMEOUT; a second signal stops it\n\
             at once.",
        )
        .after_help(examples(program, &["{} serve", "{} serve --set PORT=9000 --set LOG_LEVEL=debug"]))
}

fn check(program: &str) -> Command {
    Command::new("check")
        .about("Look for everything that is wrong, and do nothing else")
        .long_about(
            "Look for everything that is wrong with the settings and the routes, and do nothing else.\n\n\
             Every problem is reported at once, with a code, its place, why it matters and what cures\n\
             it. Ends with 2 if a setting stops the start, with 1 if a route does.",
        )
        .arg(
            Arg::new("deploy")
                .long("deploy")
                .help("Judge as production does, wherever this is")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("explain")
                .long("explain")
                .value_name("CODE")
                .help("Explain a code at length instead")
                .conflicts_with("deploy"),
        )
        .arg(
            Arg::new("directory")
                .long("directory")
                .help("Connect to the directory of the settings, too, and look whether it can be asked")
                .action(ArgAction::SetTrue)
                .conflicts_with("explain"),
        )
        .arg(format(&["text", "json", "sarif"]))
        .after_help(examples(
            program,
            &["{} check", "{} check --deploy --format sarif > settings.sarif", "{} check --explain MS0104"],
        ))
}

fn settings(program: &str) -> Command {
    let show = Command::new("show")
        .about("Print every effective setting with its source; secrets are redacted")
        .arg(format(&["text", "json"]))
        .after_help(examples(
            program,
            &["{} settings show", "{} settings show --format json --set PORT=9000"],
        ));
    let example = Command::new("example")
        .about("Print an env file with every setting, its default and what it is for")
        .arg(
            Arg::new("production")
                .long("production")
                .help("With what production needs filled in or left to fill in")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("ENVIRONMENT")
                .help("Instead, the file config/ENVIRONMENT.env: what is other there than elsewhere")
                .value_parser(["development", "test", "staging", "production"])
                .conflicts_with("production"),
        )
        .after_help(examples(
            program,
            &[
                "{} settings example > .env.example",
                "{} settings example --production > .env.production.example",
                "{} settings example --config staging > config/staging.env",
            ],
        ));
    let schema = Command::new("schema")
        .about("Print every setting with type, default, bounds and documentation as JSON")
        .after_help(examples(program, &["{} settings schema"]));
    group("settings", "Show settings, or make an example file of them").subcommands([show, example, schema])
}

fn secret(program: &str) -> Command {
    let generate = Command::new("generate")
        .about("Print a new key of 256 random bits, fit for SECRET_KEY")
        .after_help(examples(program, &["{} secret generate > secret_key && chmod 400 secret_key"]));
    group("secret", "Make secrets").subcommand(generate)
}

fn routes(program: &str) -> Command {
    Command::new("routes")
        .about("List every route with what it demands of requests")
        .long_about(
            "List every route with what it demands of requests.\n\n\
             A control is `on` or `waived`, with the reason. The format\n\
             `lock` has one line a route and does not depend on settings: keep it under review in a\n\
             file, and let --check find changes.",
        )
        .arg(format(&["text", "json", "md", "lock"]))
        .arg(
            Arg::new("check")
                .long("check")
                .value_name("FILE")
                .help("Compare with a file in the format `lock`; ends with 1 if they differ")
                .value_parser(value_parser!(std::path::PathBuf))
                .conflicts_with(FORMAT),
        )
        .after_help(examples(
            program,
            &["{} routes", "{} routes --format lock > routes.lock", "{} routes --check routes.lock"],
        ))
}

fn migrate(program: &str) -> Command {
    let up = Command::new("up")
        .about("Apply all pending migrations")
        .arg(
            Arg::new("to").long("to").value_name("NUMBER").help("Stop after this one, such as 3 or events/3"),
        )
        .after_help(examples(program, &["{} migrate up", "{} migrate up --to 3"]));
    let down = Command::new("down")
        .about("Undo the latest migrations, newest first; what they held is lost")
        .arg(
            Arg::new("steps")
                .long("steps")
                .value_name("COUNT")
                .help("How many")
                .default_value("1")
                .value_parser(value_parser!(u32).range(1..)),
        )
        .arg(
            Arg::new("yes")
                .long("yes")
                .help("Do it in staging or production, too")
                .action(ArgAction::SetTrue),
        )
        .after_help(examples(program, &["{} migrate down", "{} migrate down --steps 2 --yes"]));
    let status = Command::new("status")
        .about("List all migrations and how they stand; ends with 1 unless the schema is current")
        .arg(
            Arg::new("lint")
                .long("lint")
                .help("Look for dangerous steps in what is pending instead; ends with 1 if there are any")
                .action(ArgAction::SetTrue),
        )
        .arg(format(&["text", "json"]))
        .after_help(examples(program, &["{} migrate status", "{} migrate status --lint"]));
    let history = Command::new("history")
        .about("List the steps that were made, newest first")
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("COUNT")
                .help("At most so many")
                .default_value("50")
                .value_parser(value_parser!(u32).range(1..)),
        )
        .arg(format(&["text", "json"]))
        .after_help(examples(program, &["{} migrate history --limit 5"]));
    let new = Command::new("new")
        .about("Write the files of a new migration, two for each database, and print their paths")
        .arg(Arg::new("name").value_name("NAME").help("What it does, in a few words").required(true))
        .arg(
            Arg::new("folder")
                .long("folder")
                .value_name("DIR")
                .help("Where migrations are kept")
                .default_value("migrations")
                .value_parser(value_parser!(std::path::PathBuf)),
        )
        .after_help(examples(program, &["{} migrate new 'add prices'"]));
    let copy = Command::new("copy")
        .about("Move a whole installation from a SQLite file to the PostgreSQL of DATABASE_URL")
        .long_about(
            "Move a whole installation from a SQLite file to the PostgreSQL that DATABASE_URL names: all rows, with \
             the ids and positions they have. Stop the service before, and run `migrate up` on the new database. It \
             is all or nothing, each row is read back and compared, and the file is not changed. People have to \
             sign in again.",
        )
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("FILE")
                .help("The SQLite file, or its sqlite: URL")
                .required(true),
        )
        .arg(format(&["text", "json"]))
        .after_help(examples(program, &["{} migrate copy --from data/{}.db"]));
    group("migrate", "Bring the schema up to date, or back")
        .subcommands([up, down, status, history, new, copy])
}

fn user(program: &str) -> Command {
    let create = Command::new("create")
        .about("Create a user, and print the password that was made for them")
        .long_about(
            "Create a user, and print the password that was made for them: it is shown this once, ends after three \
             days, and has to be changed at the first sign-in. Whoever sits here and creates an account of their own \
             gives the password on standard input.",
        )
        .args([user_name(), role(), password_stdin(), format(&["text", "json"])])
        .after_help(examples(
            program,
            &[
                "{} user create alice --role editor",
                "{} user create me --role operator --password-stdin < password",
            ],
        ));
    let passwd = Command::new("passwd")
        .about("Give a user another password, and end their sessions")
        .args([user_name(), password_stdin(), format(&["text", "json"])])
        .after_help(examples(program, &["{} user passwd alice"]));
    let role_of = Command::new("role")
        .about("Give a user another role; it holds from the next request on")
        .args([user_name(), role()])
        .after_help(examples(program, &["{} user role alice --role viewer"]));
    let disable = Command::new("disable")
        .about("Let a user sign in no more, end their sessions, and stop their tokens")
        .arg(user_name())
        .after_help(examples(program, &["{} user disable alice"]));
    let enable = Command::new("enable")
        .about("Let a user sign in again")
        .arg(user_name())
        .after_help(examples(program, &["{} user enable alice"]));
    let list = Command::new("list")
        .about("List all users")
        .arg(format(&["text", "json"]))
        .after_help(examples(program, &["{} user list"]));
    group("user", "Say who may sign in").subcommands([create, passwd, role_of, disable, enable, list])
}

fn token(program: &str) -> Command {
    let owner = Arg::new("user")
        .long("user")
        .value_name("NAME")
        .help("Whose it is: it then never does more than they may; without, it belongs to nobody");
    let expires = Arg::new("expires")
        .long("expires")
        .value_name("END")
        .help("When it ends: a time from now, such as 90d, or a point in time; without, it never does");
    let name = Arg::new("name").long("name").value_name("TEXT").help("What it is for").required(true);
    let create = Command::new("create")
        .about("Make an API token, and print it: it is shown this once")
        .args([role(), name, expires, owner, format(&["text", "json"])])
        .after_help(examples(
            program,
            &[
                "{} token create --role editor --name 'nightly import' --expires 90d > token",
                "{} token create --role viewer --name dashboards --format json",
            ],
        ));
    let list = Command::new("list")
        .about("List all API tokens, newest first")
        .arg(format(&["text", "json"]))
        .after_help(examples(program, &["{} token list"]));
    let id = Arg::new("id").value_name("ID").help("Its id in the list").required(true);
    let revoke = Command::new("revoke")
        .about("Revoke an API token: the next request with it is refused")
        .arg(id.value_parser(value_parser!(ApiTokenId)))
        .after_help(examples(program, &["{} token revoke 0199b1c2-5f0a-7c3e-9d48-2b6f1a7e8c90"]));
    group("token", "Make and revoke API tokens").subcommands([create, list, revoke])
}

fn worker(program: &str) -> Command {
    let list = Command::new("list")
        .about("List the workers of the running service; ends with 1 if one is faulted")
        .arg(format(&["text", "json"]))
        .after_help(examples(program, &["{} worker list"]));
    let restart = Command::new("restart")
        .about("Restart a worker of the running service")
        .long_about(
            "Restart a worker of the running service.\n\n\
             One that has failed too often takes --acknowledge and a --reason, which stands in the audit\n\
             log with the user who gave it.",
        )
        .arg(Arg::new("name").value_name("NAME").help("As `worker list` shows it").required(true))
        .arg(
            Arg::new("acknowledge")
                .long("acknowledge")
                .help("Restart it although it has failed too often")
                .action(ArgAction::SetTrue)
                .requires("reason"),
        )
        .arg(Arg::new("reason").long("reason").value_name("TEXT").help("Why, for the audit log"))
        .after_help(examples(
            program,
            &[
                "{} worker restart sessions",
                "{} worker restart sessions --acknowledge --reason 'the disk has room again'",
            ],
        ));
    group("worker", "Look after the workers of the running service").subcommands([list, restart])
}

fn reload(program: &str) -> Command {
    Command::new("reload")
        .about("Hand the running service over to a new process, without losing a request")
        .long_about(
            "Hand the running service over to a new process, without losing a request: a new release, or\n\
             new settings.\n\n\
             The new process takes the sockets of the old one and serves when it is ready; then the old\n\
             one finishes what it has in hand, and ends. A new process that does not start changes\n\
             nothing. Ends with 1 if the service goes on as it was. SIGHUP does the same.",
        )
        .after_help(examples(program, &["{} reload"]))
}

fn session(program: &str) -> Command {
    let of_user = || Arg::new("user").long("user").value_name("NAME").help("Those of one user");
    let list = Command::new("list")
        .about("List the sessions of all users, or of one")
        .args([of_user(), format(&["text", "json"])])
        .after_help(examples(program, &["{} session list", "{} session list --user alice"]));
    let id = Arg::new("id").value_name("ID").help("One session, by its id in the list");
    let all = Arg::new("all")
        .long("all")
        .help("Those of everybody, who all have to sign in again; needs --yes")
        .action(ArgAction::SetTrue)
        .requires("yes");
    let yes = Arg::new("yes").long("yes").help("Yes, those of everybody").action(ArgAction::SetTrue);
    let revoke = Command::new("revoke")
        .about("End one session, all of a user, or all of everybody")
        .long_about(
            "End one session, all of a user, or all of everybody.\n\n\
             A running service notices within a second. Ends with 1 if there is no such session.",
        )
        .args([id.value_parser(value_parser!(SessionId)), of_user(), all, yes])
        .group(ArgGroup::new("which").args(["id", "user", "all"]).required(true))
        .after_help(examples(
            program,
            &[
                "{} session revoke 0199b1c2-5f0a-7c3e-9d48-2b6f1a7e8c90",
                "{} session revoke --user alice",
                "{} session revoke --all --yes",
            ],
        ));
    group("session", "See who is signed in, and end sessions").subcommands([list, revoke])
}

fn openapi(program: &str) -> Command {
    Command::new("openapi")
        .about("Print the API as an OpenAPI 3.1 document")
        .after_help(examples(program, &["{} openapi > openapi.json"]))
}

fn reference(program: &str) -> Command {
    Command::new("reference")
        .about("Print a page of reference, in Markdown")
        .long_about(
            "Print a page of reference, in Markdown: the routes, the codes that clients see, the codes that\n\
             operators see, or the metrics. It does not depend on settings.",
        )
        .arg(
            Arg::new("page")
                .value_name("PAGE")
                .help("Which")
                .value_parser(PossibleValuesParser::new(PAGES))
                .required(true),
        )
        .after_help(examples(program, &["{} reference metrics > docs/reference/metrics.md"]))
}

fn health(program: &str) -> Command {
    Command::new("health")
        .about("Ask the running service whether it is ready; ends with 1 if it is not")
        .long_about(
            "Ask the running service whether it is ready, and print its answer.\n\n\
             It is asked at HOST and PORT. Ends with 1 if it is not ready, or gives no answer. Meant for\n\
             HEALTHCHECK of container images, which then need no other client.",
        )
        .arg(
            Arg::new("live")
                .long("live")
                .help("Ask whether it is alive, not whether it is ready")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("timeout")
                .long("timeout")
                .value_name("DURATION")
                .help("Wait at most so long, such as 500ms or 3s")
                .default_value("3s")
                .value_parser(duration),
        )
        .after_help(examples(program, &["{} health", "{} health --live --timeout 500ms"]))
}

fn group(name: &'static str, about: &'static str) -> Command {
    Command::new(name).about(about).subcommand_required(true).arg_required_else_help(true)
}

fn duration(text: &str) -> Result<std::time::Duration, mainstay_core::settings::Invalid> {
    mainstay_core::settings::Setting::parse(text)
}
