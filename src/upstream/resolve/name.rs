//! A name of a server, as one worker sees it: looked up when it is first needed, then again in the background.
//! `attempt` asks where to connect to and tells which addresses fail; `ledger` knows what the other workers have found.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::{Rc, Weak},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::Shared};
use tokio::{sync::oneshot, task::spawn_local, time::sleep};

use super::{
    Lookups, Question,
    ledger::{Copied, Ledger, Left, Turn},
    news::Doubt,
    places::{Pick, Places},
    servers::Servers,
    trouble::Trouble,
};
use crate::{
    failure::{self, Cause, Failure},
    limits::{ADDRESS_SHUNNED, DNS_FAILURE_TTL, DNS_QUERY_TIMEOUT, DNS_REFRESH_LEAST, DNS_REST},
};

type Outcome = Result<Rc<Places>, Rc<Trouble>>;

/// Is told where a name leads to now: nowhere where there are no places.
type Watcher = Box<dyn Fn(Option<&Places>)>;

/// A name, and what is known of it.
pub struct Name {
    question: Question,
    lookups: Rc<Lookups>,
    ledger: Arc<Ledger>,
    state: RefCell<State>,
    /// When a request needed it last.
    used: Cell<Instant>,
    /// Whether a task looks it up whenever the time of what is known is over.
    followed: Cell<bool>,
    /// Which of several addresses is next.
    turn: Cell<usize>,
    /// Addresses that failed just now, and until when others are preferred.
    shunned: RefCell<Vec<(SocketAddr, Instant)>>,
    watchers: RefCell<Vec<Watcher>>,
}

enum State {
    Unknown,
    /// For the first time, or after a failure.
    Asking(Shared<oneshot::Receiver<Outcome>>),
    Failed {
        trouble: Rc<Trouble>,
        until: Instant,
    },
    /// Perhaps for longer than name servers said, which does no harm beside a new look-up.
    Known {
        places: Rc<Places>,
        /// When a name server named them to this worker or another one.
        confirmed: Instant,
        doubt: Option<Doubt>,
    },
}

impl Name {
    pub(super) fn new(question: Question, lookups: &Rc<Lookups>, ledger: &Arc<Ledger>) -> Rc<Self> {
        Rc::new(Self {
            question,
            lookups: Rc::clone(lookups),
            ledger: Arc::clone(ledger),
            state: RefCell::new(State::Unknown),
            used: Cell::new(Instant::now()),
            followed: Cell::new(false),
            turn: Cell::new(0),
            shunned: RefCell::default(),
            watchers: RefCell::default(),
        })
    }

    /// Calls `watcher` whenever the name leads elsewhere.
    pub fn watch(&self, watcher: impl Fn(Option<&Places>) + 'static) {
        self.watchers.borrow_mut().push(Box::new(watcher));
    }

    /// Where it leads to, if that is known at `now` without a wait.
    pub fn known(self: &Rc<Self>, now: Instant) -> Option<Rc<Places>> {
        let confirmed = self.confirmed()?;
        self.used.set(now);
        if !self.followed.get() {
            // It has rested, perhaps while other workers did not.
            let younger = self.ledger.any(&self.question, now).filter(|copied| confirmed < copied.confirmed);
            let pause = younger.map_or(Duration::ZERO, |copied| self.take(copied));
            self.follow(None, pause);
        }
        self.own()
    }

    /// Where it leads to; waits only while no worker knows that.
    ///
    /// Whoever waits at a time shares one look-up, which runs to its end even when all have gone, so that a late answer
    /// is there for the next one.
    ///
    /// # Errors
    /// A `dns-…` cause or `upstream-set-empty`, nothing delivered. There is no deadline here: callers drop the future when
    /// theirs is over and report `timed_out`.
    pub async fn places(self: &Rc<Self>) -> failure::Result<Rc<Places>> {
        let now = Instant::now();
        if let Some(places) = self.known(now) {
            return Ok(places);
        }
        self.used.set(now);
        if let Some(places) = self.borrow(now) {
            return Ok(places);
        }
        let waiting = match &*self.state.borrow() {
            State::Failed { trouble, until } if now < *until => return Err(trouble.failure()),
            State::Asking(waiting) => Some(waiting.clone()),
            _ => None,
        };
        if let Ok(outcome) = waiting.unwrap_or_else(|| self.ask()).await {
            return outcome.map_err(|trouble| trouble.failure());
        }
        // The task that asked is gone, so nobody would ever answer: the next request asks anew.
        *self.state.borrow_mut() = State::Unknown;
        let host = self.question.host();
        Err(Failure::new(Cause::GatewayInternalError, format!("the look-up of {host} was abandoned")))
    }

