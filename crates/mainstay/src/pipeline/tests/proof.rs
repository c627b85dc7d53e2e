//! What happens when a control did not run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::any;
use mainstay_core::settings::Setting as _;

use super::*;
use crate::routes::Row;
use crate::telemetry::log::{Captured, LogFilter, LogFormat, LogSettings, Logging};

/// An edge whose router somebody put together by hand.
struct ByHand {
    edge: Edge,
    metrics: Metrics,
    called: Arc<AtomicUsize>,
}

impl ByHand {
    /// Serves `/` by a handler behind what `guarded` makes of it.
    fn new(guarded: impl FnOnce(&Edge, axum::routing::MethodRouter) -> axum::routing::MethodRouter) -> Self {
        let (metrics, called) = (Metrics::new(), Arc::new(AtomicUsize::new(0)));
        let defences = Defences::for_nobody(RequestSettings::default(), Clock::system());
        let edge = Edge::new(defences, Clock::system(), metrics.http().clone());
        let counter = Arc::clone(&called);
        let handler = any(async move || {
            counter.fetch_add(1, Ordering::Relaxed);
            "done"
        });
        edge.install_as_it_is(Router::new().route("/", guarded(&edge, handler)));
        Self { edge, metrics, called }
    }

    /// Behind the guard of a row that demands `beyond` what the guard has been told to check.
    fn demanding(beyond: &[Control]) -> Self {
        Self::new(|edge, handler| {
            let mut row = Row::unmatched(&RequestSettings::default(), Metrics::new().http());
            row.demanded = beyond.iter().fold(row.demanded, |all, control| all.with(*control));
            handler.layer(edge.guard().with(Arc::new(row)))
        })
    }

    /// Status, code, what was logged, and how often a stamp has been missing so far.
    async fn ask(&self, path: &str) -> (u16, String, String, u64) {
        let lines = Captured::default();
        let settings = LogSettings { filter: LogFilter::parse("info").unwrap(), format: LogFormat::Json };
        let logging = Logging::new(&settings, &Clock::system(), lines.clone());
        let answer = {
            let _here = tracing::subscriber::set_default(logging.subscriber());
            get(&self.edge, path).await
        };
        let code = if answer.status == 200 { String::new() } else { answer.code() };
        let metrics = self.metrics.render();
        let count = metrics.lines().find_map(|line| line.strip_prefix("control_stamp_missing_total "));
        (answer.status.as_u16(), code, lines.text(), count.unwrap().parse().unwrap())
    }
}

#[tokio::test]
async fn a_request_with_every_stamp_passes() {
    let by_hand = ByHand::demanding(&[]);
    let (status, _, log, missing) = by_hand.ask("/").await;
    assert_eq!((status, missing, by_hand.called.load(Ordering::Relaxed)), (200, 0, 1), "{log}");
    assert!(!log.contains("CRITICAL"), "{log}");
}

#[tokio::test]
async fn no_handler_runs_while_a_stamp_is_missing() {
    for beyond in [Control::Session, Control::Csrf, Control::Role] {
        let by_hand = ByHand::demanding(&[beyond]);
        let (status, code, log, missing) = by_hand.ask("/").await;
        assert_eq!((status, code.as_str(), missing), (500, "internal_error", 1), "{beyond:?}");
        assert_eq!(by_hand.called.load(Ordering::Relaxed), 0, "{beyond:?}");
        assert!(log.contains(r#""level":"CRITICAL""#), "{log}");
        assert!(log.contains(&format!(r#""missing":"{}""#, beyond.as_str())), "{log}");
        assert!(log.contains(r#""route":"ANY (unmatched)""#), "{log}");
    }
}

#[tokio::test]
async fn what_stands_behind_no_guard_answers_nobody() {
    let by_hand = ByHand::new(|_, handler| handler);
    for (path, count) in [("/", 1), ("/what-a-router-refuses-by-itself", 2)] {
        let (status, code, log, missing) = by_hand.ask(path).await;
        assert_eq!((status, code.as_str(), missing), (500, "internal_error", count), "{path}");
        assert!(log.contains(r#""level":"CRITICAL""#), "{log}");
        assert!(log.contains(r#""missing":"host, cors, "#), "{log}");
    }
}
