//! What the process needs of the system: file descriptors, a user, the background, a pid file.

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

use crate::failure::Failure;

/// Raises the limit of open files if it is below this.
///
/// # Errors
///
/// The system does not allow it.
pub fn allow_files(needed: u64) -> Result<(), Failure> {
    let fail = |error| Failure::io(format!("cannot read the limit of open files: {error}"));
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(fail)?;
    if soft >= needed {
        return Ok(());
    }
    setrlimit(Resource::RLIMIT_NOFILE, needed, hard.max(needed)).map_err(|error| {
        Failure::io(format!(
            "these connections (-c) need {needed} file descriptors, and the limit is {hard}: \
             {error}; raise it (ulimit -n), or lower -c"
        ))
    })
}

/// Switches to this user and its groups, and drops root's privileges for good.
///
/// # Errors
///
/// The process is not root's, there is no such user, or the system does not allow it.
pub fn become_user(name: &str) -> Result<(), Failure> {
    if !geteuid().is_root() {
        return Err(Failure::usage(format!(
            "-u {name}: only root can switch to another user; start the server as root, or \
             without -u"
        )));
    }
    let fail = |error: Errno| Failure::io(format!("cannot become user {name}: {error}"));
    let Some(user) = User::from_name(name).map_err(fail)? else {
        return Err(Failure::usage(format!("-u {name}: there is no such user")));
    };
    let groups = CString::new(name).map_err(|_| fail(Errno::EINVAL))?;
    initgroups(&groups, user.gid).map_err(fail)?;
    setgid(user.gid).map_err(fail)?;
    setuid(user.uid).map_err(fail)
}

/// Detaches from the terminal: a child process continues, this one exits. Threads are not
/// inherited. Standard streams stay open if `keep_streams`.
///
/// # Errors
///
/// The system does not allow it, or has no such call.
#[cfg(not(target_vendor = "apple"))]
pub fn go_to_background(keep_streams: bool) -> Result<(), Failure> {
    // Not to `/`: the paths of sockets and files may be relative.
    nix::unistd::daemon(true, keep_streams)
        .map_err(|error| Failure::io(format!("cannot go to the background: {error}")))
}

#[cfg(target_vendor = "apple")]
pub fn go_to_background(_: bool) -> Result<(), Failure> {
    Err(Failure::usage("-d is not supported on this platform: use launchd".to_owned()))
}

/// The file that holds the process id; it is removed with this.
#[derive(Debug)]
pub struct PidFile(PathBuf);

impl PidFile {
    /// Creates it, still empty, so that an error in its path is reported while there is a terminal.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        write(path, "")?;
        Ok(Self(path.to_owned()))
    }

    /// Writes the id of the process that this is called in.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write_id(&self) -> Result<(), Failure> {
        write(&self.0, &format!("{}\n", process::id()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // It may have been removed already.
        let _ = fs::remove_file(&self.0);
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::io(format!("cannot write {}: {error}", path.display())))
}
