//! The calls that build and start a request.

use super::body_source::BodySource;
use super::connection::{Connection, Pending};
use super::stats::Moment;
use super::upload::Upload;
use crate::error::{Code, Error, Result};
use crate::net::Step;
use crate::proto::Profile;
use crate::proto::request::{self, RequestFacts};
use crate::proto::state::Event;

/// Choices of one request.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestFlags {
    /// No Host field by itself.
    pub skip_host: bool,
    /// No Accept-Encoding field by itself.
    pub skip_accept_encoding: bool,
    /// The body goes in chunks.
    pub encode_chunked: bool,
    /// Checks of the method or the target that the caller does himself.
    pub unchecked: Profile,
}

/// The fields of a request given in one call: how many, and each when it is asked for, so
/// that looking at them twice needs no copy of the list.
pub struct RequestFields<'a> {
    /// How many there are.
    pub count: usize,
    /// The one at this place, or why it cannot be used.
    pub get: &'a dyn Fn(usize) -> Result<RequestField<'a>>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct RequestField<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
}

impl Connection {
    /// `hc_putrequest`.
    pub fn put_request(&mut self, method: &[u8], target: &[u8], flags: RequestFlags) -> Result<()> {
        self.check(Event::PutRequest, Pending::None)?;
        if self.pipeline.is_some() {
            return self.put_in_pipeline(method, target, flags);
        }
        self.start_head(method, target, flags)?;
        self.event(Event::PutRequest);
        Ok(())
    }

    /// `hc_putheader`: one field, of one value or several.
    #[inline]
    pub fn put_header(&mut self, name: &[u8], values: &[&[u8]]) -> Result<()> {
        let profile = self.tuning.profile;
        self.check(Event::PutHeader, Pending::None)?;
        request::add_field(&mut self.out.head, &mut self.request, name, values, profile)
    }

    /// `hc_endheaders`.
    pub fn end_headers(
        &mut self,
        body: &mut BodySource<'_>,
        flags: RequestFlags,
    ) -> Result<Step<()>> {
        self.check(Event::EndHeaders, Pending::EndHeaders)?;
        if self.pending != Pending::EndHeaders {
            self.close_head(body, flags, false)?;
        }
        self.send_request(body, Pending::EndHeaders, Event::EndHeaders)
    }

    /// `hc_request`.
    pub fn request(
        &mut self,
        method: &[u8],
        target: &[u8],
        fields: &RequestFields<'_>,
        body: &mut BodySource<'_>,
        flags: RequestFlags,
    ) -> Result<Step<()>> {
        self.check(Event::Request, Pending::Request)?;
        if self.pending != Pending::Request {
            if self.pipeline.is_some() {
                self.request_in_pipeline(method, target, fields, body, flags)?;
            } else {
                self.whole_head(method, target, fields, body, flags)?;
            }
        }
        self.send_request(body, Pending::Request, Event::Request)
    }

    /// The lines of the head that is being built, without their ends. A fold is no line: what
    /// follows its line end begins with a blank, which no other line does.
    pub fn head_lines(&self) -> impl Iterator<Item = &[u8]> {
        let open = self.check(Event::PutHeader, Pending::None).is_ok();
        let mut rest = if open { &*self.out.head } else { &[] };
        std::iter::from_fn(move || {
            let ends = memchr::memchr_iter(b'\n', rest);
            let end = { ends }.find(|i| !matches!(rest.get(i + 1), Some(b' ' | b'\t')))?;
            let line = rest.get(..end).unwrap_or_default();
            rest = rest.get(end + 1..).unwrap_or_default();
            Some(line.strip_suffix(b"\r").unwrap_or(line))
        })
    }

    fn send_request(
        &mut self,
        body: &mut BodySource<'_>,
        pending: Pending,
        event: Event,
    ) -> Result<Step<()>> {
        if self.pipeline.is_some()
            && let Some(step) = self.send_in_pipeline(pending, event)?
        {
            return Ok(step);
        }
        let step = self.run(pending, |c| c.step_request(body))?;
        if step == Step::Done(()) {
            self.mark(Moment::Sent);
            self.event(event);
        }
        Ok(step)
    }

    pub(super) fn start_head(
        &mut self,
        method: &[u8],
        target: &[u8],
        flags: RequestFlags,
    ) -> Result<()> {
        self.unpack();
        let Some(config) = &self.config else {
            return Err(no_requests());
        };
        self.out.clear();
        let host = (!flags.skip_host).then_some(&*config.host_header);
        if config.host_unchecked {
            request::check_unchecked_host(host.unwrap_or_default())?;
        }
        let for_proxy = match &config.proxy {
            None => None,
            Some(_) => config.target_for_proxy(method, target)?,
        };
        self.request = request::start(
            &mut self.out.head,
            method,
            for_proxy.as_deref().unwrap_or(target),
            config.http_version,
            host,
            !flags.skip_accept_encoding,
            self.tuning.profile.with(flags.unchecked),
        )?;
        Ok(())
    }

