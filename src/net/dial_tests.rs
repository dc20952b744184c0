use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};

use super::*;
use crate::net::Transport;
use crate::net::deadline::Stopwatch;
use crate::net::dialing::Answered;
use crate::net::endpoint::{GivenAddress, UnixName};
use crate::sys::error_number::{ECANCELED, ECONNREFUSED, ETIMEDOUT};
use crate::sys::testing::shrink_backlog;

const KIND: i32 = 0;

struct Listening {
    listener: TcpListener,
    _first: Option<TcpStream>,
}

impl Listening {
    fn open() -> Self {
        let Ok(listener) = TcpListener::bind("127.0.0.1:0") else {
            panic!("bind")
        };
        Self {
            listener,
            _first: None,
        }
    }

    /// Answers nothing.
    fn black_hole() -> Self {
        let mut hole = Self::open();
        shrink_backlog(&hole.listener);
        hole._first = TcpStream::connect(hole.address()).ok();
        assert!(hole._first.is_some());
        hole
    }

    fn address(&self) -> SocketAddr {
        let Ok(address) = self.listener.local_addr() else {
            panic!("getsockname")
        };
        address
    }
}

/// A port that nobody listens to, and nobody will: it is the near end of a connection.
struct Refusing(TcpStream);

impl Refusing {
    fn open() -> Self {
        let Ok(stream) = TcpStream::connect(Listening::open().address()) else {
            panic!("connect")
        };
        Self(stream)
    }

    fn address(&self) -> SocketAddr {
        let Ok(address) = self.0.local_addr() else {
            panic!("getsockname")
        };
        address
    }
}

fn to(addresses: &[SocketAddr], stagger_ms: i64) -> Dialing {
    let literals = addresses
        .iter()
        .map(|a| GivenAddress::parse(&a.to_string()));
    let Ok(addresses) = literals.collect() else {
        panic!("no literal")
    };
    Dialing {
        addresses,
        stagger_ms,
        ..Dialing::default()
    }
}

fn dial(host: &str, port: u16, ms: i64, dialing: Dialing) -> Dial {
    Dial::new(host, port, Deadline::after_ms(ms), KIND, &Arc::new(dialing))
}

/// As a blocking call does it.
fn drive(dial: &mut Dial, cancel: Option<&Arc<Cancel>>) -> Result<Tcp> {
    loop {
        if let Step::Done(tcp) = dial.step(true, cancel)? {
            return Ok(tcp);
        }
        dial.wait(dial.wake_up().ms_left(), cancel)?;
    }
}

/// As a program with a loop of its own does it. Also says which descriptors it has watched.
fn watch(dial: &mut Dial) -> (Result<Tcp>, Vec<RawFd>) {
    let mut seen = Vec::new();
    loop {
        let interest = match dial.step(false, None) {
            Ok(Step::Done(tcp)) => return (Ok(tcp), seen),
            Ok(Step::Want(interest)) => interest,
            Err(e) => return (Err(e), seen),
        };
        let Some(fd) = dial.fd() else {
            panic!("nothing to watch")
        };
        seen.push(fd);
        let left = dial.wake_up().ms_left();
        let waited = poll::wait(fd, interest.reads(), interest.writes(), left);
        assert!(waited.is_ok());
    }
}

fn errors(attempts: &[Attempt]) -> Vec<i32> {
    attempts.iter().map(|a| a.os_error).collect()
}

fn code<T>(result: Result<T>) -> Code {
    result.err().map_or(Code::HC_OK, |e| e.code)
}

#[test]
fn a_literal_is_connected_at_the_first_step() {
    let server = Listening::open();
    let port = server.address().port();
    let mut dial = dial("127.0.0.1", port, -1, Dialing::default());
    assert!(matches!(dial.step(true, None), Ok(Step::Done(_))));
    assert!(dial.epoll.is_none() && dial.bell.is_none());
    assert!(dial.attempts_of_winner().is_empty());
}

#[test]
fn row_181_refused_then_accepted() {
    let (refusing, server) = (Refusing::open(), Listening::open());
    let refused = refusing.address();
    let addresses = [refused, refused, server.address()];
    for stagger in [0, 60_000] {
        let mut blocking = dial("nowhere.test", 80, -1, to(&addresses, stagger));
        assert_eq!(code(drive(&mut blocking, None)), Code::HC_OK);
        let mut watched = dial("nowhere.test", 80, 60_000, to(&addresses, stagger));
        assert_eq!(code(watch(&mut watched).0), Code::HC_OK);
        for dial in [blocking, watched] {
            let attempts = dial.attempts_of_winner();
            assert_eq!(errors(&attempts), [ECONNREFUSED, ECONNREFUSED, 0]);
            let text = server.address().to_string();
            assert!(attempts[2].address.starts_with(text.as_bytes()));
        }
    }
}

#[test]
fn row_181_all_refused() {
    let refusing = Refusing::open();
    let addresses = [refusing.address(); 2];
    let mut dial = dial("nowhere.test", 80, -1, to(&addresses, 250));
    let Err(e) = drive(&mut dial, None) else {
        panic!("connected")
    };
    assert_eq!((e.code, e.os_error), (Code::HC_ERR_CONNECT, ECONNREFUSED));
    assert_eq!(errors(&dial.attempts(0)), [ECONNREFUSED, ECONNREFUSED]);
}

