//! What a peer can do to the accept loop, and what it gets for it.
//!
//! Waits are tested over a stream in memory with paused time, so they are exact and cost nothing. What belongs to
//! sockets (caps, lingering, the queue of the listener) is tested over sockets; those tests wait for events only.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod caps;
#[cfg(test)]
mod drain;
#[cfg(test)]
mod framing;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod linger;
#[cfg(test)]
mod load;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod waits;
