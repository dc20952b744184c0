//! What helgrind is told of memory that one thread hands to another by an atomic: it knows what
//! pthreads promise, and takes an atomic for a race. Valgrind looks for a few instructions that do
//! nothing on a processor; they cost about ten, and are no part of the program's meaning.

/// Everything that this thread has done happens before whatever follows [`received`] of the same
/// tag.
#[inline(always)]
pub fn sending(tag: usize) {
    request(0x4847_0121, tag);
}

/// See [`sending`].
#[inline(always)]
pub fn received(tag: usize) {
    request(0x4847_0122, tag);
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn request(what: usize, tag: usize) {
    let words = [what, tag, 0, 0, 0, 0];
    // SAFETY: turns a register around until it is as it was, and exchanges another with itself.
    // Valgrind, if it is there, reads the words, which live as long.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") &raw const words,
            inout("rdx") 0_usize => _,
            out("rdi") _,
            options(nostack),
        );
    }
}

/// Elsewhere it is not told, and reports a race where there is none.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn request(_: usize, _: usize) {}
