//! The C interface. Translation only: each call parses its arguments, passes the barrier,
//! calls one method of `client` and translates what comes back. The files stand in the order
//! in which the header is read.

// C names.
#![allow(non_camel_case_types)]

pub mod cancel;
pub mod clock;
pub mod compat15;
pub mod compat15_reply;
pub mod compat15_request;
pub mod compat15_tls;
pub mod conn;
pub mod driving;
pub mod error_classes;
pub mod errors;
pub mod fields;
pub mod handover;
pub mod head_lines;
pub mod machine;
pub mod message;
pub mod message_dates;
pub mod message_edit;
pub mod message_found;
pub mod message_lookup;
pub mod message_params;
pub mod message_parse;
pub mod message_raw;
pub mod message_values;
pub mod network;
pub mod options;
pub mod options_limits;
pub mod pipeline;
pub mod plan;
pub mod pool;
pub mod pool_options;
pub mod proxy;
pub mod proxy_env;
pub mod proxy_response;
pub mod reading;
pub mod request;
pub mod response;
pub mod sockets;
pub mod standalone;
pub mod stats;
pub mod status;
pub mod status_codes;
pub mod stdio;
pub mod target;
pub mod timeouts;
pub mod tls;
pub mod tls_callbacks;
pub mod tls_conn;
pub mod tls_settings;
pub mod trace;
pub mod trace_kinds;
pub mod tunnel;
pub mod types;
pub mod url;
pub mod version;

mod args;
mod barrier;
mod body;
mod debug15;
mod network_callbacks;
mod transport;

pub use barrier::hc_conn;
pub use compat15::hc15_http;
pub use message::hm_message;
pub use pool_options::hc_pool;
pub use response::hr_response;
pub use tls::hc_tls;
