//! What an operator, or a member of a federated task, shows on this machine: `/metrics` for Prometheus, `/health` for whoever restarts it.

use crate::metrics::Metrics;
use averment_ledger::http::{Answer, BindError, HttpLimits, HttpServer, answer, words};
use hyper::{Method, Request, StatusCode, body::Bytes};
use std::net::SocketAddr;

/// What OpenMetrics asks its text to be called.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Longest body of a request, in bytes: none has any.
const BODY: usize = 1 << 10;

/// The pages, listening but not answering yet.
#[derive(Debug)]
pub struct Pages {
    server: HttpServer,
    metrics: Metrics,
    patience: u64,
}

impl Pages {
    /// Listens on `address`, a loopback address. Whose figures these are counts as ill when no turn ended well for `patience` seconds.
    pub async fn bind(address: SocketAddr, metrics: Metrics, patience: u64) -> Result<Self, BindError> {
        let limits = HttpLimits { body: BODY, ..HttpLimits::default() };
        Ok(Self { server: HttpServer::bind(address, limits).await?, metrics, patience })
    }

    /// Where they are.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Answers until `stop` is done.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { server, metrics, patience } = self;
        let handler = move |request: Request<Bytes>| {
            let answer = page(&request, &metrics, patience);
            async move { answer }
        };
        server.run(handler, stop).await;
    }
}

fn page(request: &Request<Bytes>, metrics: &Metrics, patience: u64) -> Answer {
    if request.method() != Method::GET {
        return words(StatusCode::METHOD_NOT_ALLOWED, "there is only GET here");
    }
    match request.uri().path() {
        "/metrics" => answer(StatusCode::OK, OPEN_METRICS, metrics.text()),
        "/health" => match (metrics.is_halted(), metrics.since_turn()) {
            (true, _) => words(StatusCode::SERVICE_UNAVAILABLE, "stopped with an alarm: see the log"),
            (_, None) => words(StatusCode::SERVICE_UNAVAILABLE, "the chain was not read yet"),
            (_, Some(seconds)) if seconds > patience => words(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("the chain was not read for {seconds} seconds"),
            ),
            (_, Some(seconds)) => words(StatusCode::OK, format!("well, {seconds} seconds ago")),
        },
        _ => words(StatusCode::NOT_FOUND, "there are /metrics and /health"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Figures;

    fn asked(method: Method, path: &str, metrics: &Metrics, patience: u64) -> StatusCode {
        let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
        page(&request, metrics, patience).status()
    }

    #[test]
    fn health_is_a_turn_not_long_ago_and_no_alarm() {
        let metrics = Metrics::new(&Figures {
            prefix: "averment_somebody",
            seconds: ("work_seconds", "Time to work", 1e-3),
            each_turn: [("one", "The first"), ("two", "The second")],
        });
        assert_eq!(asked(Method::GET, "/health", &metrics, 60), StatusCode::SERVICE_UNAVAILABLE);
        metrics.turn(77, [5, 6]);
        assert_eq!(asked(Method::GET, "/health", &metrics, 60), StatusCode::OK);
        metrics.acted("commit");
        let text = metrics.text();
        for line in [
            "averment_somebody_settled_block 77",
            "averment_somebody_two 6",
            "averment_somebody_actions_total{what=\"commit\"} 1",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        metrics.halted();
        assert_eq!(asked(Method::GET, "/health", &metrics, 60), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(asked(Method::GET, "/metrics", &metrics, 60), StatusCode::OK);
        assert_eq!(asked(Method::GET, "/", &metrics, 60), StatusCode::NOT_FOUND);
        assert_eq!(asked(Method::POST, "/metrics", &metrics, 60), StatusCode::METHOD_NOT_ALLOWED);
    }
}
