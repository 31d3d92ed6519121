//! The website of The Relationship Clinic, in two data flows:
//!
//! * **content to bytes**: [`content`] reads and validates Markdown, [`pages`] renders HTML, [`assets`] names static files by
//!   their hash, [`catalog`] encodes each resource once and answers a request by one lookup; [`search`] indexes the articles;
//! * **a form to a mailbox**: [`web`] receives the post, [`enquiry`] validates and scores it, [`mail`] stores and sends it.
//!
//! [`config`] holds the settings. [`cli`] has the commands; it alone reads the environment and the clock. `tests/structure`
//! checks which module may use which.

pub mod assets;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod content;
pub mod enquiry;
pub mod mail;
pub mod pages;
pub mod search;
pub mod web;
