//! The addresses behind one name, and in which order a connection tries them; pure.
//! `name` fills it from what name servers say and remembers which addresses fail, `connect` dials in this order.

use std::{net::SocketAddr, ops::Range};

/// The addresses that a name stands for: at least one target with at least one address each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// By priority; within one those of no weight first, as RFC 2782 wants them for its selection.
    targets: Box<[Target]>,
}

/// One server of a name. A name without SRV records has one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Higher ones are tried only after all lower ones (RFC 2782).
    pub(super) priority: u16,
    /// Its share among those of its priority.
    pub(super) weight: u16,
    /// Its own name, where an SRV record has named it.
    pub(super) host: Box<str>,
    addresses: Box<[SocketAddr]>,
    /// How many of them are IPv4; they come first.
    four: usize,
}

/// Which address a connection begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// The address.
    pub address: SocketAddr,
    target: usize,
    turn: usize,
}

impl Target {
    /// A target of `priority` and `weight`; `None` without addresses. The order of equal answers is the same, however
    /// the name server turns them.
    pub(super) fn new(
        (priority, weight): (u16, u16),
        host: &str,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> Option<Self> {
        let mut addresses: Vec<_> = addresses.into_iter().collect();
        addresses.sort_unstable();
        addresses.dedup();
        let four = addresses.iter().filter(|address| address.is_ipv4()).count();
        (!addresses.is_empty()).then(|| Self { priority, weight, host: host.into(), addresses: addresses.into(), four })
    }

    /// All addresses, the families by turns (RFC 8305 section 4), IPv4 first; within a family `turn` says who begins.
    fn interleaved(&self, turn: usize) -> impl Iterator<Item = SocketAddr> {
        let (four, six) = self.addresses.split_at(self.four);
        let turned = move |family: &[SocketAddr], position: usize| {
            (position < family.len()).then(|| family[(position + turn) % family.len()])
        };
        (0..four.len().max(six.len()))
            .flat_map(move |position| [turned(four, position), turned(six, position)])
            .flatten()
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Places {
    /// `None` without targets.
    pub(super) fn new(targets: impl IntoIterator<Item = Target>) -> Option<Self> {
        let mut targets: Vec<_> = targets.into_iter().collect();
        targets.sort_by_cached_key(|target| {
            (target.priority, target.weight > 0, target.weight, target.addresses.clone(), target.host.clone())
        });
        (!targets.is_empty()).then(|| Self { targets: targets.into() })
    }

    /// Every address.
    pub fn all(&self) -> impl Iterator<Item = SocketAddr> {
        self.targets.iter().flat_map(|target| target.addresses.iter().copied())
    }

    /// Whether `address` is one of them.
    #[must_use]
    pub fn has(&self, address: SocketAddr) -> bool {
        self.all().any(|own| own == address)
    }

    /// The addresses of a name without SRV records.
    pub(super) fn of_host(&self) -> &[SocketAddr] {
        &self.targets[0].addresses
    }

    /// The target that an SRV record has named `host`.
    pub(super) fn target(&self, host: &str) -> Option<&Target> {
        self.targets.iter().find(|target| &*target.host == host)
    }

    /// The address that is next: of the targets of the lowest priority one by weight (RFC 2782), of its addresses the
    /// one whose `turn` it is. Those that are `shunned` come up only where no other is left, and then as if none were.
    /// `random` returns a number from 0 to its argument.
    pub(super) fn pick(
        &self,
        turn: usize,
        shunned: impl Fn(SocketAddr) -> bool,
        mut random: impl FnMut(u32) -> u32,
    ) -> Pick {
        let good = |target: &Target| target.interleaved(turn).find(|address| !shunned(*address));
        let target = match &*self.targets {
            [_] => 0,
            targets => by_weight(targets, |target| good(target).is_some(), &mut random)
                .or_else(|| by_weight(targets, |_| true, &mut random))
                .unwrap_or(0),
        };
        let addresses = &self.targets[target];
        let address = good(addresses).or_else(|| addresses.interleaved(turn).next());
        Pick { address: address.unwrap_or(addresses.addresses[0]), target, turn }
    }

    /// All addresses from `pick` on: the other ones of its target, the other targets, and those that are `shunned` at
    /// the end.
    pub(super) fn order(
        &self,
        pick: Pick,
        shunned: impl Fn(SocketAddr) -> bool,
        mut random: impl FnMut(u32) -> u32,
    ) -> Vec<SocketAddr> {
        let mut order = vec![pick.address];
        let mut left: Vec<bool> = vec![true; self.targets.len()];
        let mut next = Some(pick.target.min(self.targets.len() - 1));
        while let Some(target) = next {
            left[target] = false;
            for address in self.targets[target].interleaved(pick.turn) {
                if !order.contains(&address) {
                    order.push(address);
                }
            }
            let position = |target: &Target| self.targets.iter().position(|own| std::ptr::eq(own, target));
            next = by_weight(&self.targets, |target| position(target).is_some_and(|at| left[at]), &mut random);
        }
        order[1..].sort_by_key(|address| shunned(*address));
        order
    }
}

/// RFC 2782: of the usable targets of the lowest priority one at random, by weight. Those without a weight get next to
/// nothing beside others, and equal shares among themselves.
fn by_weight(
    targets: &[Target],
    usable: impl Fn(&Target) -> bool,
    mut random: impl FnMut(u32) -> u32,
) -> Option<usize> {
    let first = targets.iter().position(&usable)?;
    let priority = targets[first].priority;
    let group: Range<usize> = first..targets.partition_point(|target| target.priority <= priority);
    let members = || group.clone().filter(|position| usable(&targets[*position]));
    let sum: u32 = members().map(|position| u32::from(targets[position].weight)).sum();
    let drawn = random(sum);
    let weightless = members().take_while(|position| targets[*position].weight == 0).count();
    if drawn == 0 && weightless > 0 {
        let among = random(u32::try_from(weightless - 1).unwrap_or(0));
        return members().nth(among as usize);
    }
    let mut running = 0;
    members().find(|position| {
        running += u32::from(targets[*position].weight);
        running >= drawn
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn target(priority: u16, weight: u16, addresses: &[&str]) -> Target {
        Target::new((priority, weight), "", addresses.iter().map(|text| address(text))).unwrap()
    }

    fn order(places: &Places, turn: usize, shunned: &[&str]) -> Vec<String> {
        let shuns = |at: SocketAddr| shunned.iter().any(|text| address(text) == at);
        let pick = places.pick(turn, shuns, |_| 0);
        let order = places.order(pick, shuns, |_| 0);
        assert_eq!(order[0], pick.address);
        order.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn families_come_by_turns_and_each_address_is_first_in_its_turn() {
        let places =
            Places::new([target(0, 0, &["[::2]:1", "[::1]:1", "1.0.0.2:1", "1.0.0.3:1", "1.0.0.1:1"])]).unwrap();
        for (turn, shunned, expected) in [
            (0, &[][..], ["1.0.0.1:1", "[::1]:1", "1.0.0.2:1", "[::2]:1", "1.0.0.3:1"]),
            (1, &[], ["1.0.0.2:1", "[::2]:1", "1.0.0.3:1", "[::1]:1", "1.0.0.1:1"]),
            (2, &[], ["1.0.0.3:1", "[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1"]),
            (3, &["9.9.9.9:9"], ["1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::1]:1", "1.0.0.3:1"]),
            (0, &["1.0.0.1:1"], ["[::1]:1", "1.0.0.2:1", "[::2]:1", "1.0.0.3:1", "1.0.0.1:1"]),
        ] {
            assert_eq!(order(&places, turn, shunned), expected, "turn {turn}, {shunned:?}");
        }
        let every = ["1.0.0.1:1", "1.0.0.2:1", "1.0.0.3:1", "[::1]:1", "[::2]:1"];
        assert_eq!(order(&places, 1, &every), order(&places, 1, &[]), "where all fail, all are alike");
    }

    #[test]
    fn equal_answers_are_equal_in_whatever_order() {
        let one = Places::new([target(1, 2, &["1.0.0.1:1", "1.0.0.2:1"]), target(0, 0, &["1.0.0.3:1"])]);
        let other = Places::new([target(0, 0, &["1.0.0.3:1"]), target(1, 2, &["1.0.0.2:1", "1.0.0.1:1"])]);
        assert_eq!(one, other);
        assert!(one.is_some_and(|one| one.has(address("1.0.0.2:1")) && !one.has(address("1.0.0.2:2"))));
        assert!(Places::new([]).is_none() && Target::new((0, 0), "", []).is_none());
    }

    #[test]
    fn a_higher_priority_waits_until_all_lower_ones_fail() {
        let places =
            Places::new([target(20, 9, &["1.0.0.3:3"]), target(10, 1, &["1.0.0.1:1"]), target(10, 1, &["1.0.0.2:2"])])
                .unwrap();
        for (shunned, expected) in [
            (&[][..], ["1.0.0.1:1", "1.0.0.2:2", "1.0.0.3:3"]),
            (&["1.0.0.1:1"], ["1.0.0.2:2", "1.0.0.3:3", "1.0.0.1:1"]),
            (&["1.0.0.1:1", "1.0.0.2:2"], ["1.0.0.3:3", "1.0.0.1:1", "1.0.0.2:2"]),
        ] {
            assert_eq!(order(&places, 0, shunned), expected, "{shunned:?}");
        }
    }

    #[test]
    fn shares_follow_the_weights_also_where_all_are_shunned_and_no_weight_is_next_to_nothing() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut shares = |weights: [u16; 3], shunned: bool| {
            let named = |(at, weight): (usize, u16)| target(0, weight, &[&format!("1.0.0.{at}:1")]);
            let places = Places::new(weights.into_iter().enumerate().map(named)).unwrap();
            let mut counts = [0; 3];
            for _ in 0..10_000 {
                let pick = places.pick(0, |_| shunned, |most| random.u32(0..=most));
                counts[usize::from(pick.address.to_string().as_bytes()[6] - b'0')] += 1;
            }
            counts
        };
        let near = |count: i32, expected: i32| (count - expected).abs() < 300;
        for shunned in [false, true] {
            let [one, three, six] = shares([10, 30, 60], shunned);
            assert!(near(one, 1000) && near(three, 3000) && near(six, 6000), "{one} {three} {six}");
            let [none, half, other] = shares([0, 50, 50], shunned);
            assert!(none > 0 && none < 300 && near(half, 4950) && near(other, 4950), "{none} {half} {other}");
            assert!(shares([0, 0, 0], shunned).into_iter().all(|count| near(count, 3333)));
        }
    }
}
