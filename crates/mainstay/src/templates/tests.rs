//! What templates write, and that it stays what it was.

use axum::body::Body;
use http::{HeaderMap, Request, header};
use mainstay_core::{Clock, Secret};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Exchange;
use crate::accept::Peer;
use crate::controls::client::TrustedProxies;
use crate::controls::csrf::{Csrf, CsrfSettings, SessionShown};
use crate::controls::headers::PageNonce;
use crate::keys::Keys;
use crate::routes::RouteTable;

fn exchange() -> Exchange {
    let (head, _) = Request::new(Body::empty()).into_parts();
    let address = "192.0.2.1:4711".parse().unwrap();
    let peer = Peer { address, local: address };
    let clock = Clock::system();
    let exchange = Exchange::open(&head, &peer, RouteTable::default(), &TrustedProxies::default(), &clock);
    let keys = Keys::new(&Secret::new("a key"), &[]);
    let csrf = Csrf::new(&CsrfSettings::default(), "https://app.example.org", &keys, clock);
    csrf.open(&exchange, SessionShown::None, &HeaderMap::new());
    exchange
}

fn templates(name: &'static str, text: &'static str) -> Templates {
    Templates::of(&[(name, text)]).unwrap()
}

fn render_on(exchange: &Exchange, name: &'static str, text: &'static str, context: &Value) -> String {
    templates(name, text).render(name, context, &Globals::of(exchange.clone())).unwrap()
}

fn render(name: &'static str, text: &'static str, context: &Value) -> String {
    render_on(&exchange(), name, text, context)
}

/// Why a template is refused, cause included.
fn error(name: &'static str, text: &'static str) -> String {
    let result = templates(name, text).render(name, json!({"a": "<"}), &Globals::of(exchange()));
    let TemplateError::Render { source, .. } = result.unwrap_err() else { panic!("not a render error") };
    source.to_string()
}

#[test]
fn every_template_is_html() {
    let context = json!({"a": "<b>\"'&"});
    for name in ["a.html", "a", "a.txt", "a.js", "a.json"] {
        assert_eq!(render(name, "{{ a }}", &context), "&lt;b&gt;&quot;&#x27;&amp;", "{name}");
    }
}

#[test]
fn templates_stand_on_each_other() {
    let templates = Templates::of(&[
        ("layout.html", "<main>{% block main %}{% endblock %}</main>"),
        ("item.html", "<i>{{ a }}</i>"),
        ("fields.html", "{% macro input(name) %}<input name=\"{{ name }}\">{% endmacro %}"),
        (
            "page.html",
            "{% extends 'layout.html' %}{% from 'fields.html' import input %}\
             {% block main %}{% include 'item.html' %}{{ input(a) }}{% endblock %}",
        ),
    ]);
    let page = templates.unwrap().render("page.html", json!({"a": "<"}), &Globals::of(exchange()));
    assert_eq!(page.unwrap(), "<main><i>&lt;</i><input name=\"&lt;\"></main>");
}

#[test]
fn nothing_switches_escaping_off() {
    for text in [
        "{% autoescape false %}{{ a }}{% endautoescape %}",
        "{% autoescape 'json' %}{{ a }}{% endautoescape %}",
    ] {
        assert!(error("a.html", text).contains("cannot be switched off"), "{text}");
    }
    assert!(error("a.html", "{{ a|safe }}").contains("safe"));
}

#[test]
fn what_is_spelled_wrong_is_an_error() {
    assert!(error("a.html", "{{ b }}").contains("undefined"));
    assert_eq!(render("a.html", "{% if b %}x{% endif %}", &json!({})), "");
    assert!(matches!(Templates::of(&[("a.html", "{% if %}")]), Err(TemplateError::Syntax { .. })));
    let missing = templates("a.html", "").render("b.html", (), &Globals::of(exchange()));
    assert!(matches!(missing, Err(TemplateError::Render { .. })));
}

