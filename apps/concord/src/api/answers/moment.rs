//! When something was.

use jiff::Timestamp;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Serialize, Serializer};

/// A moment: UTC with offset, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) struct Moment(pub(in crate::api) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"))
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_their_offset() {
        let moment = Moment(Timestamp::from_microsecond(1_500_000).unwrap());
        assert_eq!(serde_json::to_value(moment).unwrap(), "1970-01-01T00:00:01.500000+00:00");
    }
}
