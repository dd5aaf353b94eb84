//! Takes the head of an answer out of what an exchange has read, whichever protocol it is in.
//! The readers are `http1` and `fastcgi`; what a fault of theirs means is said here, what follows is the exchange's.

use std::rc::Rc;

use http::{Method, StatusCode};

use super::{
    deadline::Waiting,
    exchange::Exchange,
    http1::{
        Head,
        framing::{framing, keeps_alive},
        head,
    },
};
use crate::{
    failure::{Cause, Phase, Result},
    limits,
    upstream::incoming,
};

impl Exchange {
    /// Takes a final head out of what was read; interim ones are counted and dropped.
    pub(super) fn take_head(&mut self) -> Result<Option<Rc<Head>>> {
        if self.records.is_some() {
            return self.take_cgi_head();
        }
        loop {
            if self.connection.buffer.is_empty() {
                return Ok(None);
            }
            let limit = self.terms.upstream.head_size;
            let pass = |head: &mut Head| incoming::add_via(head, &self.terms.identity);
            let taken = self.terms.member.heads.borrow_mut().take(&mut self.connection.buffer, limit, pass);
            let head = match taken {
                Ok(Some(head)) => head,
                Ok(None) => {
                    let begun = head::begins(&self.connection.buffer);
                    self.delivery.answered.set(self.delivery.answered.get() || begun);
                    return Ok(None);
                }
                Err(fault) => return Err(self.fault(fault)),
            };
            self.delivery.answered.set(true);
            self.delivery.phase.set(Phase::Headers);
            if head.status == StatusCode::SWITCHING_PROTOCOLS {
                let evidence = "the server switched protocols (101) though nobody asked for it";
                return Err(self.delivery.failure(Cause::UpgradeInvalid, evidence));
            }
            if !head.status.is_informational() {
                let answers_head = self.terms.record.head.method == Method::HEAD;
                self.framing = framing(&head, answers_head).map_err(|fault| self.fault(fault))?;
                self.keeps_alive = keeps_alive(&head, self.framing);
                return Ok(Some(head));
            }
            self.interim += 1;
            if self.interim > limits::UPSTREAM_INTERIM {
                let evidence = format!("{} interim (1xx) answers came and no final one", self.interim);
                return Err(self.delivery.failure(Cause::ResponseTooManyInterim, evidence));
            }
            if head.status == StatusCode::CONTINUE {
                self.upload.open();
            }
            // A server that says that it works gets more time, but not without end.
            if self.delivery.elapsed() < limits::UPSTREAM_INTERIM_TIME {
                self.waiting = Waiting::Nothing;
            }
        }
    }

    /// Takes the head of an answer in records.
    fn take_cgi_head(&mut self) -> Result<Option<Rc<Head>>> {
        let Some(records) = &mut self.records else { return Ok(None) };
        let taken = records.head(&mut self.connection.buffer, self.terms.upstream.head_size);
        self.delivery.answered.set(records.understood());
        let Some(mut head) = taken.map_err(|fault| self.fault(fault))? else { return Ok(None) };
        incoming::add_via(&mut head, &self.terms.identity);
        let answers_head = self.terms.record.head.method == Method::HEAD;
        self.framing = framing(&head, answers_head).map_err(|fault| self.fault(fault))?;
        Ok(Some(Rc::new(head)))
    }
}
