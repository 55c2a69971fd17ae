//! Measures time with criterion, relative to lower bounds and to other crates in the same run.
//!
//! An unfiltered run prints the tables of `docs/performance/parse.md`. With `MEMWIRE_BLESS` in the
//! environment, it writes them and the chart.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hint::black_box,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, measurement::WallTime};
use memwire_benches::{
    DIALECTS, Dialect, KEYS, Table, WHOLE, Workload, by, cache, copies, line_ends, machine,
    memcache_proto, memcached_protocal, memwire, serve,
};

use Workload::{Get, Mix, Set};

/// The chunk sizes, in bytes: unsplit, a page, a TCP segment, and single bytes.
const CHUNKS: [usize; 4] = [WHOLE, 4096, 1460, 1];

const PARSED: [Workload; 7] =
    [Get(1), Get(100), Set(32), Set(1024), Set(65_536), Set(1 << 20), Mix];

/// Flat sampling: some iterations here are too slow for criterion's growing samples.
fn group(criterion: &mut Criterion, name: String) -> BenchmarkGroup<'_, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    group
}

fn parse(criterion: &mut Criterion) {
    for workload in PARSED {
        let mut group = group(criterion, format!("parse/{}", workload.name()));
        let units = workload.units();
        for dialect in DIALECTS {
            let stream = workload.stream(dialect);
            let done = memwire(dialect, &stream, WHOLE);
            assert_eq!(done.0, units);
            group.bench_function(
                format!("memwire, {}, borrowed only", dialect.name()),
                |bencher| {
                    bencher.iter(|| machine(dialect, black_box(&stream), WHOLE));
                },
            );
            for chunk in CHUNKS {
                if chunk == 1 && stream.len() > 1 << 20 {
                    continue;
                }
                assert_eq!(memwire(dialect, &stream, chunk), done);
                let name = format!("memwire, {}{}", dialect.name(), by(chunk));
                group.bench_function(name, |bencher| {
                    bencher.iter(|| memwire(dialect, black_box(&stream), chunk));
                });
            }
        }
        let stream = workload.stream(Dialect::Classic);
        let done = memwire(Dialect::Classic, &stream, WHOLE);
        for chunk in [WHOLE, 1460] {
            assert_eq!(memcache_proto(&stream, chunk), done);
            group.bench_function(format!("memcache-proto{}", by(chunk)), |bencher| {
                bencher.iter(|| memcache_proto(black_box(&stream), chunk));
            });
        }
        assert_eq!(memcached_protocal(&stream), done);
        group.bench_function("memcached-protocal", |bencher| {
            bencher.iter(|| memcached_protocal(black_box(&stream)));
        });
        match workload {
            Set(size) => group.bench_function("limit: alloc + memcpy", |bencher| {
                bencher.iter(|| copies(black_box(&stream), size, units));
            }),
            _ => group.bench_function("limit: memchr", |bencher| {
                bencher.iter(|| line_ends(black_box(&stream)));
            }),
        };
        group.finish();
    }
}

/// The sizes of one line, or of one value, in bytes.
const SIZES: [usize; 3] = [4096, 65_536, 1 << 20];

/// One request with a line, or a value, of about this size.
fn large(what: &str, size: usize) -> Vec<u8> {
    match what {
        "line" => [b"get", &b" key_00000000000000000"[..].repeat(size / 22)[..], b"\r\n"].concat(),
        _ => [format!("set k 0 0 {size}\r\n").as_bytes(), &vec![b'v'; size], b"\r\n"].concat(),
    }
}

fn growth(criterion: &mut Criterion) {
    for what in ["line", "value"] {
        let mut group = group(criterion, format!("growth/{what}"));
        for size in SIZES {
            let stream = large(what, size);
            for chunk in [1460, 1] {
                let name = format!("memwire{}", by(chunk));
                group.bench_function(BenchmarkId::new(name, size), |bencher| {
                    bencher.iter(|| memwire(Dialect::Classic, black_box(&stream), chunk));
                });
            }
            group.bench_function(BenchmarkId::new("memcache-proto, by 1460", size), |bencher| {
                bencher.iter(|| memcache_proto(black_box(&stream), 1460));
            });
        }
        group.finish();
    }
}

fn session(criterion: &mut Criterion) {
    for workload in [Get(1), Get(100), Set(100)] {
        let mut group = group(criterion, format!("serve/{}", workload.name()));
        for dialect in DIALECTS {
            let (cache, stream) = (cache(dialect, 100), workload.stream(dialect));
            group.bench_function(format!("memwire, {}", dialect.name()), |bencher| {
                bencher.iter(|| serve(dialect, &cache, black_box(&stream)));
            });
        }
        if let Get(_) = workload {
            let table = Table::new(100);
            group.bench_function("limit: a HashMap's look-up and a copy", |bencher| {
                bencher.iter(|| black_box(&table).look_up());
            });
        }
        group.finish();
    }
}

