//! `spec/classic.md` is compared with a real memcached 1.6.18. What that does otherwise is a list, which
//! must have no entry that is wrong.

use std::process::Command;

use crate::{paths::root, process::PROGRAM};

#[path = "../it/differential/memcached.rs"]
#[allow(dead_code, reason = "most of it is for sessions")]
#[allow(clippy::module_inception, reason = "it is the server")]
#[allow(clippy::duplicate_mod, reason = "the fuzz targets have it, too")]
mod memcached;

#[test]
fn memcached_conforms_except_for_known_failures() {
    if !memcached::is_there() {
        return;
    }
    let mut command = Command::new(PROGRAM);
    command.current_dir(root()).args(["conform", "--dialect", "classic", "--level", "should"]);
    command.args(["--spawn", "exec memcached -u root -l 127.0.0.1 -p {port} -U 0 -t 1"]);
    // It answers a line that comes in pieces in another way than one that comes whole.
    command.args(["--split", "whole", "--known-failures", "spec/memcached-1.6.18.txt"]);
    let output = command.output().expect("it runs");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert!(report.contains(" fail and are known"), "{report}");
}
