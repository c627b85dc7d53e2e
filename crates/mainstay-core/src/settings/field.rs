//! One field: what it is for, what it may be, what it is.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::{Bound, RangeBounds};

use super::reader::{self, Reader};
use super::source::Source;
use super::value::Setting;

/// A heading above related fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// One sentence on what the fields below are about.
    pub sentence: &'static str,
}

/// All that is known of a field once it was read: its documentation and its effective value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Field {
    /// The name that operators write.
    pub name: Cow<'static, str>,
    /// The heading it stands under.
    pub group: Group,
    /// What it is for.
    pub doc: Cow<'static, str>,
    /// The kind of value in one word.
    pub kind: &'static str,
    /// What a value looks like.
    pub expected: String,
    /// All values, if they can be listed.
    pub choices: Vec<&'static str>,
    /// What holds when nobody gives a value.
    pub default: Option<String>,
    /// What holds in staging and production, where that differs.
    pub default_strict: Option<String>,
    /// What happens without a value, in words.
    pub default_text: Option<&'static str>,
    /// The smallest value.
    pub minimum: Option<String>,
    /// The largest value.
    pub maximum: Option<String>,
    /// What goes wrong when it is too low.
    pub too_low: Option<&'static str>,
    /// What goes wrong when it is too high.
    pub too_high: Option<&'static str>,
    /// Other names that are understood.
    pub aliases: Vec<&'static str>,
    /// Whether the value is never shown.
    pub secret: bool,
    /// Whether staging and production do not start without it.
    pub required_in_strict: bool,
    /// A value to show in examples.
    pub example: Option<&'static str>,
    /// How one gets a value.
    pub cure: Option<&'static str>,
    /// What a plain number counts: connections, bytes, …
    pub unit: Option<&'static str>,
    /// The effective value, redacted; `None` when there is none.
    pub value: Option<String>,
    /// Where the effective value came from.
    pub source: Source,
}

/// A field that is being described; ends with one of the functions that read it.
#[must_use = "a field is only read by `read`, `optional` or `required_in_strict`"]
pub struct FieldBuilder<'r, 'a, T, D = NoDefault> {
    reader: &'r mut Reader<'a>,
    field: Field,
    range: Option<Range<T>>,
    default: D,
}

/// The field has no default (yet).
pub struct NoDefault;

/// The field has a default.
pub struct Defaulted<T> {
    value: T,
    strict: Option<T>,
}

/// The bounds of a value. The comparison rides along, so that fields without bounds need no order.
pub(super) struct Range<T> {
    low: Bound<T>,
    high: Bound<T>,
    compare: fn(&T, &T) -> Option<Ordering>,
}

