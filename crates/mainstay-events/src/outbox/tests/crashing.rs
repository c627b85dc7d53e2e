use super::*;

/// The process dies after the destination took the message and before it is noted: it is sent again, under the same
/// id. That is what *at least once* means.
#[tokio::test]
async fn a_crash_between_the_answer_and_the_note_sends_it_twice_under_one_id() {
    let (database, slow) = (database().await, Taker::slow("taker"));
    let hasty = OutboxSettings { limit: Duration::from_millis(100), ..settings() };
    let running = Running::start(outbox(&database, &[&slow], hasty.clone()));
    running.outbox.post(message(7)).await;
    until(async || slow.took().len() == 1).await;
    running.kill().await;
    assert!(has(&database, "waiting", 1).await);

    // The next process waits until the lease of the dead one has ended.
    slow.answers.close();
    let running = Running::start(outbox(&database, &[&slow], hasty));
    until(async || has(&database, "sent", 1).await).await;
    assert_eq!(slow.took(), [message(7).id(), message(7).id()]);
    running.stop().await;
}

/// What was written before a crash is sent after it, without anybody telling it again.
#[tokio::test]
async fn what_was_written_survives() {
    let (database, taker) = (database().await, Taker::new("taker"));
    taker.refuse(true);
    let running = Running::start(outbox(&database, &[&taker], settings()));
    running.outbox.post(message(1)).await;
    running.kill().await;
    taker.refuse(false);
    let hasty = OutboxSettings { limit: Duration::from_millis(50), ..settings() };
    let running = Running::start(outbox(&database, &[&taker], hasty));
    // At the latest when the lease of the dead one has ended, which is fifteen seconds here.
    let patient = async {
        while !has(&database, "sent", 1).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), patient).await.expect("it is sent");
    assert_eq!(taker.took(), [message(1).id()]);
    running.stop().await;
}

/// What tells that the database fails cannot wait for the database.
#[tokio::test]
async fn what_the_database_does_not_take_is_sent_from_memory() {
    let settings =
        DatabaseSettings { pool_timeout: Duration::from_millis(20), ..DatabaseSettings::in_memory() };
    // Only SQLite has one writer, which somebody may hold.
    let database = crate::store::tests::open_as_told(&settings).await;
    let taker = Taker::new("taker");
    taker.refuse(true);
    let running = Running::start(outbox(&database, &[&taker], self::settings()));
    let writer = database.write().await.expect("the writer");
    running.outbox.post(message(1)).await;
    taker.refuse(false);
    until(async || taker.took() == [message(1).id()]).await;
    drop(writer);
    assert!(states(&database).await.is_empty(), "it was never written");

    // And what was kept is written as soon as that is possible.
    taker.refuse(true);
    let writer = database.write().await.expect("the writer");
    running.outbox.post(message(2)).await;
    drop(writer);
    until(async || has(&database, "waiting", 1).await).await;
    taker.refuse(false);
    until(async || has(&database, "sent", 1).await).await;
    assert_eq!(taker.took(), [message(1).id(), message(2).id()]);
    running.stop().await;
}
