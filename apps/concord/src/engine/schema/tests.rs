use serde_json::{Value, json};

use super::Schema;

fn problems(dimension: Value) -> Vec<String> {
    let problems = Schema::check("s", "1.0.0", &[dimension]);
    problems.into_iter().map(|problem| format!("{}: {}", problem.field, problem.code)).collect()
}

#[test]
fn dimensions_are_accepted() {
    let rows = [
        json!({"name": "a", "type": "string"}),
        json!({"name": "grösse_2", "type": "float", "min": "1", "max": 2, "unknown": []}),
        json!({"name": "a", "type": "integer", "required": "yes", "description": null}),
        json!({"name": "a", "type": "string", "min": 5, "max": 1}),
        json!({"name": "a", "type": "enum", "values": ["x"]}),
        json!({"name": "a", "type": "list", "item_type": "float"}),
        json!({"name": "a", "type": "part_layer_list"}),
        json!({"name": "a", "type": "part_layer_list", "part_vocabulary": ["x"]}),
    ];
    for row in rows {
        assert_eq!(problems(row.clone()), Vec::<String>::new(), "{row}");
    }
    assert!(Schema::check("s", "1.0.0", &[]).is_empty());
}

#[test]
fn dimensions_are_refused() {
    let rows = [
        (json!(5), "dimensions[0]: wrong_type"),
        (json!({"type": "string"}), "dimensions[0].name: missing"),
        (json!({"name": "a"}), "dimensions[0].type: missing"),
        (json!({"name": 5, "type": "string"}), "dimensions[0].name: wrong_type"),
        (json!({"name": "___", "type": "string"}), "dimensions[0].name: invalid_name"),
        (json!({"name": "a-b", "type": "string"}), "dimensions[0].name: invalid_name"),
        (json!({"name": "", "type": "string"}), "dimensions[0].name: invalid_name"),
        (json!({"name": "  ", "type": "string"}), "dimensions[0].name: invalid_name"),
        (json!({"name": "a", "type": "colour"}), "dimensions[0].type: unknown_type"),
        (json!({"name": "a", "type": "string", "required": "maybe"}), "dimensions[0].required: wrong_type"),
        (json!({"name": "a", "type": "string", "description": 5}), "dimensions[0].description: wrong_type"),
        (json!({"name": "a", "type": "integer", "min": 2, "max": 1}), "dimensions[0].min: invalid_range"),
        (json!({"name": "a", "type": "float", "min": "x"}), "dimensions[0].min: wrong_type"),
        (json!({"name": "a", "type": "enum"}), "dimensions[0].values: missing"),
        (json!({"name": "a", "type": "enum", "values": []}), "dimensions[0].values: missing"),
        (json!({"name": "a", "type": "string", "values": [1]}), "dimensions[0].values: wrong_type"),
        (json!({"name": "a", "type": "list"}), "dimensions[0].item_type: missing"),
        (json!({"name": "a", "type": "list", "item_type": "enum"}), "dimensions[0].item_type: unknown_type"),
        (
            json!({"name": "a", "type": "part_layer_list", "part_vocabulary": []}),
            "dimensions[0].part_vocabulary: missing",
        ),
    ];
    for (row, expected) in rows {
        assert_eq!(problems(row.clone()), [expected], "{row}");
    }
}

#[test]
fn name_and_version_are_checked() {
    let fields = |name, version| {
        Schema::check(name, version, &[]).into_iter().map(|problem| problem.field).collect::<Vec<_>>()
    };
    assert_eq!(fields(" ", "1.0.0"), ["name"]);
    for version in ["", "1", "1.0", "1.0.0.0", "1.0.x", "1..0", "v1.0.0", " 1.0.0"] {
        assert_eq!(fields("s", version), ["version"], "{version}");
    }
    let many = vec![json!({"name": "a", "type": "string"}); Schema::MOST_DIMENSIONS + 1];
    assert_eq!(Schema::check("s", "1.0.0", &many)[0].code, "too_many");
    let twice = [json!({"name": "a", "type": "string"}), json!({"name": "a", "type": "string"})];
    let problem = &Schema::check("s", "1.0.0", &twice)[0];
    assert_eq!((problem.field.as_str(), problem.code), ("dimensions[1].name", "duplicate"));
}

fn all_kinds() -> Schema {
    let dimensions = [
        json!({"name": "name", "type": "string", "required": true}),
        json!({"name": "count", "type": "integer", "min": 1, "max": 5}),
        json!({"name": "weight", "type": "float", "min": 0.5}),
        json!({"name": "on", "type": "boolean"}),
        json!({"name": "colour", "type": "enum", "values": ["red", "blue"]}),
        json!({"name": "tags", "type": "list", "item_type": "string"}),
        json!({"name": "sizes", "type": "list", "item_type": "float"}),
        json!({"name": "numbers", "type": "list", "item_type": "integer"}),
        json!({"name": "cover", "type": "part_layer_list", "part_vocabulary": ["arm"]}),
    ];
    Schema::compile("kinds", "1.0.0", &dimensions).unwrap()
}

