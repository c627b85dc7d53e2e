//! A database that is full, or killed amid the work: nothing that was acknowledged is lost, nothing is there twice.

#[cfg(test)]
mod full;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod log;
