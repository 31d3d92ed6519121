//! How many connections the system's limit on open files leaves room for.
//!
//! Many systems allow a program 1,024 open files by default and more on request. Without a free file, a listener cannot
//! even accept a connection to close it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files left for everything but connections: database, content, mail, log.
const RESERVED_FILES: u64 = 256;

/// `wanted` connections, or as many as the limit allows. Raises the limit to its maximum first.
pub(super) fn connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let connections = connections_within(wanted, files);
    if connections < wanted {
        tracing::warn!(wanted, connections, "fewer connections than wanted: raise the limit on open files");
    }
    connections
}

/// `None` is no limit. At least one connection.
fn connections_within(wanted: usize, files: Option<u64>) -> usize {
    let room =
        files.map_or(usize::MAX, |files| usize::try_from(files.saturating_sub(RESERVED_FILES)).unwrap_or(usize::MAX));
    wanted.min(room).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest_of_the_program() {
        let table = [
            (12_000, Some(1_024), 768),
            (12_000, Some(20_000), 12_000),
            (12_000, Some(12_100), 11_844),
            (12_000, None, 12_000),
            (12_000, Some(100), 1),
        ];
        for (wanted, files, expected) in table {
            assert_eq!(connections_within(wanted, files), expected, "{wanted} wanted, {files:?} files");
        }
    }
}
