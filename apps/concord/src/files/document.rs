//! What a file of each kind holds: the fields of the export objects.

use serde_json::{Map, Value};

/// A schema.
#[derive(Clone, Debug)]
pub struct SchemaFile {
    /// The name.
    pub name: String,
    /// The version, such as `1.0.0`.
    pub version: String,
    /// The dimensions.
    pub dimensions: Vec<Value>,
}

/// A pairwise ruleset.
#[derive(Clone, Debug)]
pub struct RulesFile {
    /// The name.
    pub name: String,
    /// The version, such as `1.0.0`.
    pub version: String,
    /// The schema's name.
    pub schema_ref: String,
    /// The rules.
    pub rules: Vec<Value>,
}

/// A cluster ruleset.
#[derive(Clone, Debug)]
pub struct ClusterRulesFile {
    /// The name.
    pub name: String,
    /// The rules.
    pub rules: Vec<Value>,
}

/// A catalogue.
#[derive(Clone, Debug)]
pub struct CatalogFile {
    /// The name.
    pub name: String,
    /// The schema's name.
    pub schema_ref: String,
    /// The items.
    pub items: Vec<FileItem>,
}

/// An item of a catalogue.
#[derive(Clone, Debug)]
pub struct FileItem {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The attributes.
    pub attributes: Map<String, Value>,
}

/// What is wrong with a document: one line for each problem.
type Problems = Vec<String>;

impl SchemaFile {
    /// Reads a schema.
    ///
    /// # Errors
    ///
    /// Fields that are missing or of a wrong type.
    pub fn read(value: &Value) -> Result<Self, Problems> {
        let mut fields = Fields::of(value);
        let file = Self {
            name: fields.string("name"),
            version: fields.string("version"),
            dimensions: fields.list("dimensions"),
        };
        fields.finish(file)
    }
}

impl RulesFile {
    /// Reads a pairwise ruleset.
    ///
    /// # Errors
    ///
    /// Fields that are missing or of a wrong type.
    pub fn read(value: &Value) -> Result<Self, Problems> {
        let mut fields = Fields::of(value);
        let file = Self {
            name: fields.string("name"),
            version: fields.string("version"),
            schema_ref: fields.reference("schema_ref", "schema_name"),
            rules: fields.list("rules"),
        };
        fields.finish(file)
    }
}

impl ClusterRulesFile {
    /// Reads a cluster ruleset.
    ///
    /// # Errors
    ///
    /// Fields that are missing or of a wrong type.
    pub fn read(value: &Value) -> Result<Self, Problems> {
        let mut fields = Fields::of(value);
        let file = Self { name: fields.string("name"), rules: fields.list("rules") };
        fields.finish(file)
    }
}

impl CatalogFile {
    /// Reads a catalogue; `items` may be absent.
    ///
    /// # Errors
    ///
    /// Fields that are missing or of a wrong type, in the catalogue or in any item.
    pub fn read(value: &Value) -> Result<Self, Problems> {
        let mut fields = Fields::of(value);
        let name = fields.string("name");
        let schema_ref = fields.reference("schema_ref", "schema_name");
        let values = if value.get("items").is_some() { fields.list("items") } else { Vec::new() };
        let mut items = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let mut item = Fields { value, place: format!("items[{index}]."), problems: Vec::new() };
            items.push(FileItem {
                id: item.string("id"),
                name: item.string("name"),
                attributes: item.object("attributes"),
            });
            fields.problems.append(&mut item.problems);
        }
        fields.finish(Self { name, schema_ref, items })
    }
}

/// The fields of an object while they are read. A field that is not usable is noted, and read as empty.
struct Fields<'a> {
    value: &'a Value,
    /// What stands before the name of a field in a problem.
    place: String,
    problems: Problems,
}

impl<'a> Fields<'a> {
    fn of(value: &'a Value) -> Self {
        Self { value, place: String::new(), problems: Vec::new() }
    }

    fn finish<T>(self, document: T) -> Result<T, Problems> {
        if self.problems.is_empty() { Ok(document) } else { Err(self.problems) }
    }

    fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let field = self.value.get(name).filter(|field| !field.is_null());
        let result = field.and_then(read);
        if result.is_none() {
            let place = &self.place;
            self.problems.push(match field {
                None => format!("'{place}{name}' is missing"),
                Some(_) => format!("'{place}{name}' must be {expected}"),
            });
        }
        result
    }

    fn string(&mut self, name: &str) -> String {
        self.read(name, "a string", Value::as_str).unwrap_or_default().into()
    }

    fn list(&mut self, name: &str) -> Vec<Value> {
        self.read(name, "a list", Value::as_array).cloned().unwrap_or_default()
    }

    fn object(&mut self, name: &str) -> Map<String, Value> {
        self.read(name, "an object", Value::as_object).cloned().unwrap_or_default()
    }

    /// A reference that has two names; the first one that is not empty counts.
    fn reference(&mut self, name: &str, other: &str) -> String {
        let named = |name| self.value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        match named(name).or_else(|| named(other)) {
            Some(reference) => reference.into(),
            None => self.string(name),
        }
    }
}
