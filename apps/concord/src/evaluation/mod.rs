//! Answers to questions about what is stored: pairs, matrices, items, clusters.
//!
//! The [engine](crate::engine) compiles content and knows no database; this module keeps what was compiled for
//! as long as the content stays as it is, and does the heavy work away from the threads that serve requests.
