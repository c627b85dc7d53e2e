//! The threads that large evaluations are spread over.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// The engine's own threads. Cloning is cheap, and clones share them.
#[derive(Clone, Debug, Default)]
pub struct Workers {
    pool: Option<Arc<ThreadPool>>,
}

/// The threads could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {threads} evaluation threads")]
pub struct WorkersError {
    threads: usize,
    source: rayon::ThreadPoolBuildError,
}

impl Workers {
    /// Starts `threads` threads, at least one. They sleep while there is nothing to do, and end with the last clone.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub fn start(threads: usize) -> Result<Self, WorkersError> {
        let builder = ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|index| format!("evaluation-{index}"));
        let pool = builder.build().map_err(|source| WorkersError { threads, source })?;
        Ok(Self { pool: Some(Arc::new(pool)) })
    }

    /// No threads: everything is evaluated on the thread that asks.
    pub fn none() -> Self {
        Self::default()
    }

    pub(super) fn threads(&self) -> usize {
        self.pool.as_ref().map_or(1, |pool| pool.current_num_threads())
    }

    /// Runs `work` on the pool, if there is one.
    pub(super) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Maps in parallel, keeping the order.
    pub(super) fn map<T: Send, R: Send>(&self, inputs: Vec<T>, map: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
        use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
        if self.pool.is_none() || inputs.len() < 2 {
            return inputs.into_iter().map(map).collect();
        }
        self.run(|| inputs.into_par_iter().map(map).collect())
    }
}
