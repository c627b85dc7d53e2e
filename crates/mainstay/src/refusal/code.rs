//! The family of error codes that clients rely on.

use http::StatusCode;

/// Declares each code once: its name on the wire, its status, what it says when nobody says more, and
/// what a reader of the API reference should know of it.
macro_rules! codes {
    ($($variant:ident = $name:literal, $status:ident, $message:literal;)+) => {
        /// A stable, machine-readable reason of a refusal.
        ///
        /// The name and the status of a code never change; its message may.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $message] $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of its status.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire and in metrics.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The HTTP status that carries the code.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// What the code says when nobody says more.
            pub fn message(self) -> &'static str {
                match self { $(Self::$variant => $message),+ }
            }
        }
    };
}

codes! {
    BadRequest = "bad_request", BAD_REQUEST, "The request cannot be understood.";
    HostNotAllowed = "host_not_allowed", BAD_REQUEST, "This service does not answer for that host.";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Sign in first.";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "The credentials are not valid.";
    CsrfFailed = "csrf_failed", FORBIDDEN, "The request could not be shown to come from this service's own pages.";
    Forbidden = "forbidden", FORBIDDEN, "You may not do this.";
    NotFound = "not_found", NOT_FOUND, "There is nothing here.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This resource does not know that method.";
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "No representation fits the Accept header.";
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request did not arrive in time.";
    Conflict = "conflict", CONFLICT, "The request conflicts with what is stored.";
    VersionConflict = "version_conflict", CONFLICT, "The resource has changed since it was read.";
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The request's body is too large.";
    UriTooLong = "uri_too_long", URI_TOO_LONG, "The request's target is too long.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body's content type is not supported.";
    MalformedBody = "malformed_body", UNPROCESSABLE_ENTITY, "The body cannot be parsed.";
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "Some fields are not valid.";
    BatchTooLarge = "batch_too_large", UNPROCESSABLE_ENTITY, "The request holds too many items.";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests.";
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's headers are too large.";
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "Something went wrong on our side.";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "The service is overloaded.";
    Draining = "draining", SERVICE_UNAVAILABLE, "The service is stopping.";
    Migrating = "migrating", SERVICE_UNAVAILABLE, "The service is starting.";
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE, "The database cannot be reached.";
    PoolExhausted = "pool_exhausted", SERVICE_UNAVAILABLE, "No database connection was free in time.";
    CircuitOpen = "circuit_open", SERVICE_UNAVAILABLE, "A dependency is failing and is given time to recover.";
    QueryTimeout = "query_timeout", SERVICE_UNAVAILABLE, "The database did not answer in time.";
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE, "A store cannot be reached.";
    HandlerTimeout = "handler_timeout", GATEWAY_TIMEOUT, "The request took too long to answer.";
}

impl ErrorCode {
    /// The code for a status that somebody else chose: the router, a foreign extractor, hyper.
    ///
    /// An unknown client error is a bad request, an unknown server error an internal error.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNPROCESSABLE_ENTITY => Self::ValidationFailed,
            StatusCode::SERVICE_UNAVAILABLE => Self::Overloaded,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::BAD_REQUEST => Self::BadRequest,
            other => Self::ALL
                .iter()
                .copied()
                .find(|code| code.status() == other)
                .unwrap_or(if other.is_server_error() { Self::InternalError } else { Self::BadRequest }),
        }
    }

    /// Whether the fault is ours: the text then stays fixed, and the cause goes to the log alone.
    pub fn is_ours(self) -> bool {
        self.status().is_server_error()
    }
}
