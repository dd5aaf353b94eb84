//! The queue by hand, by random steps beside a model, and from several threads.
//! No clock is involved: a waiter that leaves is one that is dropped.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::atomic::{AtomicU32, AtomicUsize},
    task::Wake,
    thread,
};

use proptest::prelude::*;

use super::*;

fn queue(limit: u32, max_waiting: u32) -> Arc<Queue> {
    with(MaxInFlight::Most(limit), max_waiting)
}

fn with(max_in_flight: MaxInFlight, max_waiting: u32) -> Arc<Queue> {
    Queue::new(settings::Queue { max_in_flight, max_waiting, timeout: crate::limits::QUEUE_TIMEOUT })
}

fn place(queue: &Arc<Queue>) -> Waiting {
    match queue.line_up(Priority::Normal) {
        Found::Place(place) => place,
        found => panic!("no place in the line: {found:?}"),
    }
}

fn poll(place: &mut Waiting) -> Poll<Seat> {
    place.poll_seat(&mut Context::from_waker(Waker::noop()))
}

fn now(queue: &Queue) -> (u32, u32) {
    let crowd = queue.crowd(&queue.line());
    (crowd.busy, crowd.waiting)
}

#[derive(Default)]
struct Rung(AtomicUsize);

impl Wake for Rung {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn seats_go_to_those_that_wait_in_their_order() {
    let queue = queue(1, 3);
    let first = queue.take().unwrap();
    assert!(queue.take().is_none());
    let (mut second, mut third) = (place(&queue), place(&queue));
    assert_eq!((second.ahead(), third.ahead(), now(&queue)), (0, 1, (1, 2)));
    assert!(poll(&mut third).is_pending() && poll(&mut second).is_pending());
    drop(first);
    assert!(queue.take().is_none(), "nobody overtakes those that wait");
    assert!(poll(&mut third).is_pending());
    let Poll::Ready(seat) = poll(&mut second) else { panic!("it was its turn") };
    drop(seat);
    assert!(poll(&mut third).is_ready());
    drop((second, third));
    assert_eq!(now(&queue), (0, 0));
    assert!(queue.take().is_some());
}

#[test]
fn whose_turn_it_is_is_woken_and_nobody_else() {
    let queue = queue(1, 3);
    let seat = queue.take().unwrap();
    let (mut first, mut second) = (place(&queue), place(&queue));
    let (one, other) = (Arc::new(Rung::default()), Arc::new(Rung::default()));
    assert!(first.poll_seat(&mut Context::from_waker(&Waker::from(Arc::clone(&one)))).is_pending());
    assert!(second.poll_seat(&mut Context::from_waker(&Waker::from(Arc::clone(&other)))).is_pending());
    drop(seat);
    assert_eq!((one.0.load(Ordering::Relaxed), other.0.load(Ordering::Relaxed)), (1, 0));
}

#[test]
fn whoever_leaves_the_line_costs_no_seat() {
    let queue = queue(1, 3);
    let seat = queue.take().unwrap();
    let (first, second, mut third) = (place(&queue), place(&queue), place(&queue));
    assert!(matches!(queue.line_up(Priority::Normal), Found::Full(Crowd { busy: 1, waiting: 3, limit: 1, .. })));
    drop(second);
    assert_eq!(now(&queue), (1, 2));
    drop(seat);
    assert_eq!(now(&queue), (1, 1), "the first was let in and has not heard of it");
    drop(first);
    let Poll::Ready(seat) = poll(&mut third) else { panic!("the seat went on") };
    drop((seat, third));
    assert_eq!(now(&queue), (0, 0));
}

#[test]
fn who_has_priority_goes_first_and_finds_a_place_where_others_do_not() {
    let queue = queue(1, 1);
    let urgent = || match queue.line_up(Priority::High) {
        Found::Place(place) => place,
        found => panic!("no place in the line: {found:?}"),
    };
    let seat = queue.take().unwrap();
    let mut first = place(&queue);
    assert!(matches!(queue.line_up(Priority::Normal), Found::Full(_)));
    let mut second = urgent();
    assert_eq!((second.ahead(), now(&queue)), (0, (1, 2)));
    assert!(matches!(queue.line_up(Priority::High), Found::Full(_)), "they are not without number either");
    drop(seat);
    assert!(poll(&mut first).is_pending());
    let Poll::Ready(seat) = poll(&mut second) else { panic!("it goes first") };
    let third = urgent();
    drop(third);
    drop(seat);
    assert!(poll(&mut first).is_ready());
    drop((first, second));
    assert_eq!(now(&queue), (0, 0));
}

#[test]
fn in_a_line_that_is_never_short_only_who_has_priority_may_wait_long() {
    let timeout = Duration::from_millis(20);
    let settings = settings::Queue { max_in_flight: MaxInFlight::Most(1), max_waiting: 100, timeout };
    let queue = Queue::new(settings);
    drop(queue.take());
    queue.pace.held(timeout * 1000);
    let mut seat = queue.take();
    let mut line: VecDeque<_> = (0..5).map(|_| place(&queue)).collect();
    for _ in 0..2 {
        thread::sleep(timeout);
        drop(seat);
        let Poll::Ready(next) = poll(&mut line.pop_front().unwrap()) else { panic!("it was its turn") };
        seat = Some(next);
    }
    let admitted = place(&queue);
    assert!(matches!(queue.line_up(Priority::Normal), Found::Overloaded(Crowd { waiting: 4, .. })));
    assert!(matches!(queue.line_up(Priority::High), Found::Place(_)));
    line.clear();
    drop(admitted);
    assert!(matches!(queue.line_up(Priority::Normal), Found::Place(_)), "it has run empty");
}

#[test]
fn the_limit_can_change_at_any_time() {
    let queue = queue(1, 9);
    let mut seats = vec![queue.take().unwrap()];
    let mut places: Vec<_> = (0..4).map(|_| place(&queue)).collect();
    queue.set_limit(Some(3));
    for place in &mut places[..2] {
        let Poll::Ready(seat) = poll(place) else { panic!("there is room for two more") };
        seats.push(seat);
    }
    assert!(poll(&mut places[2]).is_pending());
    queue.set_limit(Some(1));
    seats.truncate(1);
    assert!(poll(&mut places[2]).is_pending(), "one is under way, as many as may");
    seats.clear();
    assert!(poll(&mut places[2]).is_ready() && poll(&mut places[3]).is_ready(), "one after the other");
    places.clear();
    let _seat = queue.take().unwrap();
    let mut place = place(&queue);
    queue.set_limit(None);
    assert!(poll(&mut place).is_ready() && !queue.is_on(), "without a limit nobody waits");
}

#[test]
fn how_long_the_next_would_wait_is_known_once_a_seat_was_given_back() {
    let queue = queue(1, 1);
    let seat = queue.take().unwrap();
    let first = place(&queue);
    assert_eq!(first.leave().wait(), None);
    drop(seat);
    let _seat = queue.take().unwrap();
    let crowd = place(&queue).leave();
    assert_eq!((crowd.busy, crowd.waiting, crowd.wait()), (1, 0, Some(Duration::from_secs(1))));
}

/// What happens to a queue, the numbers picking one of those there are.
#[derive(Debug, Clone)]
enum Step {
    Arrives,
    EndsItsRequest(usize),
    LeavesTheLine(usize),
    LooksWhetherItsTurn(usize),
    Limit(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Arrives),
        3 => any::<usize>().prop_map(Step::EndsItsRequest),
        1 => any::<usize>().prop_map(Step::LeavesTheLine),
        2 => any::<usize>().prop_map(Step::LooksWhetherItsTurn),
        1 => (1_u32..5).prop_map(Step::Limit),
    ];
    proptest::collection::vec(step, 0..80)
}

