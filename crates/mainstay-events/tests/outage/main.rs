//! A database that is full, killed amid the work, or that answers nobody: nothing that was acknowledged is lost, nothing is there twice.

#[cfg(test)]
mod full;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod log;
#[cfg(test)]
mod reply;
#[cfg(test)]
mod stalled;
