//! The settings that the privacy page shows to visitors.
//!
//! Invariant: every value comes from the settings of the running program, so that the page cannot contradict them.
//!
//! Never: a password, a path, or an address of staff.

/// How this deployment stores and delivers enquiries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentFacts {
    /// Where enquiries are stored.
    pub storage: Storage,
    /// How letters are delivered.
    pub mail_route: MailRoute,
    /// Number of staff addresses that each letter is sent to.
    pub recipients: usize,
    /// Hosts besides this website that the pages may make a browser contact.
    pub other_hosts: Vec<String>,
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
