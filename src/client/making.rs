//! From a transport that has been opened to a connection that carries requests, stage by
//! stage: what a proxy needs to be asked, what has to be agreed on with whoever is behind it.

use super::connection::{Connection, Origin};
use super::target::Tunnelling;
use super::timeouts::Due;
use crate::error::Result;
use crate::net::{Interest, Step};
use crate::proto::tunnel;

/// What is being done. The order of the variants is the order of the stages.
#[derive(Debug)]
pub enum Stage {
    /// The proxy is asked for a tunnel.
    Tunnel(Box<Tunnelling>),
}

impl Connection {
    /// Is a connection being opened?
    pub(super) fn is_opening(&self) -> bool {
        self.dial.is_some() || self.making.is_some()
    }

    /// The stage that follows this one, or the first.
    pub(super) fn stage_after(&self, stage: Option<&Stage>) -> Option<Stage> {
        match stage {
            None if self.needs_tunnel() => Some(Stage::Tunnel(Box::default())),
            None | Some(Stage::Tunnel(_)) => None,
        }
    }

    /// Does a connection that is being opened have to go through a tunnel that is ours to
    /// make? Without a socket it is the program's.
    fn needs_tunnel(&self) -> bool {
        !matches!(self.origin, Origin::SansIo { .. })
            && self.config.as_ref().is_some_and(|c| c.tunnel.is_some())
    }

    /// Goes on with whatever stage there is.
    pub(super) fn step_making(&mut self) -> Result<Step<()>> {
        while let Some(mut stage) = self.making.take() {
            match self.step_stage(&mut stage)? {
                Step::Done(()) => self.making = self.stage_after(Some(&stage)),
                Step::Want(i) => {
                    self.making = Some(stage);
                    return self.not_open_yet(i);
                }
            }
        }
        self.opening_due = Due::NEVER;
        Ok(Step::Done(()))
    }

    fn step_stage(&mut self, stage: &mut Stage) -> Result<Step<()>> {
        match stage {
            Stage::Tunnel(tunnelling) => match self.step_tunnel(tunnelling)? {
                Step::Done(()) => {
                    let head = &tunnelling.head;
                    tunnel::judge(head.status, head.reason(), self.tuning.profile)?;
                    Ok(Step::Done(()))
                }
                Step::Want(i) => Ok(Step::Want(i)),
            },
        }
    }

    /// The peer is waited for: not for longer than opening may take in all.
    fn not_open_yet(&self, interest: Interest) -> Result<Step<()>> {
        self.opening_due.check()?;
        Ok(Step::Want(interest))
    }
}
