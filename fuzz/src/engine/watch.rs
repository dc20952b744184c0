//! For what the loop cannot see itself: an input that never ends, one that ends the process,
//! and where a panic was that the library caught.

use super::{literal, save};
use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// An input takes well under a millisecond.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Watch {
    shared: Arc<Shared>,
    file: Option<File>,
    path: PathBuf,
}

#[derive(Default)]
struct Shared {
    turn: AtomicU64,
    input: Mutex<Vec<u8>>,
}

/// Where the input that is being tried stands, for the process that started this one.
fn running_path(findings: &Path, target: &str) -> PathBuf {
    findings.join(format!("{target}.running"))
}

/// What a process that died was trying.
pub fn running_input(findings: &Path, target: &str) -> Option<Vec<u8>> {
    let bytes = fs::read(running_path(findings, target)).ok()?;
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.get(..u32::from_le_bytes(*len) as usize)
        .map(<[u8]>::to_vec)
}

impl Watch {
    pub fn start(target: &'static str, findings: &Path) -> Self {
        let shared = Arc::new(Shared::default());
        let path = running_path(findings, target);
        let file = fs::create_dir_all(findings)
            .and_then(|()| File::create(&path))
            .ok();
        let (seen, folder) = (Arc::clone(&shared), findings.to_owned());
        thread::spawn(move || watch(&seen, target, &folder));
        Self { shared, file, path }
    }

    /// This input is next.
    pub fn begin(&self, input: &[u8]) {
        if let Some(file) = &self.file {
            let mut record = (input.len() as u32).to_le_bytes().to_vec();
            record.extend_from_slice(input);
            // Without it a crash is only harder to find again.
            let _ = file.write_all_at(&record, 0);
        }
        let mut current = self
            .shared
            .input
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        current.clear();
        current.extend_from_slice(input);
        self.shared.turn.fetch_add(1, Ordering::Relaxed);
    }

    pub fn end(&self) {
        self.shared.turn.store(u64::MAX, Ordering::Relaxed);
        let _ = fs::remove_file(&self.path);
    }
}

/// Ends the process when an input does not end.
fn watch(shared: &Shared, target: &str, findings: &Path) {
    let (mut turn, mut since) = (0, Instant::now());
    loop {
        thread::sleep(Duration::from_millis(500));
        let now = shared.turn.load(Ordering::Relaxed);
        if now == u64::MAX {
            return;
        }
        if now != turn {
            (turn, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            let input = shared
                .input
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            println!("VIOLATION in {target}: an input that does not end");
            println!("  whole: {}", literal::rust(&input));
            println!("  file: {}", save(findings, target, &input));
            std::process::exit(3);
        }
    }
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the place of each panic instead of printing it: the library catches its own.
pub fn remember_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let text = text_of(info.payload());
        PANIC.with(|p| *p.borrow_mut() = format!("at {place}: {text}"));
    }));
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// The last panic of this thread, forgotten with this call.
pub fn last_panic() -> String {
    PANIC.with(|p| std::mem::take(&mut *p.borrow_mut()))
}
