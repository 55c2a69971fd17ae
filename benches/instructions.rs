//! Instructions, counted by valgrind's callgrind: they hardly change from run to run, so they have
//! ceilings, each a little above what was counted when it was set.

use std::{
    env,
    hint::black_box,
    process::{Command, ExitCode},
};

use memwire_benches::{Dialect, Workload, cache, machine, serve};

/// What is counted: who reads which stream, and how many instructions a request (or key, of gets
/// of several) may take.
struct Case {
    name: &'static str,
    served: bool,
    dialect: Dialect,
    workload: Workload,
    chunk: usize,
    ceiling: f64,
}

const WHOLE: usize = usize::MAX;

#[rustfmt::skip]
const CASES: [Case; 18] = {
    use Dialect::{Classic, Simple};
    use Workload::{Get, Set};
    const fn case(
        name: &'static str, served: bool, dialect: Dialect, workload: Workload, chunk: usize, ceiling: f64,
    ) -> Case {
        Case { name, served, dialect, workload, chunk, ceiling }
    }
    [
        case("parse simple get 1", false, Simple, Get(1), WHOLE, 280.0),
        case("parse simple get 100", false, Simple, Get(100), WHOLE, 45.0),
        case("parse simple set 32", false, Simple, Set(32), WHOLE, 325.0),
        case("parse simple set 1024", false, Simple, Set(1024), WHOLE, 350.0),
        case("parse simple get 1 by 1460", false, Simple, Get(1), 1460, 285.0),
        case("parse simple get 1 by 1", false, Simple, Get(1), 1, 5100.0),
        case("parse classic get 1", false, Classic, Get(1), WHOLE, 385.0),
        case("parse classic get 100", false, Classic, Get(100), WHOLE, 32.0),
        case("parse classic set 32", false, Classic, Set(32), WHOLE, 595.0),
        case("parse classic set 1024", false, Classic, Set(1024), WHOLE, 620.0),
        case("parse classic get 1 by 1460", false, Classic, Get(1), 1460, 390.0),
        case("parse classic get 1 by 1", false, Classic, Get(1), 1, 5580.0),
        case("serve simple get 1", true, Simple, Get(1), WHOLE, 905.0),
        case("serve simple get 100", true, Simple, Get(100), WHOLE, 635.0),
        case("serve simple set 100", true, Simple, Set(100), WHOLE, 1290.0),
        case("serve classic get 1", true, Classic, Get(1), WHOLE, 1170.0),
        case("serve classic get 100", true, Classic, Get(100), WHOLE, 695.0),
        case("serve classic set 100", true, Classic, Set(100), WHOLE, 1710.0),
    ]
};

/// Callgrind counts what happens in here.
#[inline(never)]
fn counted(work: impl FnOnce() -> usize) -> usize {
    work()
}

fn run(case: &Case) {
    let stream = case.workload.stream(case.dialect);
    let done = if case.served {
        let cache = cache(case.dialect, 100);
        counted(|| serve(case.dialect, black_box(&cache), &stream))
    } else {
        counted(|| machine(case.dialect, black_box(&stream), case.chunk))
    };
    assert!(done >= case.workload.lines(), "{}: {done}", case.name);
}

/// Instructions for each unit of the workload.
fn count(name: &str, units: usize) -> Result<f64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--toggle-collect=*instructions::counted*"])
        .arg(program)
        .args(["--case", name])
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, number)| number.trim().parse::<f64>().ok()) {
        Some(number) if output.status.success() && number > 0.0 => Ok(number / units as f64),
        _ => Err(format!("valgrind counted nothing for {name}:\n{said}")),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--case") {
        let case = args.get(at + 1).and_then(|name| CASES.iter().find(|case| case.name == name));
        return case.map(run).map_or(ExitCode::from(2), |()| ExitCode::SUCCESS);
    }
    let filter = args.iter().skip(1).find(|arg| !arg.starts_with('-'));
    let mut code = ExitCode::SUCCESS;
    println!("{:<30} {:>12} {:>10}", "instructions", "a request", "ceiling");
    for case in CASES.iter().filter(|case| filter.is_none_or(|part| case.name.contains(part))) {
        match count(case.name, case.workload.units()) {
            Ok(number) => {
                let over = number > case.ceiling;
                let note = if over { "  too many" } else { "" };
                println!("{:<30} {number:>12.1} {:>10}{note}", case.name, case.ceiling);
                if over {
                    code = ExitCode::FAILURE;
                }
            }
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        }
    }
    code
}
