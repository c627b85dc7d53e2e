//! However routes are put together, none of them escapes its guard.
//!
//! Routes in random trees (merged, nested, given a state before others are added, mounted as foreign routers), each
//! with a random policy. What must come of a request is computed from the policy alone, by a model that knows nothing
//! of the pipeline; each handler leaves its number when it is reached, and answers the stamps that it found.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{FromRequestParts, Request as Call};
use axum::routing::{MethodFilter, on};
use mainstay_core::{Secret, Tasks};
use mainstay_db::{Database, DatabaseSettings, MigratedBy};
use proptest::prelude::*;

use super::*;
use crate::admission::{Admission, AdmissionSettings};
use crate::controls::ControlSet;
use crate::controls::cors::{AllowedOrigin, CorsSettings};
use crate::controls::headers::HstsSettings;
use crate::controls::origin::Origin;
use crate::identity::{ApiTokens, Callers, NewApiToken, People, Users};
use crate::keys::Keys;
use crate::limits::LimitSettings;
use crate::pipeline::DefenceParts;
use crate::routes::{Auth, Role};
use crate::session::{MemoryStore, SessionCookie, SessionParts, SessionSettings, Sessions};
use crate::{Class, CsrfSettings, Rate};

const FRIEND: &str = "https://friend.example";
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What a route demands, as it was drawn.
#[derive(Clone, Debug)]
struct Demand {
    auth: Auth,
    waived: Vec<Control>,
}

/// A tree of routes.
#[derive(Clone, Debug)]
enum Tree {
    /// A handler.
    Route(Method, Demand),
    /// A router of axum's with handlers for these methods, below a path or, once in a service, below none.
    Mounted(Vec<Method>, Demand),
    Merged(Box<Tree>, Box<Tree>),
    Nested(Box<Tree>),
    /// The second is added to the first after it has been given its state.
    Late(Box<Tree>, Box<Tree>),
}

/// A request that leads to a handler.
#[derive(Clone, Debug)]
struct Way {
    /// The number that the handler leaves.
    number: usize,
    method: Method,
    path: String,
    demand: Demand,
    is_mounted: bool,
}

/// What the composition is made of, and what it is to become.
#[derive(Default)]
struct Plan {
    ways: Vec<Way>,
    count: usize,
    reached: Reached,
}

/// The numbers of the handlers that were reached since somebody asked last.
#[derive(Clone, Default)]
struct Reached(Arc<Mutex<Vec<usize>>>);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Program(Role),
    /// A program that brings a session cookie too, and no token against forgery.
    ProgramWithCookie(Role),
}

impl Reached {
    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// A handler that leaves its number, and answers the stamps that it found.
    fn handler(&self, number: usize) -> impl Fn(Exchange) -> std::future::Ready<Json<Value>> + Clone + use<> {
        let reached = self.clone();
        move |exchange: Exchange| {
            reached.0.lock().unwrap().push(number);
            let limit = exchange.deadline().map(|deadline| deadline - exchange.received());
            std::future::ready(Json(json!({
                "number": number,
                "stamps": exchange.stamps().iter().map(Control::as_str).collect::<Vec<_>>(),
                "limit_ms": limit.map(|limit| u64::try_from(limit.as_millis()).unwrap()),
            })))
        }
    }
}

impl Plan {
    /// Makes the routes of a tree, and notes every way into them.
    fn build(&mut self, tree: &Tree, prefix: &str) -> Routes {
        match tree {
            Tree::Route(method, demand) => {
                let path = format!("/r{}", self.count);
                let number = self.note(method, format!("{prefix}{path}"), demand, false);
                demand.say(register(Routes::new(), method, &path, self.reached.handler(number)))
            }
            Tree::Mounted(methods, demand) => {
                let place = format!("/m{}", self.count);
                let router = self.foreign(methods, &format!("{prefix}{place}"), demand);
                demand.say(Routes::new().mount(&place, router))
            }
            Tree::Merged(one, other) => self.build(one, prefix).merge(self.build(other, prefix)),
            Tree::Nested(inner) => {
                let place = format!("/n{}/{{id}}", self.count);
                self.count += 1;
                let inner = self.build(inner, &format!("{prefix}{}", place.replace("{id}", "7")));
                Routes::new().nest(&place, inner)
            }
            Tree::Late(early, late) => {
                let early: Routes = self.build(early, prefix).with_state(());
                early.merge(self.build(late, prefix).with_state(()))
            }
        }
    }

