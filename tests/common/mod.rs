//! What the tests of peers' faults share: the C interface as a C program sees it, four
//! ways to drive it, all the ways to read a body, and the loop that tries a case in all
//! of them.
// Each test binary compiles this room and uses a part of it; `pub` means "for the tests".
#![allow(dead_code, unreachable_pub)]

pub mod api;
pub mod check;
pub mod drivers;
pub mod failing;
pub mod faulty;
pub mod handle;
pub mod pipelined;
pub mod reader;
pub mod response;
pub mod seen;
pub mod server;
pub mod socket;
pub mod split;
pub mod talk;
