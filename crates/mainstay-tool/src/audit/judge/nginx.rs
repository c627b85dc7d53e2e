//! Configurations of nginx, alone and against the settings of the services behind it.

use std::time::Duration;

use mainstay_core::settings::{Place, Problem};

use super::Deployment;
use crate::audit::discover::Found;
use crate::audit::files::File;
use crate::audit::files::nginx::Directive;
use crate::audit::{rules, time};

/// Headers that the service sends on every answer.
const OF_THE_SERVICE: [&str; 7] = [
    "content-security-policy",
    "strict-transport-security",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "access-control-allow-origin",
];

/// nginx's own defaults.
const DEFAULT_BODY_BYTES: u64 = 1 << 20;
const DEFAULT_READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Up to this many times the service's own limit, a proxy's limit of bodies is "a little above".
const MOST_ABOVE: u64 = 2;

pub(super) fn judge(found: &mut Found, deployments: &[Deployment], problems: &mut Vec<Problem>) {
    let files: Vec<File> = found.nginx.iter().map(|(file, _)| file.clone()).collect();
    let roots: Vec<Directive> = found.nginx.iter().map(|(_, root)| root.clone()).collect();
    let mut not_judged = Vec::new();
    let expanded: Vec<Directive> =
        roots.iter().map(|root| expand(root, &roots, 0, &mut not_judged)).collect();
    for (path, reason) in not_judged {
        found.pass_over(path, reason);
    }
    let included = |root: &Directive| roots.iter().any(|other| includes(other, root));
    for root in expanded.iter().zip(&roots).filter(|(_, root)| !included(root)).map(|(expanded, _)| expanded)
    {
        let judge = Judge { files: &files, deployments, root };
        judge.everything(problems);
    }
}

/// Whether one file includes another.
fn includes(outer: &Directive, inner: &Directive) -> bool {
    let mut found = Vec::new();
    outer.find_all("include", &mut found);
    found.iter().any(|include| same_file(include.first(), inner))
}

/// Paths in a configuration are those of another machine: the name of the file has to do.
fn same_file(named: &str, root: &Directive) -> bool {
    let name = named.rsplit('/').next().unwrap_or(named);
    root.path.file_name().is_some_and(|file| *file == *name)
}

/// Puts included files in the place of the directive that names them.
fn expand(
    block: &Directive,
    roots: &[Directive],
    depth: usize,
    not_judged: &mut Vec<(std::path::PathBuf, String)>,
) -> Directive {
    const DEEPEST: usize = 8;
    let mut whole = Directive { block: Vec::new(), ..block.clone() };
    for directive in &block.block {
        if directive.name != "include" || depth > DEEPEST {
            whole.block.push(expand(directive, roots, depth, not_judged));
            continue;
        }
        match roots.iter().find(|root| same_file(directive.first(), root)) {
            Some(root) => whole.block.extend(expand(root, roots, depth + 1, not_judged).block),
            // A table of file types that comes with nginx.
            None if directive.first().ends_with("mime.types") => {}
            None => not_judged.push((
                directive.path.clone(),
                format!("line {}: `{}` is not here", directive.line, directive.first()),
            )),
        }
    }
    whole
}

struct Judge<'a> {
    files: &'a [File],
    deployments: &'a [Deployment],
    root: &'a Directive,
}

/// A location that passes requests on, with the blocks it is in, innermost first.
struct Passing<'a> {
    pass: &'a Directive,
    blocks: Vec<&'a Directive>,
}

impl<'a> Passing<'a> {
    /// What is in force for a directive that replaces that of outer blocks.
    fn get(&self, name: &str) -> Option<&'a Directive> {
        self.blocks.iter().find_map(|block| block.block.iter().rev().find(|one| one.name == name))
    }

    /// What is in force for a directive of which all in the innermost block count.
    fn all(&self, name: &str) -> Vec<&'a Directive> {
        let all = |block: &&'a Directive| -> Vec<&'a Directive> {
            block.block.iter().filter(|one| one.name == name).collect()
        };
        self.blocks.iter().map(all).find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn server(&self) -> Option<&'a Directive> {
        self.blocks.iter().find(|block| block.name == "server").copied()
    }
}