proptest! {
    #[test]
    fn whatever_happens_nobody_is_overtaken_and_no_seat_is_lost(steps in steps()) {
        const MOST_WAITING: u32 = 5;
        let mut limit = 2;
        let queue = queue(limit, MOST_WAITING);
        let mut seats = Vec::new();
        // Those in the line, and how many at its front have been let in without having looked.
        let (mut line, mut let_in) = (VecDeque::new(), 0);
        for step in steps {
            match step {
                Step::Arrives => match (queue.take(), line.len() > let_in) {
                    (Some(seat), false) => seats.push(seat),
                    (Some(_), true) => prop_assert!(false, "overtook"),
                    (None, _) => match queue.line_up(Priority::Normal) {
                        Found::Place(place) => line.push_back(place),
                        Found::Seat(_) => prop_assert!(false, "a seat that was not there before"),
                        Found::Overloaded(_) => prop_assert!(false, "nobody has waited for long"),
                        Found::Full(_) => prop_assert_eq!(line.len() - let_in, MOST_WAITING as usize),
                    },
                },
                Step::EndsItsRequest(which) if !seats.is_empty() => drop(seats.swap_remove(which % seats.len())),
                Step::LeavesTheLine(which) if !line.is_empty() => {
                    let which = which % line.len();
                    line.remove(which);
                    let_in -= usize::from(which < let_in);
                }
                Step::LooksWhetherItsTurn(which) if !line.is_empty() => {
                    let which = which % line.len();
                    let seat = poll(&mut line[which]);
                    prop_assert_eq!(seat.is_ready(), which < let_in, "only who is in front is let in");
                    if let Poll::Ready(seat) = seat {
                        seats.push(seat);
                        line.remove(which);
                        let_in -= 1;
                    }
                }
                Step::Limit(new) => {
                    limit = new;
                    queue.set_limit(Some(limit));
                }
                _ => {}
            }
            while seats.len() + let_in < limit as usize && let_in < line.len() {
                let_in += 1;
            }
            let expected = (seats.len() + let_in, line.len() - let_in);
            prop_assert_eq!(now(&queue), (u32::try_from(expected.0).unwrap(), u32::try_from(expected.1).unwrap()));
        }
        drop((line, seats));
        prop_assert_eq!(now(&queue), (0, 0));
    }
}

