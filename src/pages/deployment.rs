//! The settings that the privacy page shows to visitors.
//!
//! Invariant: every value comes from the settings of the running program, so that the page cannot contradict them.
//!
//! Never: a password, a path, or an address of staff.

use std::time::Duration;

/// How this deployment stores and delivers enquiries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentFacts {
    /// Where enquiries are stored.
    pub storage: Storage,
    /// How letters are delivered.
    pub mail_route: MailRoute,
    /// Number of staff addresses that each letter is sent to.
    pub recipients: usize,
    /// Longest time that an enquiry's words are stored after its letters were delivered.
    pub keep_words: Duration,
}

impl DeploymentFacts {
    /// `14 days`; in hours if it is not a number of whole days.
    pub fn keep_words(&self) -> String {
        let hours = self.keep_words.as_secs().div_ceil(3600);
        if hours.is_multiple_of(24) { format!("{} days", hours / 24) } else { format!("{hours} hours") }
    }
}

/// Where enquiries are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// A file on the computer that runs the website.
    File,
    /// A database server.
    Server,
}

/// How letters are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailRoute {
    /// As files on the same computer; nothing is sent.
    Folder,
    /// Through a mail server on the same computer.
    SameComputer,
    /// Through the mail server with this host name, on an encrypted connection only.
    Relay(String),
}
