//! What the privacy page says of the running program, in the terms of somebody who wrote to the clinic.
//!
//! Invariant: everything here comes from the settings that the program works with, so that the page cannot say otherwise.
//!
//! Never: a password, a path, or an address of staff.

/// How this copy of the website keeps and hands on what is sent to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Where answers are kept.
    pub store: Store,
    /// How letters leave.
    pub post: Post,
    /// Addresses of the clinic that each letter goes to.
    pub recipients: usize,
    /// Hosts besides this website that the pages may make a browser contact.
    pub other_hosts: Vec<String>,
}

/// Where answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// A file on the computer that runs the website.
    File,
    /// A database server.
    Server,
}

/// How letters leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Post {
    /// Not at all: they are files on the same computer.
    Folder,
    /// Through a mail program on the same computer.
    SameComputer,
    /// Through a mail server with this name; the connection is encrypted or nothing is sent.
    Relay(String),
}
