//! The `meshscope` binary: all of it is in the library beside it, where generators find it too.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    meshscope_cli::run()
}
