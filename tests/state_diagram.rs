//! docs/state-machine.svg: what is drawn comes from the table, where it is drawn from here.

// A test that cannot read its own tree has failed.
#![allow(clippy::expect_used)]

use std::fmt::Write as _;
use std::path::Path;

use httpclient::proto::state::State::{
    Idle, ReqSentUnreadResponse, ReqStartedUnreadResponse, RequestSent, RequestStarted,
    UnreadResponse,
};
use httpclient::proto::state::{Event, State, TRANSITIONS};

const BOX: (i32, i32) = (236, 96);

/// The middle of each state.
const PLACES: [(State, i32, i32); 6] = [
    (Idle, 140, 190),
    (RequestStarted, 500, 190),
    (RequestSent, 860, 190),
    (UnreadResponse, 140, 420),
    (ReqStartedUnreadResponse, 500, 420),
    (ReqSentUnreadResponse, 860, 420),
];

type Route = (State, State, &'static str, (i32, i32, &'static str));

/// The way of each arrow, and where its label stands: x, y, how it is anchored.
const ROUTES: &[Route] = &[
    (Idle, RequestStarted, "M258 190 H380", (319, 181, "middle")),
    (
        RequestStarted,
        RequestSent,
        "M618 190 H740",
        (679, 181, "middle"),
    ),
    (
        Idle,
        RequestSent,
        "M175 142 C175 84 825 84 825 140",
        (500, 91, "middle"),
    ),
    (
        RequestSent,
        Idle,
        "M890 142 C890 26 110 26 110 140",
        (500, 48, "middle"),
    ),
    (
        RequestSent,
        UnreadResponse,
        "M800 238 C800 305 200 305 200 370",
        (655, 267, "middle"),
    ),
    (
        UnreadResponse,
        ReqStartedUnreadResponse,
        "M258 420 H380",
        (319, 411, "middle"),
    ),
    (
        ReqStartedUnreadResponse,
        ReqSentUnreadResponse,
        "M618 420 H740",
        (679, 411, "middle"),
    ),
    (
        UnreadResponse,
        ReqSentUnreadResponse,
        "M175 468 C175 526 825 526 825 470",
        (500, 504, "middle"),
    ),
    (UnreadResponse, Idle, "M110 372 V240", (118, 309, "start")),
    (
        ReqStartedUnreadResponse,
        RequestStarted,
        "M500 372 V240",
        (508, 350, "start"),
    ),
    (
        ReqSentUnreadResponse,
        RequestSent,
        "M900 372 V240",
        (892, 335, "end"),
    ),
];

/// The calls that lead from one state to another, as one label.
fn label(from: State, to: State, common: &[Event]) -> Vec<String> {
    TRANSITIONS
        .iter()
        .filter(|(f, e, t)| (*f, *t) == (from, to) && !common.contains(e))
        .map(|(_, e, _)| e.name().to_string_lossy().into_owned())
        .collect()
}

/// What leads to the first state from everywhere: it is said once, in words.
fn common() -> Vec<Event> {
    Event::ALL
        .into_iter()
        .filter(|event| {
            State::ALL
                .into_iter()
                .all(|from| TRANSITIONS.contains(&(from, *event, Idle)))
        })
        .collect()
}

fn drawing() -> String {
    let common = common();
    let mut out = String::from(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 570" font-family="sans-serif" font-size="13">
<!-- Drawn by tests/state_diagram.rs from the table in src/proto/state.rs -->
<title>The states of a connection, and the calls that lead from one to another</title>
<defs><marker id="head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 Z" fill="#345"/></marker></defs>
<rect width="1000" height="570" rx="8" fill="#fff"/>
"##,
    );
    for (from, to, path, (x, y, anchor)) in ROUTES {
        let _ = writeln!(
            out,
            r##"<path d="{path}" fill="none" stroke="#345" stroke-width="1.5" marker-end="url(#head)"/>"##
        );
        let _ = writeln!(
            out,
            r##"<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#123" stroke="#fff" stroke-width="4" paint-order="stroke">{}</text>"##,
            label(*from, *to, &common).join(", ")
        );
    }
    for (state, x, y) in PLACES {
        let fill = if y > 300 { "#fdf1dc" } else { "#e3eefa" };
        let (left, top) = (x - BOX.0 / 2, y - BOX.1 / 2);
        let _ = writeln!(
            out,
            r##"<rect x="{left}" y="{top}" width="{}" height="{}" rx="10" fill="{fill}" stroke="#345" stroke-width="1.5"/>"##,
            BOX.0, BOX.1
        );
        let stays = label(state, state, &common);
        let middle = y + 5 - 9 * i32::try_from(stays.len()).expect("a few");
        let _ = writeln!(
            out,
            r##"<text x="{x}" y="{middle}" text-anchor="middle" font-weight="bold">{}</text>"##,
            state.name().to_string_lossy()
        );
        for (line, call) in (1..).zip(stays) {
            let _ = writeln!(
                out,
                r##"<text x="{x}" y="{}" text-anchor="middle" fill="#567">&#8635; {call}</text>"##,
                middle + 19 * line
            );
        }
    }
    let names: Vec<_> = common.iter().map(|e| e.name().to_string_lossy()).collect();
    let _ = writeln!(
        out,
        r##"<text x="500" y="550" text-anchor="middle" fill="#567">From every state: {} &#8594; {}. A call that has no arrow is refused and changes nothing.</text>"##,
        names.join(", "),
        Idle.name().to_string_lossy()
    );
    out.push_str("</svg>\n");
    out
}

#[test]
fn every_row_of_the_table_is_drawn() {
    let common = common();
    assert!(!common.is_empty());
    for (from, event, to) in TRANSITIONS {
        let drawn = ROUTES.iter().any(|(f, t, ..)| (f, t) == (from, to));
        assert!(
            from == to || common.contains(event) || drawn,
            "no way for {from:?} {event:?} {to:?}"
        );
    }
    for (from, to, ..) in ROUTES {
        assert!(
            !label(*from, *to, &common).is_empty(),
            "an arrow without a call: {from:?} {to:?}"
        );
    }
}

/// `UPDATE=1 cargo test` draws it again.
#[test]
fn the_picture_is_the_table() {
    let comments = drawing().replace("<!--", "").replace("-->", "");
    assert!(
        !comments.contains("--"),
        "XML has no comment with two hyphens"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/state-machine.svg");
    let drawn = drawing();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &drawn).expect("docs/state-machine.svg can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == drawn,
        "docs/state-machine.svg is not the table; UPDATE=1 cargo test --test state_diagram"
    );
}
