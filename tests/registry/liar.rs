//! A registry that answers whatever a test wants.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An answer: its head after `HTTP/1.1 `, and what follows it.
pub struct Answer(pub String, pub Vec<u8>);

impl Answer {
    /// A success with this content.
    pub fn of(content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        Self(
            format!("200 OK\r\nContent-Length: {}", content.len()),
            content,
        )
    }

    /// No success.
    pub fn status(head: &str, content: &str) -> Self {
        let length = content.len();
        Self(
            format!("{head}\r\nContent-Length: {length}"),
            content.as_bytes().to_vec(),
        )
    }
}

/// A request: `GET /v2/ HTTP/1.1` and the lines that follow.
pub type Request = Vec<String>;

/// It listens for as long as the process runs.
pub struct Liar {
    /// `127.0.0.1:PORT`
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Liar {
    /// Starts one that answers what `answer` says to the path of a request.
    pub fn start(answer: impl Fn(&Request, &str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let request = read(&stream);
                let path = request.first().and_then(|line| line.split(' ').nth(1));
                let answer = answer(&request, path.unwrap_or_default());
                kept.lock().expect("no panic").push(request);
                // Whoever was told enough hangs up.
                let _ = write(stream, &answer);
            }
        });
        Self { address, requests }
    }

    /// Starts one with this manifest, and this for each blob.
    pub fn with(manifest: Value, blob: &[u8]) -> Self {
        let (manifest, blob) = (manifest.to_string(), blob.to_owned());
        Self::start(move |_, path| match path {
            path if path.contains("/manifests/") => Answer::of(manifest.clone()),
            path if path.contains("/blobs/") => Answer::of(blob.clone()),
            _ => Answer::of(""),
        })
    }

    pub fn reference(&self) -> String {
        format!("{}/acme/flavour:1", self.address)
    }

    /// All that were made.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

fn read(stream: &TcpStream) -> Request {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).collect()
}

fn write(mut stream: TcpStream, Answer(head, content): &Answer) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(content)
}

/// `sha256:` and the digest.
pub fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// The manifest of an artifact with this component.
pub fn manifest(component: &[u8]) -> Value {
    json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.wasm.config.v0+json", "digest": digest(b"{}"), "size": 2},
        "layers": [{"mediaType": "application/wasm", "digest": digest(component), "size": component.len()}],
    })
}
