//! `health`.

use std::time::Duration;

use clap::ArgMatches;
use mainstay::Service;
use mainstay::health::probe;
use mainstay::life::Configuration;
use mainstay_core::Chain;
use mainstay_core::settings::Problem;

use crate::{CommandError, Context, Verdict};

pub(crate) fn run<S: Service>(
    matches: &ArgMatches,
    context: &mut Context<'_>,
) -> Result<Verdict, CommandError> {
    let address = context.settings::<Configuration<S>>()?.runtime.listen.address;
    if address.port() == 0 {
        let problem = Problem::error("MS0002", "PORT is 0: nobody can know where the service listens");
        return Err(problem.help("set PORT to what the service listens on").into());
    }
    let path = if matches.get_flag("live") { "/health/live" } else { "/health/ready" };
    let timeout = matches.get_one::<Duration>("timeout").copied().unwrap_or_default();
    match probe(address, path, timeout, context.clock()) {
        Ok((status, body)) => {
            writeln!(context.data(), "{}", body.trim())?;
            Ok(Verdict::good_if(status.is_success()))
        }
        Err(error) => {
            context.say(format_args!("{}", Chain(&error)));
            Ok(Verdict::Bad)
        }
    }
}
