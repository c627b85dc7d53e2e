//! What it costs to limit: `cargo run --release -p mainstay --example limits_bench [KEYS]`.
//!
//! A flood of keys that nobody has seen before, 100 million unless another number is given, while one client keeps to its
//! rate and one does not; and then checks of buckets in memory over and over: few keys, many keys, several threads.

#![expect(clippy::print_stdout, reason = "a program that prints its measurements")]

use std::alloc::System;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use mainstay::Rate;
use mainstay::limits::{Charge, Charges, LimitKey, MemoryStore, Mode, Quota, Scope, Subject};
use mainstay_core::{Clock, Tasks};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// As `RATE_LIMIT_TABLE_SLOTS` is by itself.
const SLOTS: usize = 262_144;
const CHECKS: u64 = 10_000_000;
const FLOOD: u64 = 100_000_000;

/// As the default class has it, and as sign-ins have it.
const DEFAULT: Quota = Quota::of(Rate::per_minute(600));
const SMALL: Quota = Quota::of(Rate::per_minute(5));

/// Most of them are admitted: what is measured is the whole of a check.
const WIDE: Quota = Quota::of(Rate::per_second(1_000_000));

fn main() -> Result<(), Box<dyn Error>> {
    let flood = std::env::args().nth(1).map_or(Ok(FLOOD), |number| number.parse())?;
    // First, while no table was given back whose memory the next one would get.
    flooded(flood)?;
    measure("one key", 1);
    measure("1000 keys", 1_000);
    measure("100000 keys", 100_000);
    measure("100000 keys, refused", 0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(two_at_once())
}

/// The mean of many checks over so many keys; none stands for keys whose buckets are empty.
fn measure(what: &str, keys: u64) {
    let clock = Clock::system();
    let store = MemoryStore::new(SLOTS, clock.clone());
    let (keys, quota) = if keys == 0 { (100_000, SMALL) } else { (keys, WIDE) };
    let touch = |checks: u64| {
        (0..checks)
            .filter(|at| store.charge_now(&charges(scatter(at % keys), quota), Mode::Memory).is_admitted)
            .count()
    };
    black_box(touch(keys * 6));
    let region = Region::new(ALLOCATOR);
    let began = clock.now();
    let admitted = touch(CHECKS);
    let took = clock.now() - began;
    let allocations = region.change().allocations;
    println!(
        "{what}: mean {} ns, {allocations} allocations, {admitted} of {CHECKS} admitted",
        mean(took, CHECKS)
    );
}

async fn two_at_once() -> Result<(), Box<dyn Error>> {
    let clock = Clock::system();
    let store = Arc::new(MemoryStore::new(SLOTS, clock.clone()));
    let tasks = Tasks::new();
    let began = clock.now();
    let work = |thread: u64| {
        let store = Arc::clone(&store);
        move || {
            for at in 0..CHECKS {
                black_box(store.charge_now(&charges(scatter((at + thread) % 100_000), WIDE), Mode::Memory));
            }
        }
    };
    let threads = [tasks.spawn_blocking("checks", work(0)), tasks.spawn_blocking("checks", work(1))];
    for thread in threads {
        thread.await?;
    }
    let took = clock.now() - began;
    println!("100000 keys, two at once: mean {} ns", mean(took, CHECKS));
    Ok(())
}

/// A flood of keys, and what it does to memory and to those who were there before.
fn flooded(keys: u64) -> Result<(), Box<dyn Error>> {
    let clock = Clock::system();
    let store = MemoryStore::new(SLOTS, clock.clone());
    let go = |number: u128, quota| store.charge_now(&charges(number, quota), Mode::Memory).is_admitted;
    let (abuser, innocent) = (u128::MAX, u128::MAX - 1);
    while go(abuser, DEFAULT) {}
    // The innocent one asks once in a tenth of a second and has 600 in a minute: exactly its rate. It goes on as long as
    // a bucket of its own remembers it.
    let pace = Duration::from_nanos(DEFAULT.emission.unsigned_abs());
    let mut next = clock.now();
    let (mut asked, mut served, mut let_through) = (0_u64, 0_u64, 0_u64);
    let (before, began) = (resident_kib()?, clock.now());
    go(innocent, DEFAULT);
    for at in 0..keys {
        black_box(go(scatter(at), DEFAULT));
        // Looking at the clock costs as much as a check.
        if at % 64 == 0 {
            let_through += u64::from(go(abuser, DEFAULT));
            if clock.now() >= next {
                next += pace;
                asked += 1;
                served += u64::from(go(innocent, DEFAULT));
            }
        }
    }
    let took = clock.now() - began;
    let after = resident_kib()?;
    let due = took.as_nanos() / u128::from(DEFAULT.emission.unsigned_abs()) + 1;
    println!("flood: mean {} ns over {keys} keys in {took:?}", mean(took, keys));
    println!(
        "flood memory: {before} KiB before, {after} KiB after, the table is {} KiB at most",
        store.bytes() / 1024
    );
    println!("flood innocent: {served} of {asked} served");
    println!("flood abuser: {let_through} let through of {due} due");
    Ok(())
}

fn charges(number: u128, quota: Quota) -> Charges {
    let key =
        LimitKey { class: "default", scope: Scope::Address, subject: Subject::id(Uuid::from_u128(number)) };
    Charges::of(Charge { key, quota })
}

/// Spreads numbers over all keys.
fn scatter(number: impl Into<u128>) -> u128 {
    let number: u128 = number.into();
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn mean(took: Duration, count: u64) -> u128 {
    took.as_nanos() / u128::from(count.max(1))
}

fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?.parse()?)
}
