//! What the tests of TLS share: certificates made on the spot, a server that lives in the test,
//! and the ways to reach it.
// Each test binary compiles this room and uses a part of it; `pub` means "for the tests".
#![allow(dead_code, unreachable_pub)]

pub mod config;
pub mod pki;
pub mod served;
pub mod talk;