/// On which side of its range a value lies outside.
pub(super) enum Outside<'a, T> {
    Below(&'a T),
    Above(&'a T),
}

impl<'r, 'a, T: Setting> FieldBuilder<'r, 'a, T> {
    pub(super) fn new(reader: &'r mut Reader<'a>, name: Cow<'static, str>, group: Group) -> Self {
        let field = Field {
            name,
            group,
            doc: Cow::Borrowed(""),
            kind: T::kind(),
            expected: T::expected(),
            choices: T::choices(),
            default: None,
            default_strict: None,
            default_text: None,
            minimum: None,
            maximum: None,
            too_low: None,
            too_high: None,
            aliases: Vec::new(),
            secret: T::SECRET,
            required_in_strict: false,
            example: None,
            cure: None,
            unit: None,
            value: None,
            source: Source::Default,
        };
        Self { reader, field, range: None, default: NoDefault }
    }

    /// The value when nobody gives one.
    pub fn default(mut self, value: T) -> FieldBuilder<'r, 'a, T, Defaulted<T>> {
        self.field.default = Some(value.show());
        let default = Defaulted { value, strict: None };
        FieldBuilder { reader: self.reader, field: self.field, range: self.range, default }
    }

    /// Says in words what happens without a value: "generated per start".
    pub fn default_text(mut self, text: &'static str) -> Self {
        self.field.default_text = Some(text);
        self
    }

    /// Reads the value; none or an empty one is `None`.
    pub fn optional(mut self) -> Option<T> {
        let value = self.reader.settle(&mut self.field, self.range.as_ref(), true);
        self.reader.remember(self.field);
        value
    }

    /// Reads the value; none or an empty one is `None`, and in staging and production also a problem.
    pub fn required_in_strict(mut self) -> Option<T> {
        self.field.required_in_strict = true;
        self.optional()
    }
}

impl<T: Setting> FieldBuilder<'_, '_, T, Defaulted<T>> {
    /// The value when nobody gives one in staging or production.
    pub fn default_strict(mut self, value: T) -> Self {
        self.field.default_strict = Some(value.show());
        self.default.strict = Some(value);
        self
    }

    /// Reads the value, or takes the default: also when what was given is wrong, which is then a problem.
    pub fn read(mut self) -> T {
        let given = self.reader.settle(&mut self.field, self.range.as_ref(), false);
        let Defaulted { value, strict } = self.default;
        let value = given.unwrap_or_else(|| strict.filter(|_| self.reader.strict()).unwrap_or(value));
        self.field.value = Some(reader::shown(&value.show(), &self.field));
        self.reader.remember(self.field);
        value
    }
}

impl<T: Setting, D> FieldBuilder<'_, '_, T, D> {
    /// What it is for: one or two sentences.
    pub fn doc(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.field.doc = text.into();
        self
    }

    /// The smallest and the largest value.
    pub fn bounds(mut self, range: impl RangeBounds<T>) -> Self
    where
        T: PartialOrd,
    {
        let range = Range {
            low: range.start_bound().cloned(),
            high: range.end_bound().cloned(),
            compare: T::partial_cmp,
        };
        self.field.minimum = shown(&range.low);
        self.field.maximum = shown(&range.high);
        self.range = Some(range);
        self
    }

    /// What goes wrong when it is too low: lower case, no full stop.
    pub fn too_low(mut self, text: &'static str) -> Self {
        self.field.too_low = Some(text);
        self
    }

    /// What goes wrong when it is too high: lower case, no full stop.
    pub fn too_high(mut self, text: &'static str) -> Self {
        self.field.too_high = Some(text);
        self
    }

    /// Another name that is understood, and reported as an alias.
    pub fn alias(mut self, name: &'static str) -> Self {
        self.field.aliases.push(name);
        self
    }

    /// Never shows the value.
    pub fn secret(mut self) -> Self {
        self.field.secret = true;
        self
    }

    /// A value to show in examples. Not for secrets: what stands in an example is known to everyone.
    pub fn example(mut self, text: &'static str) -> Self {
        self.field.example = Some(text);
        self
    }

    /// How one gets a value, for those who have none: "put the output of … into …".
    pub fn cure(mut self, text: &'static str) -> Self {
        self.field.cure = Some(text);
        self
    }

    /// What a plain number counts: "connections".
    pub fn unit(mut self, text: &'static str) -> Self {
        self.field.unit = Some(text);
        self
    }
}

impl<T> Range<T> {
    /// The bound that a value breaks, if any.
    pub(super) fn broken_by(&self, value: &T) -> Option<Outside<'_, T>> {
        let order = |bound| (self.compare)(value, bound);
        match (&self.low, &self.high) {
            (Bound::Included(low), _) if order(low).is_none_or(Ordering::is_lt) => Some(Outside::Below(low)),
            (Bound::Excluded(low), _) if order(low).is_none_or(Ordering::is_le) => Some(Outside::Below(low)),
            (_, Bound::Included(high)) if order(high).is_none_or(Ordering::is_gt) => {
                Some(Outside::Above(high))
            }
            (_, Bound::Excluded(high)) if order(high).is_none_or(Ordering::is_ge) => {
                Some(Outside::Above(high))
            }
            _ => None,
        }
    }
}

fn shown<T: Setting>(bound: &Bound<T>) -> Option<String> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(value.show()),
        Bound::Unbounded => None,
    }
}
