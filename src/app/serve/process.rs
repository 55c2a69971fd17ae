//! What the process needs, and what becomes of it.

use std::{
    ffi::CString,
    fs,
    path::{Path, PathBuf},
    process,
};

use nix::{
    errno::Errno,
    sys::resource::{Resource, getrlimit, setrlimit},
    unistd::{User, geteuid, initgroups, setgid, setuid},
};

use crate::app::Failure;

/// Raises the limit of open files if it has to be, and can be.
pub(in crate::app) fn allow_files(needed: u64) -> Result<(), Failure> {
    let fail = |error| Failure::io(format!("cannot tell the limit of files: {error}"));
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(fail)?;
    if soft >= needed {
        return Ok(());
    }
    setrlimit(Resource::RLIMIT_NOFILE, needed, hard.max(needed)).map_err(|error| {
        Failure::io(format!(
            "so many connections need {needed} file descriptors, and the limit is {hard}: \
             {error}; raise it (ulimit -n), or ask for fewer (-c)"
        ))
    })
}

/// Gives up the rights of root, once what needs them is done.
pub(super) fn become_user(name: &str) -> Result<(), Failure> {
    if !geteuid().is_root() {
        return Err(Failure::usage("-u is for root, who can become somebody else".to_owned()));
    }
    let fail = |error: Errno| Failure::io(format!("cannot become user {name}: {error}"));
    let Some(user) = User::from_name(name).map_err(fail)? else {
        return Err(Failure::usage(format!("there is no user {name}")));
    };
    let groups = CString::new(name).map_err(|_| fail(Errno::EINVAL))?;
    initgroups(&groups, user.gid).map_err(fail)?;
    setgid(user.gid).map_err(fail)?;
    setuid(user.uid).map_err(fail)
}

/// Leaves the terminal. Standard streams stay open only if there is something to tell on them.
#[cfg(not(target_vendor = "apple"))]
pub(super) fn go_to_background(talks: bool) -> Result<(), Failure> {
    // Not to `/`: the paths of sockets and files may be relative.
    nix::unistd::daemon(true, talks)
        .map_err(|error| Failure::io(format!("cannot go to the background: {error}")))
}

#[cfg(target_vendor = "apple")]
pub(super) fn go_to_background(_: bool) -> Result<(), Failure> {
    Err(Failure::usage("-d is not to be had on this system: let launchd start it".to_owned()))
}

/// A file that goes when this does.
pub(super) struct OwnFile(pub(super) PathBuf);

impl Drop for OwnFile {
    fn drop(&mut self) {
        // Whoever took it away first is welcome.
        let _ = fs::remove_file(&self.0);
    }
}

/// The file that holds the process id.
pub(super) struct PidFile(OwnFile);

impl PidFile {
    /// It is empty, so that what is wrong with its path is told while there is somebody to tell.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        put(path, "")?;
        Ok(Self(OwnFile(path.to_owned())))
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        put(&self.0.0, &format!("{}\n", process::id()))
    }
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::io(format!("cannot write {}: {error}", path.display())))
}
