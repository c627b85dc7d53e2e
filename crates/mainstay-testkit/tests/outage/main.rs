//! A service whose database is paused, killed, cut off or busy: what its clients see, and that it comes back whole.

#[cfg(test)]
mod broken;
#[cfg(test)]
mod busy;
#[cfg(test)]
mod paused;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod site;
