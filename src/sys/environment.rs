//! The environment, for the calls whose name says that they read it.

use std::os::unix::ffi::OsStringExt;

/// Has the program been given more rights than whoever started it (set-uid, set-gid, file
/// capabilities)? Then the environment is the word of somebody who must not be obeyed.
#[must_use]
pub fn is_foreign() -> bool {
    // SAFETY: takes a number and returns one; an unknown one gives 0.
    let secure = unsafe { libc::getauxval(libc::AT_SECURE) };
    secure != 0
}

/// A variable. As with getenv(3), nobody may change the environment meanwhile.
#[must_use]
pub fn get(name: &str) -> Option<Vec<u8>> {
    std::env::var_os(name).map(OsStringExt::into_vec)
}
