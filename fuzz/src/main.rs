//! Fuzzing for libhttpclient on stable Rust: see README.md.

mod engine;
mod exchange;
mod peer;
mod reading;
mod reference;
mod seeds;
mod seen;
mod take;
mod targets;

/// The names of the C interface, which the tables of the tests use.
#[path = "."]
mod common {
    #[allow(dead_code, clippy::all)]
    #[path = "../../tests/common/api.rs"]
    pub mod api;
}

use engine::{Plan, Target};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[global_allocator]
static HEAP: engine::heap::Counting = engine::heap::Counting;

const USAGE: &str = "usage: fuzz [TARGET...] [--seconds N] [--seed N] [--iterations N]
       fuzz --replay TARGET FILE...
Without a target all of them, 60 seconds each.";

struct Arguments {
    names: Vec<String>,
    seconds: f64,
    seed: Option<u64>,
    iterations: u64,
    replay: bool,
    /// This process is the one that runs a target; the other one waits for it.
    worker: bool,
}

fn arguments() -> Option<Arguments> {
    let mut a = Arguments {
        names: Vec::new(),
        seconds: 60.0,
        seed: None,
        iterations: u64::MAX,
        replay: false,
        worker: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => a.seconds = words.next()?.parse().ok()?,
            "--seed" => a.seed = Some(number(&words.next()?)?),
            "--iterations" => a.iterations = number(&words.next()?)?,
            "--replay" => a.replay = true,
            "--worker" => a.worker = true,
            _ if word.starts_with('-') => return None,
            _ => a.names.push(word),
        }
    }
    Some(a)
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn main() -> ExitCode {
    let Some(a) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    engine::remember_panics();
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let targets = targets::all();
    if a.replay {
        let Some((target, paths)) = a.names.split_first() else {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        };
        return replay(
            targets.iter().find(|t| t.name() == target).map(|t| &**t),
            paths,
        );
    }
    if let Some(unknown) = a
        .names
        .iter()
        .find(|n| targets.iter().all(|t| t.name() != *n))
    {
        let names: Vec<_> = targets.iter().map(|t| t.name()).collect();
        eprintln!("no target {unknown}: there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    // A seed that is not given is new, and printed.
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |d| d.as_nanos() as u64)
    };
    let plan = Plan {
        seed: a.seed.unwrap_or_else(clock),
        time: Duration::from_secs_f64(a.seconds),
        most: a.iterations,
        home,
    };
    let mut failed = false;
    for target in targets
        .iter()
        .filter(|t| a.names.is_empty() || a.names.iter().any(|n| n == t.name()))
    {
        failed |= if a.worker {
            engine::run(&**target, &plan) > 0
        } else {
            !in_a_process(&**target, &plan)
        };
    }
    ExitCode::from(u8::from(failed))
}

/// Runs a target in a process of its own, so that one that dies can be told of.
fn in_a_process(target: &dyn Target, plan: &Plan) -> bool {
    let outcome = std::env::current_exe().and_then(|me| {
        Command::new(me)
            .args([target.name(), "--worker"])
            .args(["--seed", &plan.seed.to_string()])
            .args(["--seconds", &plan.time.as_secs_f64().to_string()])
            .args(["--iterations", &plan.most.to_string()])
            .status()
    });
    match outcome {
        Ok(status) if status.code().is_some() => status.success(),
        Ok(status) => {
            println!("VIOLATION in {}: the process died, {status}", target.name());
            println!("  seed {:#x}", plan.seed);
            let findings = plan.home.join("findings");
            if let Some(input) = engine::running_input(&findings, target.name()) {
                println!("  input: {}", target.describe(&input));
                println!("  whole: {}", engine::literal::rust(&input));
                println!("  file: {}", engine::save(&findings, target.name(), &input));
            }
            false
        }
        Err(e) => {
            println!("{}: cannot be run: {e}", target.name());
            false
        }
    }
}

/// Tries files once and says what they do.
fn replay(target: Option<&dyn Target>, paths: &[String]) -> ExitCode {
    let Some(target) = target else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut failed = false;
    for path in paths {
        let Ok(input) = std::fs::read(Path::new(path)) else {
            eprintln!("{path}: cannot be read");
            return ExitCode::from(2);
        };
        println!("{path}: {}", target.describe(&input));
        let rest = input.get(target.prefix()..).unwrap_or_default();
        println!("  {}", engine::literal::rust(rest));
        match target.check(&input) {
            Ok(_) => println!("  fine"),
            Err(v) => {
                failed = true;
                println!("  {}: {}", v.kind, v.detail);
            }
        }
    }
    ExitCode::from(u8::from(failed))
}
