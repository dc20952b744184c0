//! What this process is.

/// Does it run with more rights than whoever started it has (set-uid, capabilities)? Then its
/// environment is not to be trusted.
#[must_use]
pub fn is_privileged() -> bool {
    // SAFETY: reads a word that the kernel has left in our memory.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