    pub(super) fn whole_head(
        &mut self,
        method: &[u8],
        target: &[u8],
        fields: &RequestFields<'_>,
        body: &mut BodySource<'_>,
        mut flags: RequestFlags,
    ) -> Result<()> {
        // As in Python, what the caller brings is not added by itself.
        for i in 0..fields.count {
            let f = (fields.get)(i)?;
            flags.skip_host |= f.name.eq_ignore_ascii_case(b"Host");
            flags.skip_accept_encoding |= f.name.eq_ignore_ascii_case(b"Accept-Encoding");
        }
        self.start_head(method, target, flags)?;
        let profile = self.tuning.profile;
        for i in 0..fields.count {
            let f = (fields.get)(i)?;
            request::add_field(
                &mut self.out.head,
                &mut self.request,
                f.name,
                &[f.value],
                profile,
            )?;
        }
        self.close_head(body, flags, true)
    }

    /// Decides how the body is framed, says so in the head, and ends it. On failure the head
    /// is as it was.
    fn close_head(
        &mut self,
        body: &mut BodySource<'_>,
        flags: RequestFlags,
        whole: bool,
    ) -> Result<()> {
        let mut facts = self.request;
        let before = self.out.head.len();
        let profile = self.tuning.profile;
        let framed = self
            .tell_proxy(&mut facts)
            .and_then(|()| frame(&mut self.out.head, &mut facts, body, flags, profile, whole))
        .and_then(|upload| request::finish(&mut self.out.head).map(|()| upload))
        .and_then(|upload| match &self.pipeline {
                None => Ok(upload),
                Some(_) => self.stage_request(&facts, &upload, body).map(|()| upload),
            })
        // Last, because a connection may turn out to have ended, and be dropped.
        .and_then(|upload| self.check_can_connect().map(|()| upload));
        match framed {
            Ok(upload) => {
                self.request = facts;
                self.upload = upload;
                self.totals.requests += 1;
                if !self.is_behind() {
                    self.begin_exchange();
                }
                Ok(())
            }
            Err(e) => {
                self.out.head.truncate(before);
                Err(e)
            }
        }
    }
}

/// Which length or coding the head has to declare, and what is owed after it. `whole`: the
/// request is complete with this body (`hc_request`); otherwise the rest may be pushed.
fn frame(
    head: &mut Vec<u8>,
    facts: &mut RequestFacts,
    body: &BodySource<'_>,
    flags: RequestFlags,
    profile: Profile,
    whole: bool,
) -> Result<Upload> {
    let length = body.length();
    let by_hand = facts.has_content_length || facts.has_transfer_encoding;
    let asked = flags.encode_chunked && !facts.has_content_length;
    if profile.has(Profile::LOOSE_FRAMING) && by_hand {
        // What the caller declared is sent as given; chunks only when asked for, beside a coding
        // of his own, whatever its name.
        return Ok(Upload::unchecked(
            asked && facts.has_transfer_encoding && facts.version == 11,
        ));
    }
    if facts.is_chunked {
        return Ok(Upload::chunks());
    }
    if let Some(declared) = facts.content_length {
        return match length {
            Some(n) if n > declared => Err(Error::new(
                Code::HC_ERR_BODY_OVERRUN,
                format!("the body has {n} bytes, Content-Length says {declared}"),
            )),
            Some(n) if whole && n < declared => Err(Error::new(
                Code::HC_ERR_BODY_OWED,
                format!("the body has {n} bytes, Content-Length says {declared}"),
            )),
            _ => Ok(Upload::length(declared)),
        };
    }
    if asked || (length.is_none() && !body.is_none()) {
        if facts.version == 10 {
            return Err(Error::new(
                Code::HC_ERR_INVALID_ARG,
                "HTTP/1.0 has no chunks: the length of the body must be known",
            ));
        }
        request::add_framing(head, facts, None)?;
        return Ok(Upload::chunks());
    }
    match length {
        Some(n) if !body.is_none() => {
            if !profile.has(Profile::LOOSE_FRAMING) || whole {
                request::add_framing(head, facts, Some(n))?;
            }
            Ok(Upload::length(n))
        }
        _ => {
            if whole && facts.expects_body {
                request::add_framing(head, facts, Some(0))?;
            }
            Ok(Upload::default())
        }
    }
}

#[cold]
fn no_requests() -> Error {
    Error::new(
        Code::HC_ERR_UNSUPPORTED,
        "a response has no connection to send requests on",
    )
}
