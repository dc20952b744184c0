//! What the tests of other rooms need of the system and std does not offer.

use std::os::fd::{AsFd, AsRawFd};

/// Makes a listening socket hold one connection that was not accepted, and no more: further ones
/// are neither accepted nor refused, so that it is a black hole once there is one.
pub fn shrink_backlog(listener: &impl AsFd) {
    // SAFETY: no pointers.
    let failed = unsafe { libc::listen(listener.as_fd().as_raw_fd(), 0) };
    assert_eq!(failed, 0);
}