/// The numbers of threads that share a cache. Each has a session of its own and the same amount of
/// work.
const THREADS: [usize; 3] = [1, 2, 4];

fn threads(criterion: &mut Criterion) {
    for workload in [Get(1), Mix, Set(100)] {
        let mut group = group(criterion, format!("threads/{}", workload.name()));
        let dialect = Dialect::Classic;
        let cache = cache(dialect, 100);
        for threads in THREADS {
            // Each starts at a different key: otherwise they would form a convoy at one lock.
            let streams: Vec<_> = (0..threads)
                .map(|thread| workload.stream_from(dialect, thread * KEYS / threads))
                .collect();
            group.bench_function(threads.to_string(), |bencher| {
                bencher.iter_custom(|rounds| {
                    let start = Instant::now();
                    thread::scope(|scope| {
                        for stream in &streams {
                            scope.spawn(|| {
                                for _ in 0..rounds {
                                    black_box(serve(dialect, &cache, black_box(stream)));
                                }
                            });
                        }
                    });
                    start.elapsed()
                });
            });
        }
        group.finish();
    }
}

/// An unfiltered run measures everything this many times, so that a short slow phase of the
/// computer cannot affect all measurements of one benchmark.
const PASSES: usize = 5;

fn baseline(pass: usize) -> String {
    format!("pass-{pass}")
}

fn main() -> Result<(), Box<dyn Error>> {
    let filtered = env::args().skip(1).any(|arg| !arg.starts_with('-'));
    let whole = !filtered && !env::args().any(|arg| arg == "--test");
    for pass in 0..if whole { PASSES } else { 1 } {
        let mut criterion = Criterion::default()
            .sample_size(12)
            .warm_up_time(Duration::from_millis(60))
            .measurement_time(Duration::from_millis(240))
            .configure_from_args();
        // Filtered runs keep the results of the last unfiltered one.
        if whole {
            criterion = criterion.save_baseline(baseline(pass));
        }
        parse(&mut criterion);
        growth(&mut criterion);
        session(&mut criterion);
        threads(&mut criterion);
        criterion.final_summary();
    }
    if whole { report() } else { Ok(()) }
}

/// The least of the medians of all passes, in nanoseconds.
fn median(group: &str, name: &str) -> Result<f64, Box<dyn Error>> {
    // Criterion's directory names.
    let plain = |text: &str| text.replace(['?', '"', '/', '\\', '*', '<', '>', ':', '|', '^'], "_");
    let target = env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
    let bench = format!("{target}/criterion/{}/{}", plain(group), name_path(name, plain));
    let mut least = f64::INFINITY;
    for pass in 0..PASSES {
        let path = format!("{bench}/{}/estimates.json", baseline(pass));
        let json = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        let json: serde_json::Value = serde_json::from_slice(&json)?;
        let median = json["median"]["point_estimate"].as_f64();
        least = least.min(median.ok_or_else(|| format!("{path} has no median"))?);
    }
    Ok(least)
}

fn name_path(name: &str, plain: impl Fn(&str) -> String) -> String {
    name.split('/').map(plain).collect::<Vec<_>>().join("/")
}

struct Bar {
    group: String,
    name: &'static str,
    nanos: f64,
}