    /// The failure of a look-up that the caller gave up after `limit`.
    #[must_use]
    pub fn timed_out(&self, limit: Duration) -> Box<Failure> {
        // A query may have been under way before this wait began.
        let begun = Instant::now().checked_sub(limit + DNS_QUERY_TIMEOUT);
        let host = self.question.host();
        let strayed = |servers: &Servers| begun.map(|begun| servers.strayed(host, begun)).unwrap_or_default();
        let servers = self.lookups.servers();
        let (asked, strayed) = servers.map(|servers| (servers.listed(), strayed(&servers))).unwrap_or_default();
        Trouble::timed_out((host, self.question.wanted()), (&asked, &strayed), limit).failure()
    }

    /// The address for the next request: several take turns, one that failed just now is the last resort.
    #[must_use]
    pub fn pick(&self, places: &Places, now: Instant) -> Pick {
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        places.pick(turn, |address| self.shuns(address, now), |most| fastrand::u32(..=most))
    }

    /// `pick` and the addresses to go on with when it fails.
    #[must_use]
    pub fn order(&self, places: &Places, pick: Pick, now: Instant) -> Vec<SocketAddr> {
        places.order(pick, |address| self.shuns(address, now), |most| fastrand::u32(..=most))
    }

    /// Prefers other addresses for a while.
    pub fn shun(&self, address: SocketAddr, now: Instant) {
        let mut shunned = self.shunned.borrow_mut();
        shunned.retain(|(other, until)| *other != address && now < *until);
        shunned.push((address, now + ADDRESS_SHUNNED));
    }

    /// A new connection to `address` has served a request: it is as good as the others again.
    pub fn praise(&self, address: SocketAddr) {
        self.shunned.borrow_mut().retain(|(other, _)| *other != address);
    }

    /// Whether it leads to `address`: connections to others are not kept.
    #[must_use]
    pub fn leads_to(&self, address: SocketAddr) -> bool {
        matches!(&*self.state.borrow(), State::Known { places, .. } if places.has(address))
    }

    fn shuns(&self, address: SocketAddr, now: Instant) -> bool {
        self.shunned.borrow().iter().any(|(other, until)| *other == address && now < *until)
    }

    /// Where it leads to by what other workers have found: this one knows nothing. An answer whose time is over serves
    /// as its own one would, beside a new look-up.
    fn borrow(self: &Rc<Self>, now: Instant) -> Option<Rc<Places>> {
        let copied = self.ledger.any(&self.question, now)?;
        let asking = matches!(&*self.state.borrow(), State::Asking(_));
        let pause = self.take(copied);
        if !asking {
            self.follow(None, pause);
        }
        self.known(now)
    }

    /// Begins to look it up, and to do so again and again for as long as it is in use.
    fn ask(self: &Rc<Self>) -> Shared<oneshot::Receiver<Outcome>> {
        let (tell, told) = oneshot::channel();
        let waiting = told.shared();
        *self.state.borrow_mut() = State::Asking(waiting.clone());
        self.follow(Some(tell), Duration::ZERO);
        waiting
    }

    fn follow(self: &Rc<Self>, tell: Option<oneshot::Sender<Outcome>>, pause: Duration) {
        self.followed.set(true);
        spawn_local(follow(Rc::downgrade(self), tell, pause));
    }

    /// Takes in what a look-up found at `now`; returns when the next one is due, if any.
    pub(super) fn learn(&self, found: Result<(Places, Instant), Trouble>, now: Instant) -> Option<Duration> {
        let (places, valid_until) = match found {
            Ok(found) => found,
            Err(trouble) => return self.despair(trouble, now),
        };
        let (least, most) = self.lookups.ttl;
        let fresh = valid_until.saturating_duration_since(now).min(most).max(least).max(DNS_REFRESH_LEAST);
        self.ledger.confirm(&self.question, &places, now, now + fresh);
        Some(self.take(Copied { places, confirmed: now, fresh }))
    }