#[test]
fn row_181_a_black_hole_costs_the_stagger() {
    let (hole, server) = (Listening::black_hole(), Listening::open());
    let addresses = [hole.address(), hole.address(), server.address()];
    let begin = Stopwatch::start();
    let mut blocking = dial("nowhere.test", 80, -1, to(&addresses, 30));
    assert_eq!(code(drive(&mut blocking, None)), Code::HC_OK);
    assert!(begin.ms() >= 60, "{} ms", begin.ms());
    assert_eq!(
        errors(&blocking.attempts_of_winner()),
        [ECANCELED, ECANCELED, 0]
    );
    let mut watched = dial("nowhere.test", 80, -1, to(&addresses, 30));
    let (result, seen) = watch(&mut watched);
    assert_eq!(code(result), Code::HC_OK);
    // The set stays, whatever is in it.
    assert!(seen.len() >= 2 && seen.iter().all(|fd| *fd == seen[0]));
}

#[test]
fn the_deadline_ends_it_all() {
    let hole = Listening::black_hole();
    for (addresses, tried) in [(1, 1), (3, 3)] {
        for blocking in [true, false] {
            let addresses = vec![hole.address(); addresses];
            let mut dial = dial("nowhere.test", 80, 200, to(&addresses, 10));
            let begin = Stopwatch::start();
            let result = if blocking {
                drive(&mut dial, None)
            } else {
                watch(&mut dial).0
            };
            assert_eq!(code(result), Code::HC_ERR_TIMEOUT);
            assert!((200..2000).contains(&begin.ms()), "{} ms", begin.ms());
            assert_eq!(errors(&dial.attempts(ETIMEDOUT)), vec![ETIMEDOUT; tried]);
        }
    }
}

#[test]
fn without_a_stagger_one_waits_for_the_other() {
    let hole = Listening::black_hole();
    let server = Listening::open();
    let addresses = [hole.address(), server.address()];
    let fixed_port = Dialing {
        source: Some(crate::net::dialing::Source {
            address: None,
            text: std::ffi::CString::default(),
            // One that was free a moment ago.
            port: Listening::open().address().port(),
        }),
        ..to(&addresses, 10)
    };
    for dialing in [to(&addresses, 0), to(&addresses, -1), fixed_port] {
        let mut dial = dial("nowhere.test", 80, 80, dialing);
        assert_eq!(code(drive(&mut dial, None)), Code::HC_ERR_TIMEOUT);
        assert_eq!(dial.attempts(0).len(), 1);
    }
}

#[test]
fn a_crowd_is_let_in_bit_by_bit() {
    let hole = Listening::black_hole();
    let mut dial = dial("nowhere.test", 80, 400, to(&[hole.address(); 40], 10));
    let cpu_steps = watch(&mut dial).1.len();
    assert_eq!(dial.attempts(0).len(), 16);
    assert!(cpu_steps < 60, "{cpu_steps} steps");
}

#[test]
fn names_are_resolved_elsewhere() {
    let server = Listening::open();
    let port = server.address().port();
    let mut blocking = dial("localhost", port, -1, Dialing::default());
    assert!(!blocking.is_resolved());
    assert_eq!(code(drive(&mut blocking, None)), Code::HC_OK);
    let mut watched = dial("localhost", port, 60_000, Dialing::default());
    let (result, seen) = watch(&mut watched);
    assert_eq!(code(result), Code::HC_OK);
    assert!(seen.iter().all(|fd| *fd == seen[0]));
}

#[test]
fn row_180_a_name_too_long_for_the_resolver() {
    let name = "a".repeat(300);
    let mut dial = dial(&name, 80, -1, Dialing::default());
    let Err(e) = drive(&mut dial, None) else {
        panic!("resolved")
    };
    assert_eq!(e.code, Code::HC_ERR_RESOLVE);
    assert!(e.os_error < 0);
}

#[test]
fn row_119_a_zone_that_is_none() {
    let mut dial = dial("fe80::1%nosuch0", 80, -1, Dialing::default());
    let Err(e) = drive(&mut dial, None) else {
        panic!("connected")
    };
    assert_eq!(e.code, Code::HC_ERR_RESOLVE);
    assert_eq!(e.os_error, crate::sys::error_number::ENODEV);
}

struct Fixed(Result<Answered>, SocketAddr);

impl crate::net::dialing::Resolver for Fixed {
    fn resolve(&self, host: &str, port: u16, found: &mut Vec<SocketAddr>) -> Result<Answered> {
        assert_eq!((host, port), ("name.test", 80));
        found.push(self.1);
        self.0.clone()
    }

    fn identity(&self) -> [usize; 2] {
        [0; 2]
    }
}

