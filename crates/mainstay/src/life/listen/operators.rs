//! The thread that answers operators.
//!
//! Whatever blocks every thread that serves requests blocks their probes, too: nobody could ask what is wrong. So the
//! listener for operators is served by a thread and a small runtime of its own. All that it answers stands in memory:
//! it waits for no store, and for nothing that the other runtime would have to do.

use std::future::Future;
use std::io;

use tokio::runtime::Builder;

/// As much as the threads of the other runtime have.
const STACK_BYTES: usize = 2 << 20;

/// Serves on a thread of its own, until what `serving` gives has ended. `serving` is called in the context of that
/// thread's runtime, so that sockets and tasks belong to it.
///
/// # Errors
///
/// When the system has no event queue or no thread to give, or `serving` fails.
pub(super) fn apart<F>(serving: impl FnOnce() -> io::Result<F>) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let serving = {
        let _entered = runtime.enter();
        serving()?
    };
    let run = move || runtime.block_on(serving);
    std::thread::Builder::new().name("operators".to_owned()).stack_size(STACK_BYTES).spawn(run)?;
    Ok(())
}
