//! Metrics and health, over HTTP.
//!
//! Three paths, GET and HEAD, one request a connection: the little of HTTP/1.1 that a scraper and the kubelet speak.

use std::fmt::Write;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How many requests are answered at a time.
const CONNECTIONS: usize = 32;

/// How long a request may take to arrive, and its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes of a request: its first line and its headers.
const REQUEST: u64 = 16 * 1024;

/// Who knows.
pub trait Pages: Send + Sync + 'static {
    /// `/metrics`
    fn metrics(&self) -> impl Future<Output = String> + Send;
    /// `/readyz`: what is not ready; none where all is.
    fn not_ready(&self) -> Option<String>;
}

/// Answers, for ever.
pub async fn serve(listener: TcpListener, pages: Arc<impl Pages>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("accept a connection for metrics: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let pages = pages.clone();
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = converse(stream, &*pages).await {
                tracing::debug!("a request for metrics: {error}");
            }
        });
    }
}

async fn converse(mut stream: TcpStream, pages: &impl Pages) -> io::Result<()> {
    let request = tokio::time::timeout(PATIENCE, read(&mut stream)).await??;
    let mut words = request.split_ascii_whitespace();
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let path = target.split('?').next().unwrap_or_default();
    let text = "text/plain; charset=utf-8";
    let (status, kind, body) = match (method, path) {
        ("GET" | "HEAD", "/healthz") => ("200 OK", text, "ok\n".to_owned()),
        ("GET" | "HEAD", "/readyz") => match pages.not_ready() {
            None => ("200 OK", text, "ok\n".to_owned()),
            Some(reason) => ("503 Service Unavailable", text, format!("{reason}\n")),
        },
        ("GET" | "HEAD", "/metrics") => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ("200 OK", kind, pages.metrics().await)
        }
        ("GET" | "HEAD", _) => {
            let paths = "there are /metrics, /healthz and /readyz\n".to_owned();
            ("404 Not Found", text, paths)
        }
        _ => (
            "405 Method Not Allowed",
            text,
            "only GET and HEAD\n".to_owned(),
        ),
    };
    let mut answer = String::new();
    let _ = write!(
        answer,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    if method != "HEAD" {
        answer.push_str(&body);
    }
    let send = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    };
    tokio::time::timeout(PATIENCE, send).await?
}

/// The first line; the headers are read, so that the client is not reset while it writes, and left alone.
async fn read(stream: &mut TcpStream) -> io::Result<String> {
    let mut lines = BufReader::new(stream.take(REQUEST));
    let mut first = String::new();
    lines.read_line(&mut first).await?;
    let mut line = String::new();
    loop {
        line.clear();
        let count = lines.read_line(&mut line).await?;
        if count == 0 || line.trim_end().is_empty() {
            return Ok(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Pages for Fixed {
        async fn metrics(&self) -> String {
            "# EOF\n".to_owned()
        }

        fn not_ready(&self) -> Option<String> {
            Some("waiting for pods".to_owned())
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_is_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Arc::new(Fixed)));
        let ask = |request: &'static str| async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let metrics = ask("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n") && metrics.ends_with("\r\n\r\n# EOF\n"));
        assert!(
            ask("GET /healthz HTTP/1.0\r\n\r\n")
                .await
                .contains("200 OK")
        );
        let ready = ask("GET /readyz?verbose HTTP/1.1\r\n\r\n").await;
        assert!(
            ready.contains("503") && ready.contains("waiting for pods"),
            "{ready}"
        );
        assert!(ask("GET / HTTP/1.1\r\n\r\n").await.contains("404"));
        assert!(ask("POST /metrics HTTP/1.1\r\n\r\n").await.contains("405"));
        assert!(ask("nonsense\r\n\r\n").await.contains("405"));
        let head = ask("HEAD /metrics HTTP/1.1\r\n\r\n").await;
        assert!(head.ends_with("\r\n\r\n"), "{head}");
    }
}
