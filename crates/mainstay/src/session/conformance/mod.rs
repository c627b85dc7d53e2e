//! What every store of sessions must do, as checks that run on any of them.
//!
//! A new store is right when [`check_all`] returns:
//!
//! ```
//! # use std::sync::Arc;
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use mainstay::session::{MemoryStore, SessionStore, conformance};
//!
//! conformance::check_all(async || Arc::new(MemoryStore::new(10_000)) as Arc<dyn SessionStore>).await;
//! # }
//! ```

#![expect(clippy::expect_used, clippy::panic, reason = "a check ends where the store is wrong")]

mod change;
mod changes;
mod end;
mod race;
mod sample;
mod time;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::store::SessionStore;

/// One check, for a store that nobody else uses.
#[derive(Clone, Copy)]
pub struct Check {
    /// What holds.
    pub name: &'static str,
    /// Panics where it does not.
    pub run: fn(Arc<dyn SessionStore>) -> BoxFuture<'static, ()>,
}

/// Lists checks by the functions that make them.
macro_rules! checks {
    ($($module:ident: $($check:ident),+;)+) => {
        /// All checks.
        pub const CHECKS: &[Check] = &[$($(
            Check { name: stringify!($check), run: |store| Box::pin($module::$check(store)) }
        ),+),+];
    };
}

checks! {
    change:
        an_inserted_session_is_found_as_it_was,
        inserting_takes_no_name_twice,
        patches_of_different_values_are_both_kept,
        a_patch_that_depends_on_the_past_is_refused_when_that_has_changed,
        a_patch_without_room_changes_nothing,
        a_rotation_replaces_the_token_and_keeps_the_data,
        a_rotation_for_another_user_drops_the_data,
        a_rotation_takes_no_name_twice,
        a_rotation_that_depends_on_the_past_is_refused_when_that_has_changed;
    end:
        what_was_revoked_does_not_come_back,
        only_the_owner_revokes,
        a_session_is_revoked_whatever_its_token_is,
        revoking_all_ends_the_sessions_of_one_user,
        revoking_all_can_keep_one,
        revoking_everybody_ends_all_but_anonymous_sessions,
        what_revoking_all_has_ended_does_not_come_back,
        a_sign_in_of_an_earlier_epoch_is_refused,
        a_list_shows_the_live_sessions_of_one_user,
        the_sessions_that_were_seen_longest_ago_are_the_surplus;
    changes:
        what_was_changed_is_told_once_and_in_order,
        what_was_not_changed_is_not_told,
        more_changes_than_can_be_told_are_all,
        a_mark_of_another_time_is_all,
        no_change_is_passed_over_by_whoever_asks_meanwhile;
    time:
        a_touch_never_moves_back,
        many_are_touched_at_once,
        a_sweep_deletes_what_is_expired_and_nothing_else;
    race:
        patches_at_once_lose_nothing,
        counting_at_once_counts_right,
        one_of_two_rotations_wins,
        a_revoked_session_survives_no_race,
        a_sign_in_survives_no_revocation_of_all;
}

/// Runs all checks, each on a store of its own.
///
/// # Panics
///
/// When the store is wrong, with the names of the checks that say so.
pub async fn check_all(fresh: impl AsyncFn() -> Arc<dyn SessionStore>) {
    let mut failed = Vec::new();
    for check in CHECKS {
        let run = (check.run)(fresh().await);
        if AssertUnwindSafe(run).catch_unwind().await.is_err() {
            failed.push(check.name);
        }
    }
    assert!(failed.is_empty(), "the store fails: {failed:?}");
}
