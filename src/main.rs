//! The binary; see the library's `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    relationship_clinic::cli::main()
}