    /// A router that knows nothing of ours: plain and nested routes, and a fallback that answers 200.
    fn foreign(&mut self, methods: &[Method], place: &str, demand: &Demand) -> Router {
        let mut router = Router::new();
        let mut inner = Router::new();
        for method in methods {
            let filter = MethodFilter::try_from(method.clone()).unwrap();
            let path = format!("/f{}", self.count);
            let number = self.note(method, format!("{place}{path}"), demand, true);
            router = router.route(&path, on(filter, self.reached.handler(number)));
            let number = self.note(method, format!("{place}/inner/x{path}"), demand, true);
            inner = inner.route(&format!("/{{any}}{path}"), on(filter, self.reached.handler(number)));
        }
        let number = self.note(&Method::GET, format!("{place}/what/ever"), demand, true);
        let home = self.note(&Method::GET, place.to_owned(), demand, true);
        let answer = self.reached.handler(number);
        let fallback = async move |call: Call| {
            let (mut head, _) = call.into_parts();
            let exchange = Exchange::from_request_parts(&mut head, &()).await.unwrap();
            answer(exchange).await
        };
        let router = router.nest("/inner", inner).fallback(fallback);
        router.route("/", on(MethodFilter::GET, self.reached.handler(home)))
    }

    fn note(&mut self, method: &Method, path: String, demand: &Demand, is_mounted: bool) -> usize {
        let number = self.count;
        let path = if path.is_empty() { "/".to_owned() } else { path };
        self.ways.push(Way { number, method: method.clone(), path, demand: demand.clone(), is_mounted });
        self.count += 1;
        number
    }
}

fn register(
    routes: Routes,
    method: &Method,
    path: &str,
    handler: impl Fn(Exchange) -> std::future::Ready<Json<Value>> + Clone + Send + Sync + 'static,
) -> Routes {
    match *method {
        Method::GET => routes.get(path, handler),
        Method::POST => routes.post(path, handler),
        Method::PUT => routes.put(path, handler),
        Method::PATCH => routes.patch(path, handler),
        _ => routes.delete(path, handler),
    }
}

impl Demand {
    /// Says it of the route registered last.
    fn say(&self, routes: Routes) -> Routes {
        let routes = match self.auth {
            Auth::Public => routes.public(),
            Auth::SignedIn => routes.signed_in(),
            // The default is said by saying nothing.
            Auth::Role(Role::Operator) => routes,
            Auth::Role(role) => routes.role(role),
        };
        self.waived.iter().fold(routes, |routes, control| routes.waive(*control, "drawn"))
    }

    fn waives(&self, control: Control) -> bool {
        self.waived.contains(&control)
    }

    /// The status that a request gets before any handler, or 200.
    fn verdict(&self, method: &Method, who: Who) -> u16 {
        let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        let is_public = self.auth == Auth::Public;
        let is_asked = !self.waives(Control::Session);
        let forged = match who {
            Who::Nobody => is_public,
            Who::Program(_) => false,
            // Judged by the cookie, where anybody looks for one.
            Who::ProgramWithCookie(_) => is_asked,
        };
        if changes && forged && !self.waives(Control::Csrf) {
            return 403;
        }
        let role = match who {
            Who::Program(role) | Who::ProgramWithCookie(role) if is_asked => Some(role),
            _ => None,
        };
        match (self.auth, role) {
            _ if self.waives(Control::Role) => 200,
            (Auth::Public, _) | (Auth::SignedIn, Some(_)) => 200,
            (_, None) => 401,
            (Auth::Role(demanded), Some(role)) if role >= demanded => 200,
            (Auth::Role(_), Some(_)) => 403,
        }
    }