#[test]
fn several_workers_share_the_seats_and_never_take_one_too_many() {
    const LIMIT: u32 = 3;
    let queue = queue(LIMIT, 1000);
    let (under_way, served) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicUsize::new(0)));
    let worker = &|patience: usize| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let tasks = (0..5).map(|task| {
            let (queue, under_way, served) = (Arc::clone(&queue), Arc::clone(&under_way), Arc::clone(&served));
            runtime.spawn(async move {
                for number in 0..400 {
                    // Some leave the line after a moment.
                    let Some(seat) = enter(&queue, (number + task) % patience != 0).await else { continue };
                    assert!(under_way.fetch_add(1, Ordering::SeqCst) < LIMIT, "one too many");
                    tokio::task::yield_now().await;
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    served.fetch_add(1, Ordering::Relaxed);
                    drop(seat);
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
    };
    thread::scope(|scope| (5..9).for_each(|patience| drop(scope.spawn(move || worker(patience)))));
    assert!(served.load(Ordering::Relaxed) > 4000, "most of them were served");
    assert_eq!(now(&queue), (0, 0));
    assert!(queue.take().is_some());
}

async fn enter(queue: &Arc<Queue>, waits: bool) -> Option<Seat> {
    if let Some(seat) = queue.take() {
        return Some(seat);
    }
    match queue.line_up(Priority::Normal) {
        Found::Seat(seat) => Some(seat),
        Found::Full(_) | Found::Overloaded(_) => None,
        Found::Place(mut place) if waits => Some(poll_fn(|cx| place.poll_seat(cx)).await),
        Found::Place(mut place) => {
            let polled = poll(&mut place);
            tokio::task::yield_now().await;
            match polled {
                Poll::Ready(seat) => Some(seat),
                Poll::Pending => None,
            }
        }
    }
}

#[test]
fn a_limit_is_learned_only_where_none_was_written() {
    let status = Status { manager: "static".into(), total: 2, idle: 2, since: 60, ..Status::default() };
    let auto = with(MaxInFlight::Auto, 1);
    assert!(!auto.is_on(), "nothing is known yet");
    assert_eq!(auto.heed((0, 1), &status), None, "said once");
    let status = Status { since: 62, ..status };
    assert_eq!(auto.heed((0, 1), &status), Some(2));
    assert_eq!(auto.heed((0, 1), &status), None, "nothing new");
    let seats = [auto.take(), auto.take(), auto.take()];
    assert_eq!(seats.map(|seat| seat.is_some()), [true, true, false]);
    let (off, most) = (with(MaxInFlight::Off, 1), queue(1, 1));
    for since in [60, 62] {
        let status = Status { since, ..status.clone() };
        assert_eq!((off.heed((0, 1), &status), most.heed((0, 1), &status)), (None, None));
    }
    assert!(!off.is_on());
    let _seat = most.take().unwrap();
    assert!(most.take().is_none(), "what was written stays");
}
