//! The loop: take an input that was interesting, change it, check it, keep it if the library
//! did something new with it.
//!
//! There is no coverage to guide it, so each target says in a number what the library did
//! with an input (verdict, the sentence of the error, how the body was framed); an input with
//! a number that was not seen before joins the pool.

pub mod heap;
mod known;
pub mod literal;
mod minimise;
mod mutate;
pub mod rng;
mod watch;

use rng::Rng;
use std::collections::HashSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What must not happen did.
#[derive(Debug)]
pub struct Violation {
    /// Which rule: violations of one kind are reported once a run, and minimised within it.
    pub kind: String,
    pub detail: String,
}

/// A number for what the library did.
pub type Checked = Result<u64, Violation>;

pub fn violation<T>(kind: impl Into<String>, detail: impl Into<String>) -> Result<T, Violation> {
    Err(Violation {
        kind: kind.into(),
        detail: detail.into(),
    })
}

/// The signature of a behaviour.
pub fn signature(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

pub trait Target {
    fn name(&self) -> &'static str;
    /// So many bytes at the front are settings.
    fn prefix(&self) -> usize;
    fn tokens(&self) -> &'static [&'static [u8]];
    fn seeds(&self) -> Vec<Vec<u8>>;
    fn check(&self, input: &[u8]) -> Checked;
    /// The settings or steps of an input in words.
    fn describe(&self, input: &[u8]) -> String;
}

pub struct Plan {
    pub seed: u64,
    pub time: Duration,
    pub most: u64,
    /// The folder `fuzz`.
    pub home: PathBuf,
}

/// Enough to know.
const MOST_FINDINGS: usize = 12;

/// Runs a target; how many kinds of violation there were.
pub fn run(target: &dyn Target, plan: &Plan) -> usize {
    let name = target.name();
    let watch = watch::Watch::start(name, &plan.home.join("findings"));
    let mut session = Session {
        target,
        plan,
        watch,
        kinds: HashSet::new(),
        known: HashSet::new(),
    };
    let mut pool: Vec<Vec<u8>> = Vec::new();
    let mut seen = HashSet::new();
    let regressions = files(&plan.home.join("regressions").join(name));
    for (path, input) in &regressions {
        if let Err(v) = session.checked(input) {
            session.report(&v, input, &path.display().to_string());
        }
    }
    let corpus = files(&plan.home.join("corpus").join(name))
        .into_iter()
        .map(|(_, input)| input);
    for input in target
        .seeds()
        .into_iter()
        .chain(corpus)
        .chain(regressions.into_iter().map(|r| r.1))
    {
        match session.checked(&input) {
            Ok(s) => {
                seen.insert(s);
                pool.push(input);
            }
            Err(v) => session.report(&v, &input, "seed"),
        }
    }
    if pool.is_empty() {
        pool.push(vec![0; target.prefix()]);
    }
    let seeds = pool.len();
    let start = Instant::now();
    let mut iteration = 0;
    while start.elapsed() < plan.time
        && iteration < plan.most
        && session.kinds.len() < MOST_FINDINGS
    {
        iteration += 1;
        let mut rng = Rng::new(plan.seed, iteration);
        let base = &pool[rng.below(pool.len())];
        let other = &pool[rng.below(pool.len())];
        let input = mutate::mutated(&mut rng, base, other, target.prefix(), target.tokens());
        match session.checked(&input) {
            Ok(s) => {
                if seen.insert(s) {
                    pool.push(input);
                }
            }
            Err(v) => session.report(&v, &input, &format!("iteration {iteration}")),
        }
    }
    session.watch.end();
    println!(
        "{name}: seed {:#x}, {iteration} inputs in {:.1} s, {seeds} seeds, {} behaviours, {} kinds of violation",
        plan.seed,
        start.elapsed().as_secs_f32(),
        seen.len(),
        session.kinds.len(),
    );
    session.kinds.len()
}

struct Session<'a> {
    target: &'a dyn Target,
    plan: &'a Plan,
    watch: watch::Watch,
    kinds: HashSet<String>,
    known: HashSet<&'static str>,
}

impl Session<'_> {
    fn checked(&self, input: &[u8]) -> Checked {
        self.watch.begin(input);
        let before = heap::live();
        let outcome = self.guarded(input);
        if heap::live() <= before || outcome.is_err() {
            return outcome;
        }
        // What is made once and kept is no leak, and neither is the memory of exchanges that is kept
        // for the next: a few places, which are full some time.
        let mut last = heap::live();
        for _ in 0..100 {
            drop(self.guarded(input));
            let now = heap::live();
            if now <= last {
                return outcome;
            }
            last = now;
        }
        violation(
            "memory leak",
            format!("{} bytes more each time", last - heap::live().min(before)),
        )
    }

    fn guarded(&self, input: &[u8]) -> Checked {
        catch_unwind(AssertUnwindSafe(|| self.target.check(input))).unwrap_or_else(|_| {
            violation(
                format!("panic {}", watch::last_panic()),
                "outside the barrier",
            )
        })
    }

    fn report(&mut self, v: &Violation, input: &[u8], whence: &str) {
        if let Some(why) = known::why(self.target.name(), &v.kind) {
            if self.known.insert(why) {
                println!("known in {}: {why}", self.target.name());
            }
            return;
        }
        if !self.kinds.insert(v.kind.clone()) {
            return;
        }
        let mut last = v.detail.clone();
        let small = minimise::minimised(input, self.target.prefix(), &mut |candidate| match self
            .checked(candidate)
        {
            Err(found) if found.kind == v.kind => {
                last = found.detail;
                true
            }
            _ => false,
        });
        let path = save(&self.plan.home.join("findings"), self.target.name(), &small);
        let rest = small.get(self.target.prefix()..).unwrap_or_default();
        println!("VIOLATION in {}: {}", self.target.name(), v.kind);
        println!("  found: seed {:#x}, {whence}", self.plan.seed);
        println!("  {}", last.replace('\n', "\n  "));
        println!(
            "  input: {}",
            self.target.describe(&small).replace('\n', "\n  ")
        );
        println!("  Rust: {}", literal::rust(rest));
        println!("  C:    {}", literal::c(rest));
        println!("  file: {path}");
    }
}

/// Saves an input under a name made of its content; the path, or why there is none.
pub fn save(folder: &Path, target: &str, input: &[u8]) -> String {
    let path = folder.join(format!("{target}-{:016x}.bin", signature(input)));
    match fs::create_dir_all(folder).and_then(|()| fs::write(&path, input)) {
        Ok(()) => path.display().to_string(),
        Err(e) => format!("{}: {e}", path.display()),
    }
}

/// The files of a folder with their contents, in the order of their names.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|e| e.path()).collect())
        .unwrap_or_default();
    paths.retain(|p| p.extension().is_some_and(|e| e == "bin"));
    paths.sort();
    paths
        .into_iter()
        .filter_map(|p| fs::read(&p).ok().map(|bytes| (p, bytes)))
        .collect()
}

pub use watch::{last_panic, remember_panics, running_input};
