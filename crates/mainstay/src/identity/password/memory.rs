//! The memory that hashes are computed in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::Block;

use super::Parameters;

/// Buffers that are used again.
///
/// An allocator keeps what was freed, on each of its arenas; freed once a hash, the memory of the process would grow
/// far beyond the ceiling. All buffers here are of the current size, so what lies here together with what is in use
/// never exceeds what the places allow.
#[derive(Debug)]
pub(super) struct Buffers {
    blocks: usize,
    idle: Mutex<Vec<Vec<Block>>>,
}

impl Buffers {
    pub(super) fn new(current: Parameters) -> Self {
        Self { blocks: current.blocks(), idle: Mutex::default() }
    }

    /// Works in a buffer of as many blocks as `parameters` ask for. Whoever calls this holds the places for it.
    pub(super) fn with<T>(&self, parameters: Parameters, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let blocks = parameters.blocks();
        let mut buffer = self.take(blocks);
        let result = work(&mut buffer);
        if blocks == self.blocks {
            self.idle().push(buffer);
        }
        result
    }

    fn take(&self, blocks: usize) -> Vec<Block> {
        let mut idle = self.idle();
        if blocks == self.blocks {
            idle.pop()
        } else {
            // The places that these stand for may be the ones that were given to the caller.
            idle.clear();
            None
        }
        .unwrap_or_else(|| vec![Block::new(); blocks])
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        // A list of buffers: a panic elsewhere cannot leave it half written.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn idle_blocks(&self) -> usize {
        self.idle().iter().map(Vec::len).sum()
    }
}