#[test]
fn the_programs_resolver_is_asked() {
    let server = Listening::open();
    let ask = |answer| {
        let dialing = Dialing {
            resolver: Some(Arc::new(Fixed(answer, server.address()))),
            ..Dialing::default()
        };
        code(drive(&mut dial("name.test", 80, -1, dialing), None))
    };
    assert_eq!(ask(Ok(Answered::Yes)), Code::HC_OK);
    let refused = Error::new(Code::HC_ERR_CALLBACK, "");
    assert_eq!(ask(Err(refused)), Code::HC_ERR_CALLBACK);
}

struct Guard(i64);

impl crate::net::dialing::SocketHook for Guard {
    fn prepare(&self, fd: RawFd, _: &Endpoint) -> i64 {
        assert!(fd >= 0);
        self.0
    }

    fn identity(&self) -> [usize; 2] {
        [0; 2]
    }
}

#[test]
fn the_hook_can_refuse() {
    let server = Listening::open();
    let try_with = |value| {
        let dialing = Dialing {
            hook: Some(Arc::new(Guard(value))),
            ..to(&[server.address()], 250)
        };
        drive(&mut dial("name.test", 80, -1, dialing), None)
    };
    assert!(try_with(0).is_ok());
    let Err(e) = try_with(7) else {
        panic!("connected")
    };
    assert_eq!((e.code, e.callback_value), (Code::HC_ERR_CALLBACK, 7));
}

#[test]
fn a_cancel_is_felt_whatever_is_waited_for() {
    let hole = Listening::black_hole();
    for (addresses, ms) in [(1, -1), (1, 60_000), (2, -1), (2, 60_000)] {
        let addresses = vec![hole.address(); addresses];
        let mut dial = dial("nowhere.test", 80, ms, to(&addresses, 60_000));
        let cancel = Arc::<Cancel>::default();
        let asker = cancel.clone();
        let thread = std::thread::spawn(move || {
            // Too early for the wait, or in the middle of it: both have to work.
            std::thread::sleep(std::time::Duration::from_millis(20));
            asker.request();
        });
        let begin = Stopwatch::start();
        assert!(drive(&mut dial, Some(&cancel)).is_err());
        assert!(cancel.is_requested());
        let errors = errors(&dial.attempts(ECANCELED));
        assert!(errors.iter().all(|e| *e == ECANCELED), "{errors:?}");
        assert!(begin.ms() < 2000, "{} ms", begin.ms());
        assert!(thread.join().is_ok());
    }
}

#[test]
fn a_cancel_that_comes_first_is_not_lost_in_connect() {
    let hole = Listening::black_hole();
    let mut dial = dial("nowhere.test", 80, -1, to(&[hole.address()], 250));
    let cancel = Arc::<Cancel>::default();
    cancel.request();
    let begin = Stopwatch::start();
    let result = drive(&mut dial, Some(&cancel));
    assert_eq!(code(result), Code::HC_ERR_CANCELLED);
    assert!(begin.ms() < 2000, "{} ms", begin.ms());
}

fn unix(name: &[u8]) -> Dialing {
    let Ok(name) = UnixName::new(name) else {
        panic!("name")
    };
    Dialing {
        unix: Some(name),
        ..Dialing::default()
    }
}

fn abstract_listener(tag: &str) -> (UnixListener, Vec<u8>) {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("httpclient-test-{}-{tag}", std::process::id());
    let listener =
        SocketAddr::from_abstract_name(&name).and_then(|address| UnixListener::bind_addr(&address));
    let Ok(listener) = listener else {
        panic!("bind")
    };
    (listener, [b"\0", name.as_bytes()].concat())
}

#[test]
fn unix_sockets() {
    let (_listener, name) = abstract_listener("plain");
    assert!(drive(&mut dial("any.test", 80, -1, unix(&name)), None).is_ok());
    assert!(
        watch(&mut dial("any.test", 80, 1000, unix(&name)))
            .0
            .is_ok()
    );
    let mut gone = dial("any.test", 80, -1, unix(b"/nonexistent/socket"));
    let Err(e) = drive(&mut gone, None) else {
        panic!("connected")
    };
    assert_eq!((e.code, e.os_error), (Code::HC_ERR_CONNECT, 2));
    let attempts = gone.attempts(0);
    assert!(attempts[0].address.starts_with(b"/nonexistent/socket\0"));
}

#[test]
fn a_unix_server_that_is_full_is_asked_again() {
    let (listener, name) = abstract_listener("full");
    shrink_backlog(&listener);
    let (mut first, mut second) = (
        dial("any.test", 80, -1, unix(&name)),
        dial("any.test", 80, 30, unix(&name)),
    );
    assert!(drive(&mut first, None).is_ok());
    assert_eq!(code(drive(&mut second, None)), Code::HC_ERR_TIMEOUT);
    let mut third = dial("any.test", 80, 60_000, unix(&name));
    assert!(matches!(third.step(false, None), Ok(Step::Want(_))));
    assert!(third.wake_up().ms_left() <= KNOCK_MS);
    let accepted: std::io::Result<(UnixStream, _)> = listener.accept();
    assert!(accepted.is_ok());
    assert!(watch(&mut third).0.is_ok_and(|tcp| tcp.fd().is_some()));
}
