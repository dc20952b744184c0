use super::*;

type Numbers = Pool<&'static str, u32, u32>;

fn with(rules: Rules) -> Numbers {
    let mut pool = Numbers::default();
    pool.set_rules(rules, 0);
    pool
}

fn fresh(age_ms: u64, what: u32) -> Option<Returned<u32>> {
    Some(Returned {
        what,
        age_ms,
        served: 1,
    })
}

const NEW: Option<Grant<u32>> = Some(Grant {
    kept: None,
    evicted: None,
});

fn kept(what: u32) -> Option<Grant<u32>> {
    Some(Grant {
        kept: Some(what),
        evicted: None,
    })
}

#[test]
fn the_one_used_last_comes_first_and_only_to_its_key() {
    let mut pool = with(Rules::default());
    for _ in 0..3 {
        assert_eq!(pool.ask(&"a", 0), NEW);
    }
    for n in 1..=3 {
        pool.give_back(&"a", fresh(0, n), 0);
    }
    assert_eq!(pool.ask(&"b", 0), NEW);
    assert_eq!(pool.ask(&"a", 0), kept(3));
    assert_eq!(pool.ask(&"a", 0), kept(2));
    let stats = pool.stats();
    assert_eq!((stats.opened, stats.reused), (4, 2));
    assert_eq!((stats.idle, stats.out), (1, 3));
}

#[test]
fn time_limits_close_what_is_kept() {
    let mut pool = with(Rules {
        idle_ms: Some(10),
        age_ms: Some(100),
        requests: Some(5),
        ..Rules::default()
    });
    for _ in 0..4 {
        assert_eq!(pool.ask(&"a", 1000), NEW);
    }
    pool.give_back(&"a", fresh(0, 1), 1000);
    pool.give_back(&"a", fresh(95, 2), 1001);
    pool.give_back(&"a", fresh(100, 3), 1001);
    let mut worn = fresh(0, 4);
    if let Some(worn) = &mut worn {
        worn.served = 5;
    }
    pool.give_back(&"a", worn, 1001);
    assert_eq!(pool.take_gone(), [3, 4]);
    assert_eq!(pool.ask(&"a", 1006), kept(1), "2 is a hundred now");
    assert_eq!(pool.take_gone(), [2]);
    pool.give_back(&"a", fresh(6, 1), 1006);
    assert_eq!(pool.ask(&"b", 1015), NEW);
    assert_eq!(pool.take_gone(), []);
    assert_eq!(pool.ask(&"b", 1016), NEW);
    assert_eq!(pool.take_gone(), [1]);
    assert_eq!(pool.stats().expired, 2);
}

#[test]
fn another_key_is_evicted_the_one_unused_for_longest() {
    let mut pool = with(Rules {
        total: Some(2),
        ..Rules::default()
    });
    assert_eq!(pool.ask(&"a", 0), NEW);
    assert_eq!(pool.ask(&"b", 0), NEW);
    pool.give_back(&"b", fresh(0, 2), 1);
    pool.give_back(&"a", fresh(0, 1), 2);
    let grant = pool.ask(&"c", 3);
    assert_eq!(grant.and_then(|g| g.evicted), Some(2));
    assert_eq!(pool.stats().evicted, 1);
    assert_eq!(pool.ask(&"a", 3), kept(1));
    assert_eq!(pool.ask(&"d", 3), None);
    assert_eq!(pool.keys.len(), 2, "nothing is left of b and d");
}

#[test]
fn the_queue_is_served_in_order_by_whoever_can_be() {
    let mut pool = with(Rules {
        per_key: Some(1),
        total: Some(2),
        ..Rules::default()
    });
    assert_eq!(pool.ask(&"a", 0), NEW);
    assert_eq!(pool.ask(&"b", 0), NEW);
    let mut tickets = Vec::new();
    for (key, waker) in [("a", 1), ("c", 2), ("b", 3), ("a", 4)] {
        assert_eq!(pool.ask(&key, 0), None);
        tickets.extend(pool.queue_up(key, waker).ok());
    }
    // The first wants an "a", of which there may be one only: the second is served.
    pool.give_back(&"b", fresh(0, 9), 0);
    assert_eq!(pool.take_ready(), [2]);
    let grant = pool.take_grant(tickets[1]);
    assert_eq!(grant.and_then(|g| g.evicted), Some(9));
    assert_eq!(pool.take_grant(tickets[0]), None);
    pool.give_back(&"a", fresh(0, 8), 0);
    assert_eq!(pool.take_ready(), [1]);
    assert_eq!(pool.take_grant(tickets[0]), kept(8));
    pool.leave(tickets[2]);
    pool.give_back(&"a", None, 0);
    assert_eq!(pool.take_ready(), [4]);
    assert_eq!(pool.take_grant(tickets[3]), NEW);
    assert_eq!(pool.stats().waiting, 0);
}

#[test]
fn new_rules_count_at_once() {
    let mut pool = with(Rules::default());
    for _ in 0..4 {
        assert_eq!(pool.ask(&"a", 0), NEW);
    }
    for n in 1..=3 {
        pool.give_back(&"a", fresh(0, n), 0);
    }
    let narrow = Rules {
        per_key: Some(2),
        ..Rules::default()
    };
    pool.set_rules(narrow, 0);
    assert_eq!(pool.take_gone(), [1, 2]);
    assert_eq!(pool.ask(&"a", 0), kept(3));
    assert!(pool.ask(&"a", 0).is_none());
    assert!(pool.queue_up("a", 5).is_ok());
    pool.set_rules(Rules::default(), 0);
    assert_eq!(pool.take_ready(), [5]);
    pool.set_rules(narrow, 0);
    pool.give_back(&"a", fresh(0, 4), 0);
    assert_eq!(pool.take_gone(), [4], "two are out");
    pool.shut();
    assert_eq!(pool.ask(&"a", 0), None);
}
