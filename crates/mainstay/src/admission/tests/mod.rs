//! Admission as a whole: simulated, shaken at random, hammered by threads, and behind its edge.

mod edge;
mod permits;
mod simulation;
mod threads;
mod world;
