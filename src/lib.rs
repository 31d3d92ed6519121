//! The website of The Relationship Clinic.
//!
//! Two ways lead through the house:
//!
//! * **words to bytes**: [`content`] reads and checks Markdown, [`pages`] makes HTML of it, [`catalog`] encodes each
//!   page once and answers requests by one look-up;
//! * **a form to a mailbox**: [`web`] takes the post, [`enquiry`] decides what it is, [`mail`] keeps it and sends it.
//!
//! [`search`] finds the place that a reader's few words mean. [`config`] holds the settings and [`cli`] wires everything: it alone reads the environment and the clock.
//! Who may use whom is written in `tests/structure`, and a test holds the code against it.

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
