//! Commands and wiring.
//!
//! The only place that reads the environment and the clock. Nobody uses it but `main`.
