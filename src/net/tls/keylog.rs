//! What decrypts a recorded connection, in the format that Wireshark reads. Only for those who
//! ask for it.

use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::KeyLog;

use super::reason::Reason;
use crate::error::Result;

/// Told of each line, without its end.
pub type LogLine = Arc<dyn Fn(&CStr) + Send + Sync>;

/// Where they go.
pub(super) enum Secrets {
    File(Mutex<File>),
    To(LogLine),
}

impl Secrets {
    /// At the end of a file that only its owner can read.
    pub(super) fn to_file(path: &CStr) -> Result<Self> {
        let path = Path::new(std::ffi::OsStr::from_bytes(path.to_bytes()));
        let opened = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path);
        let file = opened.map_err(|e| {
            Reason::File
                .refuse(format!("{} cannot be written: {e}", path.display()))
                .with_os_error(e.raw_os_error().unwrap_or(0))
        })?;
        Ok(Self::File(Mutex::new(file)))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = String::with_capacity(label.len() + 2 * (client_random.len() + 64) + 4);
        line.push_str(label);
        for bytes in [client_random, secret] {
            line.push(' ');
            for byte in bytes {
                for half in [byte >> 4, byte & 15] {
                    line.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
                }
            }
        }
        match self {
            Self::File(file) => {
                line.push('\n');
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // In one write, so that the lines of two processes do not mix. A full disk is
                // no reason to end a connection.
                let _ = file.write_all(line.as_bytes());
            }
            Self::To(tell) => {
                line.push('\0');
                if let Ok(line) = CStr::from_bytes_with_nul(line.as_bytes()) {
                    tell(line);
                }
            }
        }
    }
}
