//! All projections of a process: started, swapped, watched, waited for, and told of.

mod alert;
mod bell;
mod generations;
mod monitor;
mod supervisor;
mod waiting;

pub use alert::{PROJECTION_FAILED, PROJECTION_RECOVERED};
pub use supervisor::{ProjectionHealth, Projections};
pub use waiting::WaitError;
