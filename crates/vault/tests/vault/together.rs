use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let house = House::new();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let safe = Safe::open(&house.path(), house.key(), Clock::manual(0)).unwrap();
            scope.spawn(move || {
                for n in 0..5 {
                    safe.set(&name(&format!("w{writer}/{n}")), &text("x"), &bound()).unwrap();
                }
            });
        }
    });
    assert_eq!(house.safe.list().unwrap().len(), 20);
}

#[tokio::test]
async fn readers_never_wait_for_writers_and_never_see_a_half() {
    let house = House::new();
    house.set("a", "0");
    let vault = house.vault();
    let safe = Safe::open(&house.path(), house.key(), Clock::manual(0)).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let ended = done.clone();
    let writer = std::thread::spawn(move || {
        for n in 1..40 {
            safe.rotate(&name("a"), &text(&n.to_string())).unwrap();
            if n % 10 == 0 {
                safe.rekey().unwrap();
            }
        }
        ended.store(true, Ordering::Relaxed);
    });
    let (mut last, mut reads) = (0, 0);
    while !done.load(Ordering::Relaxed) {
        let n: u32 = value(&vault, "a").await.unwrap().parse().unwrap();
        assert!(n >= last, "{n} after {last}");
        (last, reads) = (n, reads + 1);
    }
    writer.join().unwrap();
    assert!(reads > 40, "{reads}");
    assert_eq!(value(&vault, "a").await.as_deref(), Ok("39"));
}
