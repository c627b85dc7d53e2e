//! A server that is paused, killed or cut off, and what becomes of those who use it.

#![cfg(feature = "postgres")]

#[cfg(test)]
mod broken;
#[cfg(test)]
mod silent;
#[cfg(test)]
mod site;
