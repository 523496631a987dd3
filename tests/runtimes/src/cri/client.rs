//! One unary call of gRPC: HTTP/2 over a Unix socket, a message with five bytes before it, and
//! the status in the trailers.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use tokio::net::UnixStream;

/// The kubelet waits two minutes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Flag of compression, and length of the message.
const PREFIX: usize = 5;

/// A call that failed.
#[derive(Debug)]
pub struct Refusal {
    /// The gRPC status code; none when there was no answer.
    pub code: Option<u32>,
    /// The message for a person.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (code {:?})", self.message, self.code)
    }
}

/// Calls a method of the runtime service, on a connection of its own: a daemon may have been
/// restarted since the last one.
pub(super) fn call<Answer: prost::Message + Default>(
    socket: &Path,
    method: &str,
    request: &impl prost::Message,
) -> Result<Answer, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(broken)?;
    let exchange = exchange(socket, method, frame(request));
    let (message, trailers) = runtime
        .block_on(async { tokio::time::timeout(DEADLINE, exchange).await })
        .map_err(broken)??;
    refused(&trailers)?;
    let message = message.get(PREFIX..).unwrap_or_default();
    Answer::decode(message).map_err(broken)
}

/// Sends a body; the answer's body, and its trailers, which are the headers when there is no body.
async fn exchange(socket: &Path, method: &str, body: Bytes) -> Result<(Bytes, HeaderMap), Refusal> {
    let stream = UnixStream::connect(socket).await.map_err(broken)?;
    let (client, connection) = h2::client::handshake(stream).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let request = Request::post(format!(
        "http://localhost/runtime.v1.RuntimeService/{method}"
    ))
    .header("content-type", "application/grpc")
    .header("te", "trailers")
    .body(())
    .map_err(broken)?;
    let mut client = client.ready().await.map_err(broken)?;
    let (answer, mut sender) = client.send_request(request, false).map_err(broken)?;
    sender.send_data(body, true).map_err(broken)?;
    let (head, mut answer) = answer.await.map_err(broken)?.into_parts();
    let mut message = BytesMut::new();
    while let Some(part) = answer.data().await {
        message.put(part.map_err(broken)?);
    }
    let trailers = answer.trailers().await.map_err(broken)?;
    connection.abort();
    Ok((message.freeze(), trailers.unwrap_or(head.headers)))
}

fn frame(request: &impl prost::Message) -> Bytes {
    let message = request.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a request is small");
    let mut body = BytesMut::with_capacity(PREFIX + message.len());
    body.put_u8(0);
    body.put_u32(length);
    body.put_slice(&message);
    body.freeze()
}

fn refused(trailers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| trailers.get(name).map(|value| value.as_bytes());
    let code = text("grpc-status").and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
    if code == Some(0) {
        return Ok(());
    }
    let message = percent_decoded(text("grpc-message").unwrap_or_default());
    Err(Refusal { code, message })
}

/// gRPC writes the bytes of a message that HTTP cannot carry as `%` and two digits.
fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn broken(error: impl fmt::Display) -> Refusal {
    Refusal {
        code: None,
        message: format!("the call did not come through: {error}"),
    }
}
