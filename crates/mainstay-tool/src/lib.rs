//! The `mainstay` program: tools beside a service, for whoever deploys it.
//!
//! `mainstay audit [DIR]` reads the files that a deployment is made of (Dockerfiles, Compose files, nginx
//! configurations, systemd units, Kubernetes manifests, files of settings) and says what is wrong with each, and
//! where they contradict one another: see [`audit`].

pub mod audit;
mod cli;

pub use cli::run;
