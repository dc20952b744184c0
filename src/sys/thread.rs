//! A thread that nobody waits for. It is one of pthreads and not of the standard library, which
//! has books of its own about its threads: helgrind and its kind know only what pthreads promise
//! (see also lock.rs), and there is nothing to be told about a thread that is never joined.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Job = Box<dyn FnOnce() + Send>;

/// Runs `job` on a thread of its own, with a stack of so many bytes. It takes no signals, which
/// are the program's, and it is never joined. The error is errno.
pub fn detach(stack: usize, job: impl FnOnce() + Send + 'static) -> Result<(), i32> {
    // Boxed twice: what goes through C is one pointer.
    let job: Box<Job> = Box::new(Box::new(job));
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    // SAFETY: room for one.
    check(unsafe { libc::pthread_attr_init(attributes) })?;
    let made = begin(attributes, stack, job);
    // SAFETY: initialised, and not used any more.
    unsafe { libc::pthread_attr_destroy(attributes) };
    made
}

fn begin(attributes: *mut libc::pthread_attr_t, stack: usize, job: Box<Job>) -> Result<(), i32> {
    // SAFETY: the caller's attributes are initialised.
    check(unsafe { libc::pthread_attr_setstacksize(attributes, stack) })?;
    // SAFETY: as above.
    check(unsafe { libc::pthread_attr_setdetachstate(attributes, libc::PTHREAD_CREATE_DETACHED) })?;
    // A new thread begins with the mask of the one that makes it.
    let old = block_signals()?;
    let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
    let job = Box::into_raw(job);
    // SAFETY: room for a thread, initialised attributes, and a job that `run` takes over.
    let made =
        check(unsafe { libc::pthread_create(thread.as_mut_ptr(), attributes, run, job.cast()) });
    // SAFETY: the old mask is valid, and the new one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const old, ptr::null_mut()) };
    if made.is_err() {
        // SAFETY: it came from Box::into_raw, and there is no thread that has taken it.
        drop(unsafe { Box::from_raw(job) });
    }
    made
}

extern "C" fn run(job: *mut c_void) -> *mut c_void {
    // SAFETY: `begin` made it with Box::into_raw, for this one call.
    let job = unsafe { Box::from_raw(job.cast::<Job>()) };
    // A panic must not leave through C; whoever waits for the job finds out by a deadline.
    let _ = catch_unwind(AssertUnwindSafe(job));
    ptr::null_mut()
}

fn check(result: libc::c_int) -> Result<(), i32> {
    if result == 0 { Ok(()) } else { Err(result) }
}

fn block_signals() -> Result<libc::sigset_t, i32> {
    // SAFETY: plain old data, for which all zeros is a value.
    let mut all: libc::sigset_t = unsafe { MaybeUninit::zeroed().assume_init() };
    let mut old = all;
    // SAFETY: the set is valid.
    unsafe { libc::sigfillset(&raw mut all) };
    // SAFETY: both sets are valid.
    check(unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut old) })?;
    Ok(old)
}
