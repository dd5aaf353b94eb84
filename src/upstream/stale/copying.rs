//! The body of an answer that is copied on its way to the client.
//! Whatever passes, passes at once and as it came; the copy counts only if the answer came to its own end.

use std::{
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::store::{Kept, Key, Room, Store};
use crate::{
    failure::{Failure, Result},
    limits,
    message::{Body, Record},
};

/// A body and the copy of what has passed.
pub struct Copying {
    body: Body,
    /// `None` once it has ended, or once it cannot be kept.
    copy: Option<Copy>,
}

struct Copy {
    store: Arc<Store>,
    record: Rc<Record>,
    key: Key,
    kept: Kept,
    room: Room,
    bytes: Vec<u8>,
    /// How long it will be, where that is known.
    length: Option<u64>,
}

impl Copying {
    /// Copies `body` for `kept`; it is returned as it is where there is nothing to wait for, or no room.
    pub fn start(store: &Arc<Store>, record: &Rc<Record>, key: Key, kept: Kept, body: Body) -> Body {
        let length = body.size_hint().exact();
        let Some(room) = store.room(length.unwrap_or(0)) else { return body };
        let mut copy =
            Copy { store: Arc::clone(store), record: Rc::clone(record), key, kept, room, bytes: Vec::new(), length };
        match &body {
            Body::Empty => copy.finish(),
            Body::Full(bytes) => {
                copy.bytes = bytes.to_vec();
                copy.finish();
            }
            Body::Stream(_) => {
                copy.bytes.reserve_exact(usize::try_from(copy.room.bytes()).unwrap_or_default());
                return Body::Stream(Box::pin(Self { body, copy: Some(copy) }));
            }
        }
        body
    }

    fn end(&mut self) {
        if let Some(copy) = self.copy.take() {
            copy.finish();
        }
    }
}

impl Copy {
    /// Takes a piece; `false` where there is no room for it.
    fn add(&mut self, piece: &[u8]) -> bool {
        if self.bytes.capacity() - self.bytes.len() < piece.len() {
            let more = piece.len().max(limits::STALE_PIECE).max(self.bytes.len() / 2);
            if !self.room.grow(more as u64) {
                return false;
            }
            self.bytes.reserve_exact(more);
        }
        self.bytes.extend_from_slice(piece);
        true
    }

    fn finish(self) {
        if self.length.is_some_and(|length| length != self.bytes.len() as u64) {
            return;
        }
        let kept = Kept { body: Bytes::from(self.bytes.into_boxed_slice()), ..self.kept };
        self.store.put(&self.record, self.key, self.room, kept);
    }
}

impl http_body::Body for Copying {
    type Data = Bytes;
    type Error = Box<Failure>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let polled = ready!(Pin::new(&mut this.body).poll_frame(cx));
        match &polled {
            None => this.end(),
            Some(Err(_)) => this.copy = None,
            Some(Ok(frame)) => {
                if let (Some(piece), Some(copy)) = (frame.data_ref(), &mut this.copy)
                    && !copy.add(piece)
                {
                    this.copy = None;
                }
                // Nobody asks a body for more that says that it has ended.
                if this.body.is_end_stream() {
                    this.end();
                }
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
