//! Writing files so that nobody ever sees half of one.

use camino::Utf8Path;
use std::io::{self, Write};

/// Puts other bytes into a file, at once, keeping its permissions; makes it when it is not there.
pub fn replace(path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty());
    let folder = folder.unwrap_or(Utf8Path::new("."));
    let mut builder = tempfile::Builder::new();
    let permissions = std::fs::metadata(path).map(|m| m.permissions());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What a new file gets; the umask takes its part.
        let usual = std::fs::Permissions::from_mode(0o666);
        builder.permissions(usual);
    }
    let mut file = builder.prefix(".meshscope-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
