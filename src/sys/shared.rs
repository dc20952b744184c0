//! One value for the whole process, made by whoever wants it first. The standard library has the
//! like of it; this one tells helgrind.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Arc;

use super::helgrind;

/// See the module. It stays as long as the process.
///
/// Behind a box of its own: an Arc given away raw points into its block, which a leak checker takes
/// for half lost.
pub struct Shared<T: Send + Sync>(AtomicPtr<Arc<T>>);

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
        let mut value = self.0.load(Ordering::Acquire);
        if value.is_null() {
            value = self.make();
        }
        helgrind::received(value.addr());
        // SAFETY: made of a box, which is kept for ever and never changed.
        let value = unsafe { &*value };
        Arc::clone(value)
    }

    #[cold]
    fn make(&self) -> *mut Arc<T> {
        let made = Box::into_raw(Box::new(Arc::<T>::default()));
        helgrind::sending(made.addr());
        let was =
            self.0
                .compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire);
        match was {
            Ok(_) => made,
            Err(other) => {
                // SAFETY: made of a box above, and nobody has seen it.
                drop(unsafe { Box::from_raw(made) });
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
