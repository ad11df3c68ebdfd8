//! Reading a file, and replacing one as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Code, Error, Result};

/// The contents of a regular file; anything else (a device, a folder) could go on for ever.
///
/// # Errors
/// `ERR_IO` if it cannot be read, `ERR_NOT_A_MODEL` if it is not a regular file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let metadata = fs::metadata(path).map_err(|error| Error::io(path, "read", error))?;
    if !metadata.is_file() {
        return Err(Error::file(Code::NotAModel, path, "this is not a regular file"));
    }
    fs::read(path).map_err(|error| Error::io(path, "read", error))
}

/// Makes `bytes` the contents of `path`: written to a new file in the same folder, synced, renamed over `path`,
/// and the folder synced, so that a crash at any moment leaves the old contents or the new.
///
/// # Errors
/// `ERR_IO`; the old contents are then still there and nothing is left beside them.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let aside = aside(path)?;
    let written = write_synced(&aside, bytes).map_err(|error| Error::io(path, "write", error));
    let renamed = written.and_then(|()| {
        fs::rename(&aside, path).map_err(|error| Error::io(path, "rename a new file to", error))
    });
    if renamed.is_err() {
        // The failure that is reported is the first one; a file that was never made cannot be removed.
        let _ = fs::remove_file(&aside);
    }
    renamed?;
    sync_folder(path).map_err(|error| Error::io(path, "sync the folder of", error))
}

/// As [`replace`], with the same contents under a second name in the same folder, which gets them first. They are written
/// once where the file system knows hard links.
///
/// # Errors
/// `ERR_IO`; the old contents of `path` are then still there, and nothing is left beside the two names.
pub(crate) fn replace_both(path: &Path, second: &Path, bytes: &[u8]) -> Result<()> {
    let (first_aside, second_aside) = (aside(path)?, aside(path)?);
    let write = || {
        write_synced(&first_aside, bytes).map_err(|error| Error::io(path, "write", error))?;
        fs::hard_link(&first_aside, &second_aside)
            .or_else(|_| write_synced(&second_aside, bytes))
            .map_err(|error| Error::io(second, "write", error))?;
        let rename = |from: &Path, to: &Path| {
            fs::rename(from, to).map_err(|error| Error::io(to, "rename a new file to", error))
        };
        rename(&second_aside, second)?;
        rename(&first_aside, path)
    };
    let written = write();
    if written.is_err() {
        // As above: the first failure is the one to report.
        let _ = (fs::remove_file(&first_aside), fs::remove_file(&second_aside));
    }
    written?;
    sync_folder(path).map_err(|error| Error::io(path, "sync the folder of", error))
}

/// Checks that [`replace`] can make a file where `path` is to be, so that a long computation does not find out at
/// its end.
///
/// # Errors
/// `ERR_IO`; nothing is left behind.
pub(crate) fn check_replaceable(path: &Path) -> Result<()> {
    let fail = |error| Error::io(path, "write", error);
    if path.is_dir() {
        return Err(fail(std::io::ErrorKind::IsADirectory.into()));
    }
    let aside = aside(path)?;
    write_synced(&aside, &[]).map_err(fail)?;
    fs::remove_file(&aside).map_err(fail)
}

/// A name in the same folder (a rename must not cross file systems) that no other writer uses.
fn aside(path: &Path) -> Result<PathBuf> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        let error = std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path does not name a file");
        return Err(Error::io(path, "write", error));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{}.tmp", std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed)));
    Ok(path.with_file_name(hidden))
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // `create_new` follows no link that someone may have put there.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the rename is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
