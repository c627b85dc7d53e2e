//! The prepared statements of one connection.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio_postgres::Statement;

/// Most statements that one connection keeps. The oldest gives way: which are used most is known to nobody, and
/// preparing one anew costs a round trip.
const CAPACITY: usize = 256;

#[derive(Default)]
pub(super) struct Statements {
    by_text: HashMap<Arc<str>, Statement>,
    in_order: VecDeque<Arc<str>>,
}

impl Statements {
    pub(super) fn get(&self, sql: &str) -> Option<Statement> {
        self.by_text.get(sql).cloned()
    }

    pub(super) fn keep(&mut self, sql: &str, statement: Statement) {
        if self.by_text.len() >= CAPACITY
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.by_text.remove(&oldest);
        }
        let sql: Arc<str> = sql.into();
        if self.by_text.insert(Arc::clone(&sql), statement).is_none() {
            self.in_order.push_back(sql);
        }
    }

    /// Forgets all: the schema has changed under them.
    pub(super) fn clear(&mut self) {
        self.by_text.clear();
        self.in_order.clear();
    }
}