    /// The stamps that a handler must find.
    fn stamps(&self) -> ControlSet {
        let is_due = |control: &Control| !self.waives(*control) && !matches!(control, Control::Headers);
        Control::ALL.iter().copied().filter(is_due).collect()
    }
}

/// A service where programs are known, made once for all compositions.
struct World {
    people: Arc<Database>,
    tokens: Vec<(Role, String)>,
}

impl World {
    async fn new() -> Self {
        let clock = Clock::system();
        let database = Database::open(&DatabaseSettings::in_memory(), &clock).await.unwrap();
        let by = MigratedBy { version: "test".to_owned(), instance: "test".to_owned() };
        crate::migrations().up(&database, &clock, None, &by).await.unwrap();
        let api_tokens = ApiTokens::new(&database, &clock);
        let mut tokens = Vec::new();
        for role in Role::ALL {
            let new = NewApiToken { name: "test", role, owner: None, expires_at: None };
            tokens.push((role, api_tokens.create(new).await.unwrap().1.expose().to_owned()));
        }
        Self { people: Arc::new(database), tokens }
    }

    fn edge(&self, routes: Routes) -> Edge {
        let (clock, keys, metrics) =
            (Clock::system(), Keys::new(&Secret::new("of a test"), &[]), Metrics::new());
        let sessions = Sessions::new(SessionParts {
            settings: SessionSettings::default(),
            cookie: SessionCookie::new(false, false),
            keys: &keys,
            store: Arc::new(MemoryStore::new(10)),
            clock: clock.clone(),
            tasks: Tasks::new(),
            meter: metrics.sessions().clone(),
        });
        let (users, tokens) = (Users::new(&self.people, &clock), ApiTokens::new(&self.people, &clock));
        let origins = vec![AllowedOrigin::Exact(Origin::of_browser_form(FRIEND))];
        // What is asked here in a second is more than anybody may ask in a minute.
        let limits =
            LimitSettings::default().with(Class { rate: Rate::per_second(100_000), ..Class::DEFAULT });
        let defences = Defences::new(DefenceParts {
            requests: RequestSettings { body_bytes: 100, limits, ..RequestSettings::default() },
            cors: &CorsSettings { origins, ..CorsSettings::default() },
            csrf: &CsrfSettings::default(),
            hsts: &HstsSettings::default(),
            public_origin: "http://localhost",
            callers: Callers::known_to(People { sessions, users, tokens }),
            admission: Admission::new(&AdmissionSettings::default(), &clock),
            keys: &keys,
            clock: clock.clone(),
        });
        let edge = Edge::new(defences, clock, metrics.http().clone());
        edge.install(routes, ErrorCode::NotFound).unwrap();
        edge
    }

    fn by(&self, who: Who, method: &Method, path: &str) -> http::request::Builder {
        let request = request(method.clone(), path);
        let token = |role| &self.tokens.iter().find(|(known, _)| *known == role).unwrap().1;
        match who {
            Who::Nobody => request,
            Who::Program(role) => request.header(header::AUTHORIZATION, format!("Bearer {}", token(role))),
            Who::ProgramWithCookie(role) => request
                .header(header::AUTHORIZATION, format!("Bearer {}", token(role)))
                .header(header::COOKIE, "session=no-such-session"),
        }
    }

    async fn ask(&self, edge: &Edge, who: Who, method: &Method, path: &str) -> Answer {
        send(edge, self.by(who, method, path).body(Body::empty()).unwrap()).await
    }
}