fn report() -> Result<(), Box<dyn Error>> {
    let mut text = String::from(
        "# Parser benchmarks\n\n\
         [Benchmarks](../performance.md) has the command, date and machine, and explains the \
         limits.\n\n\
         Time per request in ns (gets of 100: per key), and relative to the limit:\n\n\
         | | limit | memwire, simple | memwire, classic | memcache-proto | memcached-protocal |\n\
         |---|---|---|---|---|---|\n",
    );
    let mut bars = vec![];
    for workload in PARSED {
        let group = format!("parse/{}", workload.name());
        let of = |name: &str| median(&group, name).map(|nanos| nanos / workload.units() as f64);
        let limit =
            if matches!(workload, Set(_)) { "limit: alloc + memcpy" } else { "limit: memchr" };
        let limit = of(limit)?;
        write!(text, "| {} | {limit:.1} |", workload.name())?;
        for name in ["memwire, simple", "memwire, classic", "memcache-proto", "memcached-protocal"]
        {
            let nanos = of(name)?;
            write!(text, " {nanos:.1} ({:.2} ×) |", nanos / limit)?;
            bars.push(Bar { group: workload.name(), name, nanos: nanos / limit });
        }
        text.push('\n');
    }
    text.push_str(
        "\nThe same streams in chunks of 4096, 1460 and 1 bytes, relative to one chunk:\n\n\
         | | simple, 4096 | 1460 | 1 | classic, 4096 | 1460 | 1 | memcache-proto, 1460 |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for workload in PARSED {
        let group = format!("parse/{}", workload.name());
        write!(text, "| {} |", workload.name())?;
        for dialect in DIALECTS {
            let name = format!("memwire, {}", dialect.name());
            let whole = median(&group, &name)?;
            for chunk in [4096, 1460, 1] {
                match median(&group, &format!("{name}{}", by(chunk))) {
                    Ok(nanos) => write!(text, " {:.2} |", nanos / whole)?,
                    Err(_) => text.push_str(" |"),
                }
            }
        }
        let whole = median(&group, "memcache-proto")?;
        let split = median(&group, "memcache-proto, by 1460")?;
        writeln!(text, " {:.2} |", split / whole)?;
    }
    text.push_str(
        "\nOne request of growing size, classic, in chunks of 1460 bytes and of 1, in ns per byte:\n\n\
         | | 4 KiB | 64 KiB | 1 MiB | 1 MiB ÷ 4 KiB |\n|---|---|---|---|---|\n",
    );
    for what in ["line", "value"] {
        for name in ["memwire, by 1460", "memwire, by 1", "memcache-proto, by 1460"] {
            write!(text, "| a {what}; {name} |")?;
            let mut nanos = vec![];
            for size in SIZES {
                nanos.push(
                    median(&format!("growth/{what}"), &format!("{name}/{size}"))? / size as f64,
                );
            }
            for nanos in &nanos {
                write!(text, " {nanos:.3} |")?;
            }
            writeln!(text, " {:.2} |", nanos[2] / nanos[0])?;
        }
    }
    text.push_str(
        "\nMachine, session and store (10 000 keys, values of 100 bytes), in ns per request (gets of 100: \
         per key), and relative to the limit, a `HashMap` look-up and a copy of the value:\n\n\
         | | limit | simple | classic |\n|---|---|---|---|\n",
    );
    for workload in [Get(1), Get(100), Set(100)] {
        let group = format!("serve/{}", workload.name());
        let of = |name: &str| median(&group, name).map(|nanos| nanos / workload.units() as f64);
        let limit = of("limit: a HashMap's look-up and a copy").ok();
        write!(text, "| {} |", workload.name())?;
        match limit {
            Some(limit) => write!(text, " {limit:.1} |")?,
            None => text.push_str(" |"),
        }
        for dialect in DIALECTS {
            let nanos = of(&format!("memwire, {}", dialect.name()))?;
            match limit {
                Some(limit) => write!(text, " {nanos:.1} ({:.2} ×) |", nanos / limit)?,
                None => write!(text, " {nanos:.1} |")?,
            }
        }
        text.push('\n');
    }
    text.push_str(
        "\nThe same, classic, with threads that share the store, in millions of requests per second:\n\n\
         | | 1 thread | 2 | 4 |\n|---|---|---|---|\n",
    );
    for workload in [Get(1), Mix, Set(100)] {
        write!(text, "| {} |", workload.name())?;
        for threads in THREADS {
            let nanos = median(&format!("threads/{}", workload.name()), &threads.to_string())?;
            write!(text, " {:.1} |", (threads * workload.units()) as f64 / nanos * 1000.0)?;
        }
        text.push('\n');
    }
    println!("\n{text}");
    if env::var_os("MEMWIRE_BLESS").is_some() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance");
        fs::create_dir_all(&docs)?;
        fs::write(docs.join("parse.md"), text)?;
        chart(&docs.join("parse.svg"), &bars)?;
    }
    Ok(())
}

/// A bar chart with a logarithmic scale that starts at the limit.
fn chart(path: &Path, bars: &[Bar]) -> Result<(), Box<dyn Error>> {
    use plotters::prelude::*;
    let names = ["memwire, simple", "memwire, classic", "memcache-proto", "memcached-protocal"];
    let colours = [
        RGBColor(0, 114, 178),
        RGBColor(86, 180, 233),
        RGBColor(230, 159, 0),
        RGBColor(204, 121, 167),
    ];
    let groups: Vec<_> = PARSED.map(Workload::name).to_vec();
    let root = SVGBackend::new(path, (960, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = bars.iter().fold(1.0_f64, |most, bar| most.max(bar.nanos));
    let mut chart = ChartBuilder::on(&root)
        .caption("Time to parse, as a multiple of the limit", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..groups.len() as f64, (1.0..most * 1.3).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(2 * groups.len() + 1)
        .x_label_formatter(&|x| {
            let centre = (x.fract() - 0.5).abs() < 0.01;
            let name = groups.get(*x as usize).filter(|_| centre);
            name.cloned().unwrap_or_default()
        })
        .y_label_formatter(&|y| format!("{y:.0} ×"))
        .draw()?;
    for (place, (name, colour)) in names.into_iter().zip(colours).enumerate() {
        let of_name = bars.iter().filter(|bar| bar.name == name);
        chart
            .draw_series(of_name.map(|bar| {
                let group = groups.iter().position(|group| *group == bar.group).unwrap_or_default();
                let left = group as f64 + 0.1 + 0.2 * place as f64;
                Rectangle::new([(left, 1.0), (left + 0.18, bar.nanos)], colour.filled())
            }))?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}
