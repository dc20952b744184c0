//! One value for the whole process, made by whoever wants it first. The standard library has the
//! like of it; this one tells helgrind.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Arc;

use super::helgrind;

/// See the module. It stays as long as the process.
pub struct Shared<T: Send + Sync>(AtomicPtr<T>);

impl<T: Send + Sync + Default> Default for Shared<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + Sync + Default> Shared<T> {
    /// Not made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// A share of it.
    pub fn get(&self) -> Arc<T> {
        let mut value = self.0.load(Ordering::Acquire).cast_const();
        if value.is_null() {
            value = self.make();
        }
        helgrind::received(value.addr());
        // SAFETY: made of an Arc, whose one share is kept for ever.
        unsafe { Arc::increment_strong_count(value) };
        // SAFETY: as above, and the share was counted just now.
        unsafe { Arc::from_raw(value) }
    }

    #[cold]
    fn make(&self) -> *const T {
        let made = Arc::into_raw(Arc::<T>::default()).cast_mut();
        helgrind::sending(made.addr());
        let was =
            self.0
                .compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire);
        match was {
            Ok(_) => made,
            Err(other) => {
                // SAFETY: made of an Arc above, and nobody has seen it.
                drop(unsafe { Arc::from_raw(made.cast_const()) });
                other
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_have_the_same_one() {
        static VALUE: Shared<String> = Shared::new();
        let shares = [(); 3].map(|()| std::thread::spawn(|| VALUE.get()));
        let shares = shares.map(|thread| thread.join().ok());
        let first = VALUE.get();
        for share in shares {
            assert!(share.is_some_and(|s| Arc::ptr_eq(&s, &first)));
        }
    }
}
