//! Evaluation: `/api/v1/evaluate`.

use mainstay::Routes;

use crate::service::Catalogues;

pub(super) fn routes() -> Routes<Catalogues> {
    Routes::at("/api/v1/evaluate")
}