impl<'a> Judge<'a> {
    fn everything(&self, problems: &mut Vec<Problem>) {
        let passing = self.passing();
        if passing.is_empty() {
            return;
        }
        self.judge_tokens(&passing, problems);
        for one in &passing {
            self.judge_client(one, problems);
            self.judge_limits(one, problems);
            self.judge_headers(one, problems);
            self.judge_transport(one, problems);
            self.judge_streams(one, problems);
        }
        self.judge_upstreams(problems);
        self.judge_metrics(&passing, problems);
    }

    fn passing(&self) -> Vec<Passing<'a>> {
        fn walk<'a>(block: &'a Directive, outer: &[&'a Directive], found: &mut Vec<Passing<'a>>) {
            let blocks: Vec<&'a Directive> = std::iter::once(block).chain(outer.iter().copied()).collect();
            for directive in &block.block {
                if directive.name == "proxy_pass" {
                    found.push(Passing { pass: directive, blocks: blocks.clone() });
                }
                walk(directive, &blocks, found);
            }
        }
        let mut found = Vec::new();
        walk(self.root, &[], &mut found);
        found
    }

    fn place(&self, directive: &Directive) -> Place {
        let file = self.files.iter().find(|file| file.path == directive.path);
        let mark = if directive.arguments.is_empty() { directive.name.clone() } else { directive.text() };
        match file {
            Some(file) => file.line(directive.line, &mark),
            None => File { path: directive.path.clone(), text: String::new() }.whole(),
        }
    }

    fn judge_tokens(&self, passing: &[Passing<'_>], problems: &mut Vec<Problem>) {
        // A file for `http { … }` cannot know what stands above it.
        let is_whole = self.root.block.iter().any(|one| one.name == "http");
        for one in passing {
            match one.get("server_tokens") {
                Some(tokens) if tokens.first() == "off" => {}
                Some(tokens) => problems.push(rules::SERVER_TOKENS.found(self.place(tokens))),
                None if is_whole => problems.push(rules::SERVER_TOKENS.found(self.place(one.pass))),
                None => {}
            }
        }
    }

    /// That the service learns who the client is, from nginx and not from the client.
    fn judge_client(&self, one: &Passing<'_>, problems: &mut Vec<Problem>) {
        let sets = one.all("proxy_set_header");
        let value = |name: &str| {
            let set = sets.iter().find(|set| set.first().eq_ignore_ascii_case(name))?;
            Some((*set, set.arguments.get(1).map(String::as_str).unwrap_or_default()))
        };
        match value("X-Forwarded-For") {
            Some((set, text)) if text.contains("$proxy_add_x_forwarded_for") || text.contains("$http_") => {
                problems.push(rules::FORWARDED_APPENDED.found(self.place(set)));
            }
            Some(_) => {}
            None => {
                let message = "X-Forwarded-For is not set, so the client's own is passed on";
                problems.push(rules::FORWARDED_MISSING.at(self.place(one.pass), message));
            }
        }
        for name in ["X-Forwarded-Proto", "Host", "Forwarded"] {
            let passed_on = value(name).is_some_and(|(_, text)| text.contains("$http_") && name != "Host");
            if value(name).is_none() || passed_on {
                let place = value(name).map_or_else(|| self.place(one.pass), |(set, _)| self.place(set));
                let message = format!("{name} is not set by the proxy");
                problems.push(rules::FORWARDED_MISSING.at(place, message));
            }
        }
    }

    fn judge_limits(&self, one: &Passing<'_>, problems: &mut Vec<Problem>) {
        for deployment in self.deployments {
            let settings = &deployment.settings;
            let body = one.get("client_max_body_size");
            let given = body.map_or(Some(DEFAULT_BODY_BYTES), |body| time::size(body.first()));
            if let (Some(given), Some(wanted)) = (given, settings.largest_body_bytes()) {
                // 0 is no limit at all.
                let disagrees = given < wanted || given > wanted.saturating_mul(MOST_ABOVE) || given == 0;
                if disagrees {
                    let message =
                        format!("the proxy takes bodies of {given} bytes, and the service of {wanted}");
                    let place = self.place(body.unwrap_or(one.pass));
                    problems.push(rules::BODY_LIMIT_DISAGREES.at(place, message));
                }
            }
            let read = one.get("proxy_read_timeout");
            let given = read.map_or(Some(DEFAULT_READ_TIMEOUT), |read| time::span(read.first()));
            if let (Some(given), Some(wanted)) = (given, settings.request_timeout())
                && given <= wanted
            {
                let message = format!("the proxy waits for {given:?}, and the service works for {wanted:?}");
                let place = self.place(read.unwrap_or(one.pass));
                problems.push(rules::TIMEOUT_DISAGREES.at(place, message));
            }
        }
        let next = one.get("proxy_next_upstream");
        if let Some(next) = next.filter(|next| next.arguments.iter().any(|word| word == "non_idempotent")) {
            problems.push(rules::CHANGES_REPEATED.found(self.place(next)));
        }
    }

    fn judge_headers(&self, one: &Passing<'_>, problems: &mut Vec<Problem>) {
        for header in one.all("add_header") {
            let name = header.first().to_ascii_lowercase();
            let value = header.arguments.get(1).map(String::as_str).unwrap_or_default();
            // A variable may well be empty where the service sent one.
            if OF_THE_SERVICE.contains(&name.as_str()) && !value.starts_with('$') {
                let message = format!("the proxy adds {}, which the service sends itself", header.first());
                problems.push(rules::HEADER_FIGHT.at(self.place(header), message));
            }
        }
    }

    fn judge_transport(&self, one: &Passing<'_>, problems: &mut Vec<Problem>) {
        if let Some(protocols) = one.get("ssl_protocols") {
            let is_old = |word: &String| matches!(word.as_str(), "SSLv2" | "SSLv3" | "TLSv1" | "TLSv1.1");
            if protocols.arguments.iter().any(is_old) {
                problems.push(rules::OLD_TLS.found(self.place(protocols)));
            }
        }
        let Some(server) = one.server() else { return };
        let plain = server.block.iter().find(|listen| {
            listen.name == "listen" && !listen.arguments.iter().any(|word| word == "ssl" || word == "quic")
        });
        if let Some(listen) = plain {
            problems.push(rules::PLAIN_HTTP.found(self.place(listen)));
        }
    }

    fn judge_streams(&self, one: &Passing<'_>, problems: &mut Vec<Problem>) {
        let location = one.blocks.iter().find(|block| block.name == "location");
        let Some(location) = location.filter(|location| location.text().ends_with("/events")) else { return };
        if one.get("proxy_buffering").is_none_or(|buffering| buffering.first() != "off") {
            problems.push(rules::STREAMS_BUFFERED.found(self.place(location)));
        }
    }

    fn judge_upstreams(&self, problems: &mut Vec<Problem>) {
        let mut upstreams = Vec::new();
        self.root.find_all("upstream", &mut upstreams);
        for upstream in upstreams {
            let of = |name: &str| upstream.block.iter().find(|one| one.name == name);
            if of("keepalive").is_none() {
                continue;
            }
            let timeout = of("keepalive_timeout");
            let given = timeout.map_or(Some(Duration::from_mins(1)), |one| time::span(one.first()));
            for deployment in self.deployments {
                let Some(wanted) = deployment.settings.keep_alive_timeout() else { continue };
                if given.is_some_and(|given| given >= wanted) {
                    let place = self.place(timeout.unwrap_or(upstream));
                    let message =
                        format!("the proxy keeps idle connections as long as the service, {wanted:?}");
                    problems.push(rules::KEEP_ALIVE_DISAGREES.at(place, message));
                }
            }
        }
    }

    fn judge_metrics(&self, passing: &[Passing<'_>], problems: &mut Vec<Problem>) {
        // With a listener of its own for operators, the one that people use has none to serve.
        let exposed = self.deployments.iter().any(|deployment| {
            deployment.settings.has("MANAGEMENT_ADDR") || !deployment.settings.environment().is_strict()
        });
        if !exposed {
            return;
        }
        for server in passing.iter().filter_map(Passing::server) {
            let shut = server.block.iter().any(|one| {
                let answers = one.block.iter().any(|inner| matches!(inner.name.as_str(), "return" | "deny"));
                one.name == "location" && one.text().contains("/metrics") && answers
            });
            if !shut {
                problems.push(rules::METRICS_OPEN.found(self.place(server)));
                return;
            }
        }
    }
}
