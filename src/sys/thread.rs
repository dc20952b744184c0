//! A thread that nobody waits for.

use core::mem::MaybeUninit;
use std::thread::Builder;

/// Runs `job` on a thread of its own, with a stack of so many bytes. It takes no signals, which
/// are the program's, and it is never joined. The error is errno.
pub fn detach(stack: usize, job: impl FnOnce() + Send + 'static) -> Result<(), i32> {
    // A new thread begins with the mask of the one that makes it.
    let old = block_signals()?;
    let made = Builder::new().stack_size(stack).spawn(job);
    // SAFETY: the old mask is valid, and the new one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const old, core::ptr::null_mut()) };
    match made {
        Ok(_) => Ok(()),
        Err(e) => Err(e.raw_os_error().unwrap_or(libc::EAGAIN)),
    }
}

fn block_signals() -> Result<libc::sigset_t, i32> {
    // SAFETY: plain old data, for which all zeros is a value.
    let mut all: libc::sigset_t = unsafe { MaybeUninit::zeroed().assume_init() };
    let mut old = all;
    // SAFETY: the set is valid.
    unsafe { libc::sigfillset(&raw mut all) };
    // SAFETY: both sets are valid.
    match unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut old) } {
        0 => Ok(old),
        errno => Err(errno),
    }
}
