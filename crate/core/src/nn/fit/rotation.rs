//! Rotation: beside the newest checkpoint at a path, the last few of a run stay as numbered files.
//!
//! `run.safetensors.000120` is the checkpoint after 120 optimiser steps. The new contents are first given their number,
//! then the path, then what is too old is removed; each is one rename of a file that is complete and synced. So at any
//! moment the path is a complete checkpoint, the old one or the new, and no fewer numbered ones are there than were asked
//! for. The steps of the numbered files stand in the checkpoint itself: only what this run has written, before an
//! interruption or after, is ever removed.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::nn::file::{is_checkpoint, replace_both};

/// The name of the checkpoint after `step` steps.
pub(super) fn numbered(path: &Path, step: u64) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{step:06}"));
    path.with_file_name(name)
}

/// Checks that nothing else has a name of the rotation, so that a run does not find out after hours.
///
/// # Errors
/// `ERR_IO` for a file in the way that is no checkpoint.
pub(super) fn check(path: &Path) -> Result<()> {
    let entries = fs::read_dir(folder(path)).map_err(|error| Error::io(path, "list the folder of", error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Error::io(path, "list the folder of", error))?;
        if is_numbered(path, &entry.file_name()) {
            check_free(&entry.path())?;
        }
    }
    Ok(())
}

/// Writes a checkpoint to `path` and under its number, then removes all but the newest `keep` of the steps that are
/// `kept`, the last of which is that of this checkpoint.
///
/// # Errors
/// `ERR_IO`: `path` has its old contents or the new ones then.
pub(super) fn save(path: &Path, bytes: &[u8], keep: u64, kept: &mut Vec<u64>) -> Result<()> {
    let newest = kept.last().map(|step| numbered(path, *step)).expect("the step of this checkpoint");
    check_free(&newest)?;
    replace_both(path, &newest, bytes)?;
    let surplus = kept.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
    let mut position = 0;
    kept.retain(|step| {
        position += 1;
        // What cannot be removed now (somebody has it open) is tried again after the next one.
        position > surplus || !remove(&numbered(path, *step))
    });
    Ok(())
}

/// Whether `file` is the checkpoint at `path` or one of its numbered ones.
pub(super) fn belongs(path: &Path, file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    let is_named = path.file_name() == Some(name) || is_numbered(path, name);
    let same = |a: &Path, b: &Path| {
        a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    is_named && same(folder(path), folder(file))
}

/// Whether a name is that of `path` with a number.
fn is_numbered(path: &Path, name: &OsStr) -> bool {
    let mut start = path.file_name().unwrap_or_default().to_owned();
    start.push(".");
    let number = name.as_encoded_bytes().strip_prefix(OsString::as_os_str(&start).as_encoded_bytes());
    number.is_some_and(|number| number.len() >= 6 && number.iter().all(u8::is_ascii_digit))
}

/// Refuses to write over what is no checkpoint.
fn check_free(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() || is_checkpoint(path) {
        return Ok(());
    }
    let problem = "a file that is no checkpoint has the name of one";
    Err(Error::io(path, "replace", io::Error::new(io::ErrorKind::AlreadyExists, problem)))
}

/// Removes a checkpoint; whether there is none of that name then.
fn remove(path: &Path) -> bool {
    match path.symlink_metadata() {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        // Somebody may have put something of their own there since: it is theirs.
        Ok(_) if !is_checkpoint(path) => true,
        Ok(_) => fs::remove_file(path).is_ok(),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_names_of_their_own() {
        let path = Path::new("runs/a.safetensors");
        assert_eq!(numbered(path, 123), Path::new("runs/a.safetensors.000123"));
        assert_eq!(numbered(path, 12_345_678), Path::new("runs/a.safetensors.12345678"));
        for (name, is) in [
            ("a.safetensors.000123", true),
            ("a.safetensors.12345678", true),
            ("a.safetensors.123", false),
            ("a.safetensors.00012x", false),
            ("a.safetensors", false),
            ("b.safetensors.000123", false),
            ("a.safetensors000123", false),
        ] {
            assert_eq!(is_numbered(path, OsStr::new(name)), is, "{name}");
        }
    }

    #[test]
    fn a_checkpoint_belongs_to_its_path_however_that_is_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        let path = folder.path().join("a");
        let detour = folder.path().join("inner").join("..");
        for (file, is) in [
            (path.clone(), true),
            (numbered(&path, 7), true),
            (detour.join("a.000007"), true),
            (folder.path().join("b"), false),
            (folder.path().join("inner").join("a"), false),
        ] {
            assert_eq!(belongs(&path, &file), is, "{}", file.display());
        }
    }
}
