//! What the process tells about itself: logs for reading, metrics for counting.

pub mod log;
pub mod metrics;
