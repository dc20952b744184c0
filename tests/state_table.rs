//! The machine against what CPython's `http.client` was measured to do, and the document that
//! is drawn from it.

// A test that cannot read its own tree has failed.
#![allow(clippy::expect_used)]

use std::fmt::Write as _;
use std::path::Path;

use httpclient::proto::state::{
    Event, Queue, State, TRANSITIONS, WITH_QUEUE, WITH_ROOM, next, next_in_pipeline,
};

/// Measured with CPython 3.11.7: a line for each state, `call=result>next` for each call.
const MEASURED: &str = include_str!("golden/transition-table.txt");

/// Where we do otherwise, and why. State, call, what Python does, the reason.
const DEVIATIONS: &[(State, &str, &str, &str)] = &[
    (
        State::RequestSent,
        "connect",
        "ok>SENT",
        "replaces an open socket; here an open connection stays",
    ),
    (
        State::UnreadResponse,
        "connect",
        "ok>I+U",
        "replaces an open socket; here an open connection stays",
    ),
    (
        State::ReqStartedUnreadResponse,
        "connect",
        "ok>RS+U",
        "replaces an open socket; here an open connection stays",
    ),
    (
        State::ReqSentUnreadResponse,
        "connect",
        "ok>SENT+U",
        "replaces an open socket; here an open connection stays",
    ),
    (
        State::Idle,
        "send",
        "ok>I",
        "bytes outside of a request; here only a declared body is sent",
    ),
    (
        State::RequestStarted,
        "send",
        "ok>RS",
        "bytes in front of the head; here only after it",
    ),
    (
        State::UnreadResponse,
        "send",
        "ok>I+U",
        "bytes outside of a request; here only a declared body is sent",
    ),
    (
        State::ReqStartedUnreadResponse,
        "send",
        "ok>RS+U",
        "bytes in front of the head; here only after it",
    ),
    (
        State::Idle,
        "putrequest(bad)",
        "InvalidURL>RS",
        "stuck in Request-started; here a refused call changes nothing",
    ),
    (
        State::UnreadResponse,
        "putrequest(bad)",
        "InvalidURL>RS+U",
        "stuck in Request-started; here a refused call changes nothing",
    ),
    (
        State::RequestSent,
        "getresponse:badstatus",
        "BadStatusLine>SENT",
        "stuck in Request-sent; here a failure closes and leads to Idle",
    ),
    (
        State::RequestSent,
        "getresponse:timeout",
        "TimeoutError>SENT",
        "stuck in Request-sent; here a failure closes and leads to Idle",
    ),
];

fn state_of(code: &str) -> State {
    // "+D": a finished response that is still referenced, which we count as none.
    let code = code
        .trim_matches(['[', ']'])
        .trim_end_matches("/nosock")
        .trim_end_matches("+D");
    match code {
        "I" => State::Idle,
        "RS" => State::RequestStarted,
        "SENT" => State::RequestSent,
        "I+U" => State::UnreadResponse,
        "RS+U" => State::ReqStartedUnreadResponse,
        "SENT+U" => State::ReqSentUnreadResponse,
        other => panic!("unknown state {other}"),
    }
}

/// Our outcome in Python's notation: `ok` or `refused`, and the state after it.
fn ours(from: State, call: &str) -> Option<(bool, State)> {
    let event = match call {
        "connect" => Event::Connect,
        "close" => Event::Close,
        "putrequest" => Event::PutRequest,
        "putheader" => Event::PutHeader,
        "endheaders" => Event::EndHeaders,
        "send" => Event::Send,
        "request" => Event::Request,
        "getresponse" => Event::GetResponse,
        "getresponse:willclose" => Event::GetLastResponse,
        "resp.read()" => Event::ReadToEnd,
        // Refused for its arguments or its state: either way nothing changes.
        "putrequest(bad)" | "putheader(bad)" => return Some((false, from)),
        // The call itself is legal or not; what comes of it is a failure.
        "getresponse:badstatus" | "getresponse:eof" | "getresponse:timeout" => {
            return Some((
                false,
                match next(from, Event::GetResponse) {
                    Ok(_) => next(from, Event::Failed).expect("failures have a row everywhere"),
                    Err(_) => from,
                },
            ));
        }
        // Tunnels are not calls of this machine; closing a response is reading it to its end.
        "set_tunnel" | "resp.close()" => return None,
        other => panic!("unknown call {other}"),
    };
    Some(match next(from, event) {
        Ok(to) => (true, to),
        Err(_) => (false, from),
    })
}

#[test]
fn as_measured_but_for_the_deviations() {
    let rows: Vec<&str> = MEASURED.lines().filter(|l| !l.starts_with('#')).collect();
    let python3 = &rows[rows.len() - 9..];
    let mut used = Vec::new();
    let mut compared = 0;
    for row in python3 {
        let (_, rest) = row.split_once('[').expect("a state");
        let (code, calls) = rest.split_once("] ").expect("calls");
        let from = state_of(code);
        let done = code.contains("+D");
        for cell in calls.split("; ") {
            let (call, outcome) = cell.split_once('=').expect("call=outcome");
            let (result, to) = outcome.split_once('>').expect("result>state");
            let Some((ok, ours_to)) = ours(from, call) else {
                continue;
            };
            // A finished response can be read again, for nothing; that is no event here.
            if done && call == "resp.read()" {
                continue;
            }
            let deviation = DEVIATIONS.iter().find(|(s, c, o, _)| {
                *s == from && *c == call && state_and_result(o) == (result, state_of(to))
            });
            if let Some(d) = deviation {
                used.push(d.3);
                assert!(
                    (ok, ours_to) != (result == "ok", state_of(to)),
                    "no deviation: {row} {cell}"
                );
                continue;
            }
            assert_eq!(
                (ok, ours_to),
                (result == "ok", state_of(to)),
                "{from:?} {cell}"
            );
            compared += 1;
        }
    }
    assert!(compared > 80, "only {compared} cells compared");
    for d in DEVIATIONS {
        assert!(used.contains(&d.3), "never met: {d:?}");
    }
}

