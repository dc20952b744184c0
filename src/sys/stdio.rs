//! Streams of stdio(3) whose bytes come from here (fopencookie(3)), and writing to those of the
//! program.

use core::ffi::{c_char, c_int, c_void};

use super::errno;

pub use libc::FILE;
/// The errno values that a stream explains itself with.
pub use libc::{EAGAIN, EBADF, EBUSY, ECANCELED, EINVAL, EIO, ENOMEM, EPERM, EPROTO, ETIMEDOUT};

/// Where the bytes of a stream come from. Dropped by fclose(3).
pub trait Source {
    /// Some bytes; 0 at the end; errno when it fails.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, i32>;
}

/// A thin pointer to it, which is all that a cookie has room for.
type Cookie = Box<dyn Source>;

/// cookie_io_functions_t, which the libc crate does not have.
#[repr(C)]
struct Functions {
    read: Option<unsafe extern "C" fn(*mut c_void, *mut c_char, usize) -> isize>,
    write: Option<unsafe extern "C" fn(*mut c_void, *const c_char, usize) -> isize>,
    seek: Option<unsafe extern "C" fn(*mut c_void, *mut libc::off64_t, c_int) -> c_int>,
    close: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
}

unsafe extern "C" {
    fn fopencookie(cookie: *mut c_void, mode: *const c_char, functions: Functions) -> *mut FILE;
}

/// A stream to read from; the program closes it. On failure the source is dropped.
pub fn open(source: Box<dyn Source>) -> Result<*mut FILE, i32> {
    let cookie = Box::into_raw(Box::new(source));
    let functions = Functions {
        read: Some(read),
        write: None,
        seek: Some(seek),
        close: Some(close),
    };
    // SAFETY: the functions take what the cookie is, until close has been called.
    let stream = unsafe { fopencookie(cookie.cast(), c"r".as_ptr(), functions) };
    if stream.is_null() {
        let why = errno();
        // SAFETY: no stream has it, so it is ours again.
        drop(unsafe { Box::from_raw(cookie) });
        return Err(why);
    }
    Ok(stream)
}

/// Writes to a stream of the program's, as far as it takes it: what becomes of it stands in
/// the stream's own error indicator.
///
/// # Safety
/// `stream` is open.
pub unsafe fn write(stream: *mut FILE, bytes: &[u8]) {
    // SAFETY: the bytes are valid for their length; the stream is the caller's promise.
    unsafe { libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), stream) };
}

unsafe extern "C" fn read(cookie: *mut c_void, buf: *mut c_char, size: usize) -> isize {
    // SAFETY: `open` made it, and stdio holds the lock of the stream.
    let Some(source) = (unsafe { cookie.cast::<Cookie>().as_mut() }) else {
        return -1;
    };
    // A count must fit in the result.
    let size = size.min(isize::MAX.cast_unsigned());
    if size == 0 {
        return 0;
    }
    // SAFETY: stdio's own buffer, or the one that fread(3) was given; only ever written here.
    let buf = unsafe { core::slice::from_raw_parts_mut(buf.cast::<u8>(), size) };
    match source.read(buf) {
        Ok(n) => n.cast_signed(),
        Err(e) => {
            set_errno(e);
            -1
        }
    }
}

/// There are no places to go to. Without this function fseek(3) would fail too, with whatever
/// errno happened to hold before.
unsafe extern "C" fn seek(_: *mut c_void, _: *mut libc::off64_t, _: c_int) -> c_int {
    set_errno(libc::ESPIPE);
    -1
}

unsafe extern "C" fn close(cookie: *mut c_void) -> c_int {
    // SAFETY: `open` made it, and stdio does not use it again.
    drop(unsafe { Box::from_raw(cookie.cast::<Cookie>()) });
    0
}

fn set_errno(e: i32) {
    // SAFETY: there is one for each thread, always.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    unsafe { place.write(e) };
}