#[test]
fn globals_are_made_where_they_are_used() {
    let exchange = exchange();
    assert_eq!(render_on(&exchange, "a.html", "{% if csrf_token and nonce %}x{% endif %}", &json!({})), "x");
    let mut headers = HeaderMap::new();
    exchange.token_desk().seal(&mut headers);
    assert!(headers.is_empty() && exchange.nonce_slot().used().is_none(), "named, but not written");

    let field = render_on(&exchange, "a.html", "{{ csrf_field }}", &json!({}));
    let token = field.strip_prefix(r#"<input type="hidden" name="csrf_token" value=""#).unwrap();
    assert_eq!(token.strip_suffix(r#"">"#).unwrap().len(), 64);
    let pair = render_on(&exchange, "a.html", "{{ csrf_token }} {{ csrf_token }}", &json!({}));
    let (one, other) = pair.split_once(' ').unwrap();
    assert!(one.len() == 64 && one != other, "masked each time");
    exchange.token_desk().seal(&mut headers);
    assert!(headers[header::SET_COOKIE].to_str().unwrap().starts_with("__Host-csrf="));
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");

    let pair = render_on(&exchange, "a.html", "{{ nonce }} {{ nonce }}", &json!({}));
    let nonce = exchange.nonce_slot().used().map(PageNonce::as_str).unwrap();
    assert_eq!(pair.replace("&#x2f;", "/"), format!("{nonce} {nonce}"), "one for the whole page");
}

#[test]
fn no_context_takes_the_place_of_a_global() {
    let context = json!({"csrf_token": "planted", "csrf_field": "planted", "nonce": "planted", "a": 1});
    let text = render("a.html", "{{ csrf_token }}{{ csrf_field }}{{ nonce }}{{ a }}", &context);
    assert!(!text.contains("planted") && text.ends_with('1'));
    let named = templates("a.html", "{{ site }} {{ nonce }}")
        .with_global("site", "x")
        .with_global("nonce", "planted");
    let text = named.render("a.html", (), &Globals::of(exchange())).unwrap();
    assert!(text.starts_with("x ") && !text.contains("planted"));
}

#[test]
fn a_field_is_markup_by_itself_alone() {
    assert!(render("a.html", "{{ csrf_field ~ '<' }}", &json!({})).starts_with("&lt;input"));
    assert!(render("a.html", "{{ csrf_field|tojson }}", &json!({})).starts_with("\"\\u003cinput"));
    assert!(render("a.html", "{{ csrf_token|tojson }}", &json!({})).starts_with('"'));
}

#[test]
fn files_are_found_in_their_folders() {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "src/templates/samples"]
    struct Files;

    let templates = Templates::embedded::<Files>().unwrap();
    let page = templates.render("greeting/hello.html", json!({"name": "<you>"}), &Globals::of(exchange()));
    assert_eq!(page.unwrap(), "<main><p>Hello, &lt;you&gt;!</p></main>");
    assert!(templates.environment.get_template(".draft.html").is_err(), "hidden files are left out");
}

/// Undoes the escapes of HTML.
fn unescape(text: &str) -> String {
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// Texts that break out of something, between any others.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("</script>"),
        Just("</SCRIPT "),
        Just("<!--"),
        Just("-->"),
        Just("<script>"),
        Just("]]>"),
        Just("\u{2028}"),
        Just("\u{2029}"),
        Just("&quot;"),
        Just("&#x27;"),
        Just("\\"),
        Just("\""),
        Just("'"),
        Just("\\u003c"),
        Just("{{ a }}"),
        Just("{% raw %}"),
        Just("\0"),
        Just("\u{feff}"),
        Just("\r\n"),
    ];
    let piece = prop_oneof![pieces.prop_map(str::to_owned), any::<String>(), "[ -~]{0,4}"];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        hostile().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(hostile(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_stays_json_in_a_script_block(value in tree()) {
        const OPEN: &str = r#"<script type="application/json">"#;
        const CLOSE: &str = "</script>";
        for text in [
            r#"<script type="application/json">{{ a|tojson }}</script>"#,
            r#"<script type="application/json">{{ a|tojson(indent=2) }}</script>"#,
        ] {
            let page = render("a.html", text, &json!({"a": value}));
            let inner = page.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)).unwrap();
            let is_harmless = !inner.contains(['<', '>', '&', '\'', '\u{2028}', '\u{2029}']);
            prop_assert!(is_harmless, "{}", inner);
            prop_assert_eq!(serde_json::from_str::<Value>(inner).unwrap(), value.clone());
        }
    }

    #[test]
    fn json_stays_json_in_a_script(value in hostile()) {
        let page = render("a.html", "<script>let a = {{ a|tojson }};</script>", &json!({"a": value}));
        prop_assert_eq!(page.to_ascii_lowercase().matches("</script").count(), 1);
        prop_assert!(!page.contains("<!--"));
        let literal = page.strip_prefix("<script>let a = ").and_then(|rest| rest.strip_suffix(";</script>")).unwrap();
        let is_one_line = !literal.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
        prop_assert!(is_one_line);
        prop_assert_eq!(serde_json::from_str::<String>(literal).unwrap(), value);
    }

    #[test]
    fn text_stays_text(value in hostile()) {
        let page = render("a.html", "<p title=\"{{ a }}\" lang='{{ a }}'>{{ a }}</p>", &json!({"a": value}));
        let (title, rest) = page.strip_prefix("<p title=\"").unwrap().split_once('"').unwrap();
        let (lang, rest) = rest.strip_prefix(" lang='").unwrap().split_once('\'').unwrap();
        let (text, rest) = rest.strip_prefix('>').unwrap().split_once('<').unwrap();
        prop_assert_eq!(rest, "/p>");
        for part in [title, lang, text] {
            prop_assert_eq!(unescape(part), value.clone());
        }
    }
}
