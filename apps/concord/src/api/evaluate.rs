//! Evaluation: `/api/v1/evaluate`.