/// Everything that must hold of one way into a handler.
async fn check_way(world: &World, edge: &Edge, plan: &Plan, way: &Way) {
    let Way { number, method, path, demand, .. } = way;
    let methods: &[Method] =
        if *method == Method::GET { &[Method::GET, Method::HEAD] } else { std::slice::from_ref(method) };
    for method in methods {
        for who in [Who::Nobody]
            .into_iter()
            .chain(Role::ALL.map(Who::Program))
            .chain(Role::ALL.map(Who::ProgramWithCookie))
        {
            let answer = world.ask(edge, who, method, path).await;
            let due = demand.verdict(method, who);
            assert_eq!(answer.status.as_u16(), due, "{who:?} {method} {way:?}");
            let reached = plan.reached.take();
            if due != 200 {
                assert!(reached.is_empty(), "{who:?} {method} {way:?}");
                continue;
            }
            assert_eq!(reached, [*number], "{who:?} {method} {way:?}");
            if *method != Method::HEAD {
                let told = answer.json();
                let stamps: Vec<_> = demand.stamps().iter().map(Control::as_str).collect();
                let found: Vec<_> = told["stamps"].as_array().unwrap().iter().collect();
                assert!(
                    stamps.iter().all(|due| found.contains(&&json!(due))),
                    "{told} lacks some of {stamps:?}"
                );
                assert_eq!(told["limit_ms"], 60_000, "{way:?}");
            }
        }
    }
    check_limits(world, edge, plan, way).await;
}

/// What holds for whoever asks: an operator here, so that nothing else can be the reason.
async fn check_limits(world: &World, edge: &Edge, plan: &Plan, way: &Way) {
    let Way { method, path, demand, .. } = way;
    let who = Who::Program(Role::Operator);
    let due = demand.verdict(method, who);
    let operator = |path: &str| world.by(who, method, path);
    let long = format!("{path}?{}", "a".repeat(5000));
    let rows = [
        (operator(&long).body(Body::empty()), 414),
        (operator(path).header(header::CONTENT_LENGTH, "101").body("x".repeat(101).into()), 413),
        (operator(&format!("http://localhost{path}")).body(Body::empty()), due),
        (operator(&format!("http://stranger.example{path}")).body(Body::empty()), 400),
        (operator(path).header(header::HOST, "localhost").body(Body::empty()), 400),
    ];
    for (at, (request, status)) in rows.into_iter().enumerate() {
        let answer = send(edge, request.unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "row {at} of {way:?}");
        assert_eq!(!plan.reached.take().is_empty(), status == 200, "row {at} of {way:?}");
    }
    let mut foreign = operator(path).body(Body::empty()).unwrap();
    foreign.headers_mut().insert(header::HOST, "stranger.example".parse().unwrap());
    let status = send(edge, foreign).await.status.as_u16();
    assert_eq!(status, if demand.waives(Control::Host) { due } else { 400 }, "{way:?}");
    plan.reached.take();
    for (origin, granted) in [(FRIEND, true), ("https://stranger.example", false)] {
        let request = operator(path).header(header::ORIGIN, origin).body(Body::empty()).unwrap();
        let answer = send(edge, request).await;
        assert_eq!(answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), granted, "{way:?}");
        for name in ["content-security-policy", "referrer-policy", "vary"] {
            assert!(answer.headers.contains_key(name), "{name} {way:?}");
        }
    }
    plan.reached.take();
}