#[test]
fn attributes_are_accepted() {
    let rows = [
        json!({}),
        json!({"count": 1, "weight": 1, "on": false, "colour": "red"}),
        json!({"count": 5, "weight": 0.5, "tags": [], "sizes": [1, 2.5], "numbers": [1, -1]}),
        json!({"count": null, "cover": null}),
        json!({"cover": [{"parts": [], "layer": 0, "extra": 1}, {"parts": ["arm", "arm"], "layer": 1.5}]}),
    ];
    for mut row in rows {
        row["name"] = json!("x");
        let report = all_kinds().check_attributes(row.as_object().unwrap());
        assert_eq!(report, super::AttributeReport::default(), "{row}");
    }
}

#[test]
fn a_long_list_does_not_make_a_long_report() {
    let (long, empty) = (vec![json!(1); 10_000], vec![json!({}); 10_000]);
    let row = json!({"name": "x", "tags": long, "cover": empty});
    let report = all_kinds().check_attributes(row.as_object().unwrap());
    assert_eq!(report.problems.len(), 40);
    assert_eq!(report.problems[39].field, "attributes.cover[19]");
}

#[test]
fn attributes_are_refused() {
    let rows = [
        (json!({"name": null}), "Dimension 'name' is required but got None"),
        (json!({"name": 5}), "Dimension 'name' must be a string, got int"),
        (json!({"count": 3.0}), "Dimension 'count' must be an integer, got float"),
        (json!({"count": true}), "Dimension 'count' must be an integer, got bool"),
        (json!({"count": 0}), "Dimension 'count' value 0 is less than the minimum 1"),
        (json!({"count": 6}), "Dimension 'count' value 6 is greater than the maximum 5"),
        (json!({"weight": "1"}), "Dimension 'weight' must be a number, got str"),
        (json!({"weight": true}), "Dimension 'weight' must be a number, got bool"),
        (json!({"weight": 0.25}), "Dimension 'weight' value 0.25 is less than the minimum 0.5"),
        (json!({"on": 1}), "Dimension 'on' must be a boolean, got int"),
        (json!({"colour": "green"}), "Dimension 'colour' value 'green' is not one of ['red', 'blue']"),
        (json!({"colour": 1}), "Dimension 'colour' must be a string, got int"),
        (json!({"tags": "x"}), "Dimension 'tags' must be a list, got str"),
        (json!({"tags": ["x", null]}), "Dimension 'tags' element 1 must be a string, got NoneType"),
        (json!({"sizes": [true]}), "Dimension 'sizes' element 0 must be a number, got bool"),
        (json!({"numbers": [1.0]}), "Dimension 'numbers' element 0 must be an integer, got float"),
        (json!({"cover": {}}), "Dimension 'cover' must be a list, got dict"),
        (
            json!({"cover": [1]}),
            "Dimension 'cover' entry 0 must be an object with 'parts' and 'layer', got int",
        ),
        (json!({"cover": [{"layer": 1}]}), "Dimension 'cover' entry 0 needs 'parts', a list of strings"),
        (
            json!({"cover": [{"parts": [1], "layer": 1}]}),
            "Dimension 'cover' entry 0 has a part that must be a string, got int",
        ),
        (
            json!({"cover": [{"parts": ["leg"], "layer": 1}]}),
            "Dimension 'cover' entry 0 names the part 'leg', which is not in the vocabulary",
        ),
        (json!({"cover": [{"parts": []}]}), "Dimension 'cover' entry 0 needs 'layer', a number"),
        (
            json!({"cover": [{"parts": [], "layer": true}]}),
            "Dimension 'cover' entry 0 needs 'layer', a number",
        ),
        (
            json!({"cover": [{"parts": [], "layer": -0.5}]}),
            "Dimension 'cover' entry 0 has the layer -0.5, which is less than 0",
        ),
    ];
    for (mut row, expected) in rows {
        if row.get("name").is_none() {
            row["name"] = json!("x");
        }
        let report = all_kinds().check_attributes(row.as_object().unwrap());
        let messages: Vec<_> = report.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, [expected], "{row}");
        assert!(report.warnings.is_empty());
    }
}

#[test]
fn missing_comes_first_and_undefined_is_a_warning() {
    let schema = all_kinds();
    let attributes = json!({"shape": 1, "count": 9});
    let refusals = schema.refusals(attributes.as_object().unwrap());
    let messages: Vec<_> = refusals.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "Required dimension 'name' is missing",
            "Dimension 'count' value 9 is greater than the maximum 5",
            "Attribute 'shape' is not defined in schema 'kinds'",
        ]
    );
}