    /// Takes in what another worker has found since; returns when to come again, `None` where it is for this one to ask.
    fn learn_from_others(&self, now: Instant) -> Option<Duration> {
        match self.ledger.turn(&self.question, self.confirmed(), now) {
            Turn::Found(copied) => Some(self.take(copied)),
            Turn::Others => Some(DNS_REFRESH_LEAST),
            Turn::Own => None,
        }
    }

    /// Takes in a good answer; returns when the next look-up is due.
    fn take(&self, copied: Copied) -> Duration {
        let doubt = self.put(copied.places, copied.confirmed);
        if let Some(doubt) = doubt {
            doubt.end();
        }
        copied.fresh
    }

    /// It leads there from now on. Returns the doubt there was.
    fn put(&self, found: Places, at: Instant) -> Option<Doubt> {
        let mut state = self.state.borrow_mut();
        let State::Known { places, confirmed, doubt } = &mut *state else {
            *state = State::Known { places: Rc::new(found), confirmed: at, doubt: None };
            return None;
        };
        *confirmed = at;
        let doubt = doubt.take();
        if **places != found {
            *places = Rc::new(found);
            drop(state);
            self.tell();
        }
        doubt
    }

    fn despair(&self, trouble: Trouble, now: Instant) -> Option<Duration> {
        match self.ledger.doubt(&self.question, self.confirmed(), trouble.is_denial(), now) {
            Left::Found(copied) => Some(self.take(copied)),
            Left::Old(copied, left) => {
                let doubt = self.put(copied.places, copied.confirmed);
                let doubt = doubt.unwrap_or_else(|| Doubt::begin(self.question.host(), &trouble));
                if let State::Known { doubt: place, .. } = &mut *self.state.borrow_mut() {
                    *place = Some(doubt);
                }
                Some(left.min(DNS_FAILURE_TTL))
            }
            Left::Nothing => {
                let mut state = self.state.borrow_mut();
                if let State::Known { doubt, .. } = &mut *state
                    && let Some(doubt) = doubt.take()
                {
                    doubt.give_up(&trouble);
                }
                *state = State::Failed { trouble: Rc::new(trouble), until: now + DNS_FAILURE_TTL };
                drop(state);
                self.tell();
                None
            }
        }
    }

    /// Where it leads to, as far as this worker knows.
    fn own(&self) -> Option<Rc<Places>> {
        match &*self.state.borrow() {
            State::Known { places, .. } => Some(Rc::clone(places)),
            _ => None,
        }
    }

    /// When what is known was confirmed last.
    fn confirmed(&self) -> Option<Instant> {
        match &*self.state.borrow() {
            State::Known { confirmed, .. } => Some(*confirmed),
            _ => None,
        }
    }

    fn tell(&self) {
        let places = self.own();
        self.watchers.borrow().iter().for_each(|watcher| watcher(places.as_deref()));
    }

    fn outcome(&self) -> Option<Outcome> {
        match &*self.state.borrow() {
            State::Known { places, .. } => Some(Ok(Rc::clone(places))),
            State::Failed { trouble, .. } => Some(Err(Rc::clone(trouble))),
            State::Unknown | State::Asking(_) => None,
        }
    }

    /// Whether nobody has needed it for long: then name servers are not asked until somebody does, who gets what is known.
    pub(super) fn rests(&self, now: Instant) -> bool {
        let unused = now.saturating_duration_since(self.used.get()) >= DNS_REST;
        if unused {
            self.followed.set(false);
        }
        unused
    }
}

/// After `pause` looks a name up, tells whoever waits, and goes on whenever the answer's time is over.
async fn follow(name: Weak<Name>, mut tell: Option<oneshot::Sender<Outcome>>, mut pause: Duration) {
    loop {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        let Some(own) = name.upgrade() else { return };
        let before = own.outcome().and_then(Result::ok);
        if before.is_some() && own.rests(Instant::now()) {
            return;
        }
        let mut next = own.learn_from_others(Instant::now());
        if next.is_none() {
            let found = own.lookups.find(&own.question, before.as_deref()).await;
            next = own.learn(found, Instant::now());
        }
        if let (Some(tell), Some(outcome)) = (tell.take(), own.outcome()) {
            // Nobody may be waiting any more.
            let _ = tell.send(outcome);
        }
        drop(own);
        let Some(due) = next else { return };
        pause = due;
    }
}
