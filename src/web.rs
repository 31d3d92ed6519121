//! Everything a reader can reach: listening, the front door, the routes behind it.

mod front;
mod headers;
mod listen;

pub use front::{Answer, Front, Visitor};
pub use headers::{complete, security};
pub use listen::{Limits, handed_over, open, serve};
