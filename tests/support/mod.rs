//! What the test binaries share: the real program in a process of its own, on a port and in a folder of its own.

#![allow(dead_code, reason = "each test binary uses its part of this")]

pub mod browser;
pub mod clinic;
pub mod edition;
pub mod html;
pub mod words;
