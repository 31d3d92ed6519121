//! Shared by the test binaries: the real program in its own process, with its own port and folder; a browser; HTML.

#![allow(dead_code, reason = "each test binary uses its part of this")]

pub mod browser;
pub mod clinic;
pub mod content_folder;
pub mod edition;
pub mod html;
pub mod message_builder;
