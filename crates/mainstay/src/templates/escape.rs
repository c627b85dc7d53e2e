//! How values are written, so that they stay values wherever they stand.

use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Error, ErrorKind, Output, State, escape_formatter, filters};

use super::globals::Field;

/// Writes a value into HTML.
///
/// The hidden field of a form is markup that we made ourselves; everything else is escaped, unless whoever made
/// the value says that it is markup. A block that switches escaping off is an error.
pub(super) fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if !matches!(state.auto_escape(), AutoEscape::Html) {
        return Err(Error::new(ErrorKind::InvalidOperation, "escaping cannot be switched off"));
    }
    match value.downcast_object_ref::<Field>() {
        Some(field) => out.write_fmt(format_args!("{}", field.markup())).map_err(Error::from),
        None => escape_formatter(out, state, value),
    }
}

/// JSON that ends neither a script block nor a line in one.
///
/// | character | written as |
/// |---|---|
/// | `<`, `>`, `&`, `'` | `\u003c`, `\u003e`, `\u0026`, `\u0027` |
/// | U+2028, U+2029: ends of lines for older browsers | `\u2028`, `\u2029` |
/// | `"`, `\`, control characters | as JSON demands |
///
/// So `</script>` and `<!--` cannot appear, nor an entity. It is JSON all the same, and means the same.
pub(super) fn tojson(value: &Value, indent: Option<Value>, options: Kwargs) -> Result<Value, Error> {
    let json = filters::tojson(value, indent, options)?;
    let text = json.as_str().unwrap_or_default();
    // Outside of strings JSON is ASCII, so these are inside, where an escape means the same.
    let text = text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    Ok(Value::from_safe_string(text))
}