fn state_and_result(outcome: &str) -> (&str, State) {
    let (result, to) = outcome.split_once('>').expect("result>state");
    (result, state_of(to))
}

#[test]
fn every_pair_has_an_outcome_and_no_state_is_stuck() {
    for from in State::ALL {
        for event in Event::ALL {
            let row = TRANSITIONS
                .iter()
                .find(|(s, e, _)| *s == from && *e == event);
            match (row, next(from, event)) {
                (Some((_, _, to)), Ok(got)) => assert_eq!(*to, got),
                (None, Err(code)) => assert_eq!(code, event.refusal()),
                other => panic!("{from:?} {event:?}: {other:?}"),
            }
        }
        assert_eq!(next(from, Event::Close), Ok(State::Idle));
        assert_eq!(next(from, Event::Failed), Ok(State::Idle));
    }
}

/// Without room and without a queue, a pipeline is the machine; and with them it adds its rows and
/// nothing else.
#[test]
fn a_pipeline_adds_its_rows() {
    for from in State::ALL {
        for event in Event::ALL {
            for has_room in [false, true] {
                for is_waited_for in [false, true] {
                    let queue = Queue {
                        has_room,
                        is_waited_for,
                    };
                    let added = |rows: &[(State, Event, State)], on: bool| {
                        let row = rows
                            .iter()
                            .find(|(s, e, _)| on && *s == from && *e == event);
                        row.map(|(_, _, to)| *to)
                    };
                    let expected = added(WITH_ROOM, has_room)
                        .or(added(WITH_QUEUE, is_waited_for))
                        .map_or_else(|| next(from, event), Ok);
                    assert_eq!(next_in_pipeline(from, event, queue), expected);
                }
            }
        }
    }
    // What is refused without them is refused for want of just them.
    for (from, event, _) in WITH_ROOM {
        assert!(next(*from, *event).is_err());
    }
}

/// docs/state-machine.md is drawn from the table. `UPDATE=1 cargo test` rewrites it.
#[test]
fn the_document_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/state-machine.md");
    let drawn = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &drawn).expect("docs/state-machine.md can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == drawn,
        "docs/state-machine.md is not the table; UPDATE=1 cargo test --test state_table"
    );
}

fn document() -> String {
    let name = |s: State| s.name().to_string_lossy();
    let mut out = String::from(
        "# The state machine\n\n\
         <!-- Drawn from the table in src/proto/state.rs: UPDATE=1 cargo test --test state_table -->\n\n\
         A connection is in one of six states. A call that has no row here is refused with the code in the last\n\
         table, and leaves the handle exactly as it was. Ask the same table with `hc_transition(state, call)`.\n\n\
         ![The states and what leads from one to another](state-machine.svg)\n\n\
         | state | call | next state |\n|---|---|---|\n",
    );
    for (from, event, to) in TRANSITIONS {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            name(*from),
            event.name().to_string_lossy(),
            name(*to)
        );
    }
    out.push_str(
        "\n- *hc_getresponse (last response)* is one that ends the connection: it takes the connection along, and the\n  \
         handle is free for the next one.\n\
         - *response read to its end* is by any of the reading calls; a response that is closed or freed unread counts,\n  \
         and what is left of it is skipped, or its connection is not used again.\n\
         - *failure* is an error of the network or the peer: the connection is closed, the reason is kept on the handle,\n  \
         and the next request opens another.\n\n\
         ## Every state, every call\n\n| |",
    );
    for s in State::ALL {
        let _ = write!(out, " {} |", name(s));
    }
    out.push_str("\n|---|---|---|---|---|---|---|\n");
    for event in Event::ALL {
        let _ = write!(out, "| {} |", event.name().to_string_lossy());
        for s in State::ALL {
            match next(s, event) {
                Ok(to) => drop(write!(out, " {} |", name(to))),
                Err(_) => out.push_str(" - |"),
            }
        }
        out.push('\n');
    }
    out.push_str("\n## Refusals\n\n| call | code |\n|---|---|\n");
    for event in Event::ALL
        .into_iter()
        .filter(|e| State::ALL.into_iter().any(|s| next(s, *e).is_err()))
    {
        let _ = writeln!(
            out,
            "| {} | {} |",
            event.name().to_string_lossy(),
            event.refusal().name().to_string_lossy()
        );
    }
    out.push_str(
        "\n## With a pipeline\n\n\
         With a depth of more than 1 (`hc_set_pipeline_depth`) requests that are unanswered stand in a queue in front\n\
         of the one that the states speak of. These rows come before those above; ask `hc_transition_in_pipeline`.\n\n\
         | while | state | call | next state |\n|---|---|---|---|\n",
    );
    for (when, rows) in [
        ("there is room for another request", WITH_ROOM),
        ("requests before it are unanswered", WITH_QUEUE),
    ] {
        for (from, event, to) in rows {
            let _ = writeln!(
                out,
                "| {when} | {} | {} | {} |",
                name(*from),
                event.name().to_string_lossy(),
                name(*to)
            );
        }
    }
    out.push_str(
        "\n## Where Python does otherwise\n\nCPython 3.11.7's `http.client`, measured.\n\n| state | call | Python | why not here |\n|---|---|---|---|\n",
    );
    for (state, call, outcome, reason) in DEVIATIONS {
        let _ = writeln!(out, "| {} | {call} | {outcome} | {reason} |", name(*state));
    }
    out
}
