//! The floor of the TLS rows: what rustls and the kernel alone cost. Not a client: it knows the shape of every answer,
//! sends a prepared request, looks for the end of the head and counts the body. It takes the C drivers' options
//! (driver.h), and rustls is set up as the library sets it up.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

type Failure = Box<dyn std::error::Error>;

const SMALL_BODY: usize = 100;
const HEAD_BUFFER: usize = 16 * 1024;
const DEFAULT_BUFFER: usize = 256 * 1024;

struct Options {
    row: String,
    port: u16,
    count: u64,
    size: u64,
    ca: String,
    resume: bool,
}

fn options() -> Result<Options, Failure> {
    let mut given = HashMap::new();
    let mut words = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        given.insert(name, value);
    }
    let word =
        |name: &str, otherwise: &str| given.get(name).cloned().unwrap_or(otherwise.to_owned());
    Ok(Options {
        row: word("-r", "W1"),
        port: word("-p", "").parse()?,
        count: word("-n", "1").parse()?,
        size: word("-s", "1073741824").parse()?,
        ca: word("-t", ""),
        resume: word("-k", "1") == "1",
    })
}

fn config(o: &Options) -> Result<Arc<ClientConfig>, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&o.ca)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if !o.resume {
        config.resumption = Resumption::disabled();
    }
    Ok(Arc::new(config))
}

struct Wire {
    tls: ClientConnection,
    socket: TcpStream,
}

impl Wire {
    fn open(o: &Options, config: &Arc<ClientConfig>) -> Result<Self, Failure> {
        let socket = TcpStream::connect(("127.0.0.1", o.port))?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("127.0.0.1")?;
        Ok(Self {
            tls: ClientConnection::new(config.clone(), name)?,
            socket,
        })
    }

    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        while self.tls.is_handshaking() {
            self.tls.complete_io(&mut self.socket)?;
        }
        self.tls.writer().write_all(data)?;
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    fn receive(&mut self, buf: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match self.tls.reader().read(buf) {
                Ok(0) => return Err("the answer ends early".into()),
                Ok(n) => return Ok(n),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e.into()),
            }
            if self.tls.read_tls(&mut self.socket)? == 0 {
                return Err("the connection ends early".into());
            }
            self.tls.process_new_packets()?;
        }
    }

    /// Receives until the head is complete; returns the body bytes behind it.
    fn receive_head(&mut self, buf: &mut [u8]) -> Result<usize, Failure> {
        let mut have = 0;
        loop {
            have += self.receive(&mut buf[have..])?;
            if let Some(body) = head_end(&buf[..have]) {
                return Ok(have - body);
            }
        }
    }

    fn small_get(&mut self, request: &[u8], buf: &mut [u8]) -> Result<u64, Failure> {
        self.send(request)?;
        let mut body = self.receive_head(&mut buf[..HEAD_BUFFER])?;
        while body < SMALL_BODY {
            body += self.receive(buf)?;
        }
        Ok(SMALL_BODY as u64)
    }

    fn download(&mut self, request: &[u8], size: u64, buf: &mut [u8]) -> Result<u64, Failure> {
        self.send(request)?;
        let mut got = self.receive_head(buf)? as u64;
        while got < size {
            got += self.receive(buf)? as u64;
        }
        Ok(got)
    }
}

/// Where the body starts.
fn head_end(data: &[u8]) -> Option<usize> {
    memchr::memmem::find(data, b"\r\n\r\n").map(|at| at + 4)
}

fn request(o: &Options) -> Vec<u8> {
    let target = match o.row.as_str() {
        "W0" => "/close".to_owned(),
        "W2" => format!("/bytes?n={}", o.size),
        _ => "/small".to_owned(),
    };
    format!(
        "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept-Encoding: identity\r\nAccept: text/plain\r\n\
         X-Request-Id: 0123456789abcdef\r\n\r\n",
        o.port
    )
    .into_bytes()
}

fn run(o: &Options) -> Result<(), Failure> {
    let config = config(o)?;
    let request = request(o);
    let mut buf = vec![0; DEFAULT_BUFFER];
    let mut body = 0;
    let mut expected = o.count * SMALL_BODY as u64;
    match o.row.as_str() {
        "W0" => {
            for _ in 0..o.count {
                body += Wire::open(o, &config)?.small_get(&request, &mut buf)?;
            }
        }
        "W1" => {
            let mut wire = Wire::open(o, &config)?;
            for _ in 0..o.count {
                body += wire.small_get(&request, &mut buf)?;
            }
        }
        "W2" => {
            let mut wire = Wire::open(o, &config)?;
            for _ in 0..o.count {
                body += wire.download(&request, o.size, &mut buf)?;
            }
            expected = o.count * o.size;
        }
        other => return Err(format!("no row {other}").into()),
    }
    if body != expected {
        return Err(format!("{body} body bytes, expected {expected}").into());
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or("0 kB");
    println!(
        "peak_rss_kib={} idle_bytes=0",
        peak.trim().trim_end_matches(" kB")
    );
    Ok(())
}

fn main() {
    if let Err(failure) = options().and_then(|o| run(&o)) {
        eprintln!("tls_floor: {failure}");
        std::process::exit(1);
    }
}
