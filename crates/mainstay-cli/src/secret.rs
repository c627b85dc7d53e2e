//! `secret`.

use mainstay::settings::secret_key;

use crate::{CommandError, Context, Verdict};

pub(crate) fn run(context: &mut Context<'_>) -> Result<Verdict, CommandError> {
    // Nothing but the key: it goes into files and pipes.
    writeln!(context.data(), "{}", secret_key::generate().expose())?;
    Ok(Verdict::Good)
}
