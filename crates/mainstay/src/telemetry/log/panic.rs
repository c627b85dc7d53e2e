//! Panics in the log.

use std::backtrace::Backtrace;
use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::critical;

/// Logs each panic once, as `CRITICAL`, with its place and its stack; nothing goes to standard error raw.
///
/// The request's id is on the record when the panic happens inside its span. Whoever catches the panic need
/// not log it again. Calling this twice changes nothing. Until a subscriber is installed, panics are printed
/// as before.
pub fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if tracing::dispatcher::has_been_set() {
                log(panic);
            } else {
                previous(panic);
            }
        }));
    });
}

fn log(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a value that is no text");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    critical!(
        target: "panic",
        location,
        thread = thread.name().unwrap_or("unnamed"),
        backtrace = %Backtrace::force_capture(),
        "panic: {message}"
    );
}
