//! Manifests from standard input.

use crate::output::Failure;
use std::io::Read;

/// Everything on standard input.
pub fn read() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}
