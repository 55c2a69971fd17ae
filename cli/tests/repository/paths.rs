//! Helpers: files and folders of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in a folder of it")
}

/// A path from the top of the repository.
pub fn path(name: &str) -> PathBuf {
    root().join(name)
}

/// The text of a file, by its path from the top of the repository.
pub fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
