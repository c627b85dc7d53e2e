//! `serve`.

use mainstay::Service;
use mainstay::life::{self, Configuration, Exit};

use crate::{CommandError, Context};

pub(crate) fn run<S: Service>(service: S, context: &mut Context<'_>) -> Result<u8, CommandError> {
    let loaded = context.load::<Configuration<S>>();
    let problems = loaded.report.problems;
    let Some(configuration) = loaded.settings else {
        context.report(&problems);
        return Err(CommandError::Settings);
    };
    match life::run(service, configuration, &problems) {
        Ok(exit) => Ok(exit.code()),
        Err(error) => {
            context.report(&[error.problem()]);
            Ok(Exit::NotStarted.code())
        }
    }
}
