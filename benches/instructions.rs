//! Counts instructions with valgrind's callgrind. The counts hardly vary between runs, so each has
//! a ceiling, slightly above the count when it was set.

use std::{
    env,
    hint::black_box,
    process::{Command, ExitCode},
};

use memwire_benches::{Dialect, WHOLE, Workload, by, cache, machine, serve};

/// One measurement: which stream, by what, and the most instructions per request, or per key for
/// gets of several keys.
struct Case {
    served: bool,
    dialect: Dialect,
    workload: Workload,
    chunk: usize,
    ceiling: f64,
}

/// The machine alone.
const fn parse(dialect: Dialect, workload: Workload, chunk: usize, ceiling: f64) -> Case {
    Case { served: false, dialect, workload, chunk, ceiling }
}

/// Machine, session and store.
const fn serve_whole(dialect: Dialect, workload: Workload, ceiling: f64) -> Case {
    Case { served: true, dialect, workload, chunk: WHOLE, ceiling }
}

impl Case {
    fn name(&self) -> String {
        let what = if self.served { "serve" } else { "parse" };
        let Self { dialect, workload, chunk, .. } = self;
        format!("{what} {}, {}{}", dialect.name(), workload.name(), by(*chunk))
    }
}

const CASES: [Case; 20] = {
    use Dialect::{Classic, Simple};
    use Workload::{Get, Set};
    [
        parse(Simple, Get(1), WHOLE, 147.0),
        parse(Simple, Get(100), WHOLE, 42.5),
        parse(Simple, Set(32), WHOLE, 199.0),
        parse(Simple, Set(1024), WHOLE, 222.0),
        parse(Simple, Get(1), 1460, 156.0),
        parse(Simple, Set(1024), 1460, 910.0),
        parse(Simple, Get(1), 1, 3930.0),
        parse(Classic, Get(1), WHOLE, 146.0),
        parse(Classic, Get(100), WHOLE, 31.5),
        parse(Classic, Set(32), WHOLE, 266.0),
        parse(Classic, Set(1024), WHOLE, 293.0),
        parse(Classic, Get(1), 1460, 158.0),
        parse(Classic, Set(1024), 1460, 1100.0),
        parse(Classic, Get(1), 1, 4500.0),
        serve_whole(Simple, Get(1), 463.0),
        serve_whole(Simple, Get(100), 342.0),
        serve_whole(Simple, Set(100), 1092.0),
        serve_whole(Classic, Get(1), 657.0),
        serve_whole(Classic, Get(100), 425.0),
        serve_whole(Classic, Set(100), 1360.0),
    ]
};

/// Callgrind counts only the instructions in here.
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
    assert!(done >= case.workload.lines(), "{}: {done}", case.name());
}

/// Instructions per unit of the workload.
fn count(name: &str, units: usize) -> Result<f64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--toggle-collect=*instructions::counted*"])
        .arg(program)
        .args(["--case", name])
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let collected = stderr.lines().find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, number)| number.trim().parse::<f64>().ok()) {
        Some(number) if output.status.success() && number > 0.0 => Ok(number / units as f64),
        _ => Err(format!("valgrind counted nothing for {name}:\n{stderr}")),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--case") {
        let case = args.get(at + 1).and_then(|name| CASES.iter().find(|case| case.name() == *name));
        return case.map(run).map_or(ExitCode::from(2), |()| ExitCode::SUCCESS);
    }
    let filter = args.iter().skip(1).find(|arg| !arg.starts_with('-'));
    let mut matched = false;
    let mut code = ExitCode::SUCCESS;
    println!("{:<36} {:>11} {:>10}", "instructions", "per request", "ceiling");
    for case in &CASES {
        let name = case.name();
        if filter.is_some_and(|part| !name.contains(part)) {
            continue;
        }
        matched = true;
        match count(&name, case.workload.units()) {
            Ok(number) => {
                let over = number > case.ceiling;
                let note = if over { "  above the ceiling" } else { "" };
                println!("{name:<36} {number:>11.1} {:>10}{note}", case.ceiling);
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
    if !matched {
        eprintln!("no benchmark has `{}` in its name", filter.map_or("", String::as_str));
        return ExitCode::from(2);
    }
    code
}
