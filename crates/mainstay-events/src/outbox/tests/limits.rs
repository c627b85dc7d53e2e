use super::*;

#[tokio::test]
async fn one_that_never_answers_gets_no_more_than_its_time() {
    let (database, silent) = (database().await, Taker::slow("silent"));
    let hasty = OutboxSettings { limit: Duration::from_millis(20), ..settings() };
    let running = Running::start(outbox(&database, &[&silent], hasty));
    running.outbox.post(message(1)).await;
    until(async || silent.took().len() >= 3).await;
    assert!(has(&database, "waiting", 1).await);
    silent.answers.close();
    until(async || has(&database, "sent", 1).await).await;
    running.stop().await;
}

#[tokio::test]
async fn what_nobody_takes_is_given_up_in_the_end() {
    let (database, taker) = (database().await, Taker::new("taker"));
    taker.refuse(true);
    let impatient = OutboxSettings { give_up_after: Duration::from_millis(100), ..settings() };
    let running = Running::start(outbox(&database, &[&taker], impatient));
    running.outbox.post(message(1)).await;
    until(async || has(&database, "given_up", 1).await).await;
    let unsent = operator::unsent(&database, 10).await.expect("an answer");
    assert_eq!(unsent[0].error.as_deref(), Some("the line is dead"));
    assert!(unsent[0].attempts > 1);
    running.stop().await;
}

#[tokio::test]
async fn it_holds_so_much_and_no_more() {
    let (database, taker) = (database().await, Taker::new("taker"));
    let small = OutboxSettings { capacity: 3, ..settings() };
    // Nobody sends.
    let outbox = outbox(&database, &[&taker], small);
    for number in 0..5 {
        outbox.post(message(number)).await;
    }
    assert!(has(&database, "waiting", 3).await);
    // What is there already is no message too many.
    outbox.post(message(0)).await;
    assert!(has(&database, "waiting", 3).await);
    let running = Running::start(outbox);
    until(async || has(&database, "sent", 3).await).await;
    assert_eq!(taker.took().len(), 3);
    running.stop().await;
}

#[tokio::test]
async fn old_rows_go() {
    let (database, taker) = (database().await, Taker::new("taker"));
    let forgetful = OutboxSettings { keep: Duration::ZERO, ..settings() };
    let running = Running::start(outbox(&database, &[&taker], forgetful.clone()));
    running.outbox.post(message(1)).await;
    until(async || has(&database, "sent", 1).await).await;
    running.stop().await;
    let running = Running::start(outbox(&database, &[&taker], forgetful));
    until(async || states(&database).await.is_empty()).await;
    running.stop().await;
}

#[tokio::test]
async fn without_destinations_nothing_is_kept() {
    let database = database().await;
    let outbox = outbox(&database, &[], settings());
    outbox.post(message(1)).await;
    assert!(states(&database).await.is_empty());
}