/// Paths that look like the way, and ways of asking that nobody registered: whatever they end in, a handler that is
/// not for everybody is not reached by nobody.
async fn check_detours(world: &World, edge: &Edge, plan: &Plan, way: &Way) {
    let Way { method, path, .. } = way;
    let (start, last) = path.rsplit_once('/').unwrap_or(("", path));
    let encoded = last.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02x}"));
    let paths = [
        path.clone(),
        format!("/{path}"),
        format!("{path}/"),
        format!("{path}//"),
        format!("/.{path}"),
        format!("/x/..{path}"),
        format!("/%2e%2e{path}"),
        format!("{path}/."),
        format!("{path}/%2e"),
        format!("{path};a=b"),
        format!("{path}%00"),
        format!("{path}%20"),
        format!("{path}.json"),
        format!("{start}/{encoded}"),
        format!("{start}%2f{last}"),
        format!("{start}/./{last}"),
        format!("{start}//{last}"),
        path.to_uppercase(),
        format!("http://localhost{path}/"),
        format!("{path}?/../open#"),
    ];
    let odd = ["OPTIONS", "TRACE", "BREW", "get", "CONNECT"]
        .map(|name| Method::from_bytes(name.as_bytes()).unwrap());
    for path in &paths {
        for method in METHODS.iter().chain(&odd).chain([method, &Method::HEAD]) {
            let Ok(request) = world.by(Who::Nobody, method, path).body(Body::empty()) else { continue };
            let answer = send(edge, request).await;
            for number in plan.reached.take() {
                let reached = plan.ways.iter().find(|way| way.number == number).unwrap();
                let may = reached.demand.verdict(method, Who::Nobody);
                assert_eq!(may, 200, "{method} {path} reached {reached:?}");
            }
            // Nobody learns what there is in a router that is not for them.
            if way.is_mounted && *path == way.path {
                let due = way.demand.verdict(method, Who::Nobody);
                assert!(due == 200 || answer.status.as_u16() == due, "{method} {path}: {}", answer.status);
            }
        }
    }
}

fn demands() -> impl Strategy<Value = Demand> {
    let auth = prop_oneof![
        Just(Auth::Public),
        Just(Auth::SignedIn),
        prop::sample::select(Role::ALL.to_vec()).prop_map(Auth::Role),
    ];
    // Most routes waive little: a wrong verdict is not to hide behind a waiver.
    let waived = prop_oneof![
        2 => Just(Vec::new()),
        3 => prop::sample::subsequence(Control::ALL.to_vec(), 0..=2),
        1 => prop::sample::subsequence(Control::ALL.to_vec(), 0..=Control::ALL.len()),
    ];
    (auth, waived).prop_map(|(auth, waived)| Demand { auth, waived })
}

fn trees() -> impl Strategy<Value = Tree> {
    let method = || prop::sample::select(METHODS.to_vec());
    let leaf = prop_oneof![
        3 => (method(), demands()).prop_map(|(method, demand)| Tree::Route(method, demand)),
        1 => (prop::collection::vec(method(), 0..3), demands())
            .prop_map(|(methods, demand)| Tree::Mounted(methods, demand)),
    ];
    leaf.prop_recursive(4, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| Tree::Merged(one.into(), other.into())),
            inner.clone().prop_map(|inner| Tree::Nested(inner.into())),
            (inner.clone(), inner).prop_map(|(early, late)| Tree::Late(early.into(), late.into())),
        ]
    })
}

#[test]
fn no_route_escapes_its_guard() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let cases = (trees(), prop::option::of((prop::collection::vec(Just(Method::POST), 0..2), demands())));
    // A failure is made small, and not for ever.
    let config = ProptestConfig { cases: 24, max_shrink_iters: 64, ..ProptestConfig::default() };
    proptest!(config, |((tree, rest) in cases)| {
        let mut plan = Plan::default();
        let mut routes = plan.build(&tree, "");
        if let Some((methods, demand)) = &rest {
            let router = plan.foreign(methods, "", demand);
            routes = routes.merge(demand.say(Routes::new().mount("", router)));
        }
        runtime.block_on(async {
            let edge = world.edge(routes);
            for way in &plan.ways {
                check_way(&world, &edge, &plan, way).await;
                check_detours(&world, &edge, &plan, way).await;
            }
        });
    });
}

#[test]
fn the_model_knows_the_strictest_route() {
    let strict = Demand { auth: Auth::Role(Role::Operator), waived: Vec::new() };
    let verdicts = [Who::Nobody, Who::Program(Role::Editor), Who::Program(Role::Operator)]
        .map(|who| strict.verdict(&Method::POST, who));
    assert_eq!(verdicts, [401, 403, 200]);
    assert_eq!(strict.verdict(&Method::POST, Who::ProgramWithCookie(Role::Operator)), 403);
}
