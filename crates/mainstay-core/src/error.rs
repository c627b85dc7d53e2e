//! One way to print a chain of errors.

use std::error::Error;
use std::fmt;

/// Prints an error and all its causes on one line, outermost first, joined by `: `.
///
/// The errors of Mainstay describe their own layer only; logs print them through this adapter.
///
/// ```
/// use mainstay_core::Chain;
///
/// let error = std::io::Error::other(std::fmt::Error);
/// assert_eq!(Chain(&error).to_string(), "an error occurred when formatting an argument");
/// ```
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
