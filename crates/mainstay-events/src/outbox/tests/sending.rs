use super::*;

#[tokio::test]
async fn each_destination_gets_each_message_once() {
    let (database, one, other) = (database().await, Taker::new("one"), Taker::new("other"));
    let running = Running::start(outbox(&database, &[&one, &other], settings()));
    for number in 0..20 {
        running.outbox.post(message(number)).await;
    }
    // Told again, as after a crash: nothing new.
    for number in 0..20 {
        running.outbox.post(message(number)).await;
    }
    until(async || has(&database, "sent", 40).await).await;
    for taker in [&one, &other] {
        let mut took = taker.took();
        took.sort_unstable();
        let mut expected: Vec<_> = (0..20).map(|number| message(number).id()).collect();
        expected.sort_unstable();
        assert_eq!(took, expected);
    }
    running.stop().await;
}

#[tokio::test]
async fn one_that_is_down_gets_it_later_and_holds_no_other_up() {
    let (database, down, up) = (database().await, Taker::new("down"), Taker::new("up"));
    down.refuse(true);
    let running = Running::start(outbox(&database, &[&down, &up], settings()));
    running.outbox.post(message(1)).await;
    until(async || up.took() == [message(1).id()]).await;
    let tried = async || {
        let unsent = operator::unsent(&database, 10).await.expect("an answer");
        let [waiting] = unsent.as_slice() else { return false };
        assert_eq!((waiting.destination.as_str(), waiting.state.as_str()), ("down", "waiting"));
        waiting.attempts >= 3 && waiting.error.as_deref() == Some("the line is dead")
    };
    until(tried).await;
    assert!(down.took().is_empty());
    down.refuse(false);
    until(async || has(&database, "sent", 2).await).await;
    assert_eq!((down.took(), up.took()), (vec![message(1).id()], vec![message(1).id()]));
    running.stop().await;
}

#[tokio::test]
async fn a_panic_is_a_refusal() {
    let (database, taker) = (database().await, Taker::new("taker"));
    taker.panics.store(true, Ordering::Release);
    let running = Running::start(outbox(&database, &[&taker], settings()));
    running.outbox.post(message(1)).await;
    let tried = async || {
        let unsent = operator::unsent(&database, 10).await.expect("an answer");
        unsent.iter().any(|unsent| unsent.error.as_deref() == Some("the code that sends it panicked"))
    };
    until(tried).await;
    taker.panics.store(false, Ordering::Release);
    until(async || has(&database, "sent", 1).await).await;
    running.stop().await;
}

#[tokio::test]
async fn what_is_rolled_back_tells_nothing() {
    let (database, taker) = (database().await, Taker::new("taker"));
    let running = Running::start(outbox(&database, &[&taker], settings()));
    let mut transaction = database.write().await.expect("the writer");
    running.outbox.put(&mut transaction, &message(1)).await.expect("written");
    transaction.rollback();
    let mut transaction = database.write().await.expect("the writer");
    running.outbox.put(&mut transaction, &message(2)).await.expect("written");
    transaction.commit().await.expect("the commit");
    // Not announced: it is found by looking.
    until(async || has(&database, "sent", 1).await).await;
    assert_eq!(taker.took(), [message(2).id()]);
    running.stop().await;
}

/// Two processes on one table: each message goes out once as long as none of them dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_do_not_send_the_same() {
    let (database, taker) = (database().await, Taker::new("taker"));
    let one = Running::start(outbox(&database, &[&taker], settings()));
    let other = Running::start(outbox(&database, &[&taker], settings()));
    for number in 0..100 {
        let which = if number % 2 == 0 { &one } else { &other };
        which.outbox.post(message(number)).await;
    }
    until(async || has(&database, "sent", 100).await).await;
    let mut took = taker.took();
    took.sort_unstable();
    took.dedup();
    assert_eq!((took.len(), taker.took().len()), (100, 100));
    one.stop().await;
    other.stop().await;
}
