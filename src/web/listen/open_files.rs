//! How many connections the system's limit on open files leaves room for.
//!
//! Many systems give a program 1,024 open files at first and let it ask for more. A listener that runs out of them can
//! not even close new connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are not connections: database, content, letters on their way, log.
const OTHERS: u64 = 256;

/// `wanted` connections, or as many as there can be. Asks the system for all open files that it allows.
pub(super) fn connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let connections = beside_others(wanted, files);
    if connections < wanted {
        tracing::warn!(wanted, connections, "fewer connections than wanted: raise the limit on open files");
    }
    connections
}

/// `None` is no limit. At least one connection.
fn beside_others(wanted: usize, files: Option<u64>) -> usize {
    let room = files.map_or(usize::MAX, |files| usize::try_from(files.saturating_sub(OTHERS)).unwrap_or(usize::MAX));
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
            assert_eq!(beside_others(wanted, files), expected, "{wanted} wanted, {files:?} files");
        }
    }
}
