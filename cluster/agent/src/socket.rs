//! Where plumb asks: a unix socket that only root may connect to, one question and one answer a connection.

use std::fs::{self, Permissions};
use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_protocol::{Answer, LIMIT, Question, Refusal};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::metrics::Metrics;

/// How many questions are answered at a time: a node starts a few hundred pods at once at most.
const CONNECTIONS: usize = 256;

/// How long a question may take to arrive: it is sent at once.
const READING: Duration = Duration::from_secs(5);

/// How long an answer may take, longer than any that the claims wait for.
const ANSWERING: Duration = Duration::from_secs(30);

/// Try again later (`docs/errors.md`).
const LATER: u32 = 11;

/// What cannot be decoded (`docs/errors.md`).
const DECODING: u32 = 6;

/// Who answers.
pub trait Answers: Send + Sync + 'static {
    /// The answer to a question.
    fn answer(&self, question: Question) -> impl Future<Output = Answer> + Send;
}

/// Opens the socket. One that an earlier agent left is replaced, in one step.
///
/// # Errors
///
/// What the kernel said, after what was tried.
pub fn open(path: &Path) -> Result<UnixListener, String> {
    let failed = |error: io::Error| format!("open socket {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        crate::replace::folder(folder)?;
    }
    let draft = path.with_extension("new");
    crate::replace::remove(&draft)?;
    let listener = UnixListener::bind(&draft).map_err(failed)?;
    // Nobody knows this name before the permissions are right.
    fs::set_permissions(&draft, Permissions::from_mode(0o600)).map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)?;
    Ok(listener)
}

/// Answers, for ever.
pub async fn serve(listener: UnixListener, answers: Arc<impl Answers>, metrics: Metrics) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, as a rule: others end meanwhile.
                tracing::warn!("accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if !is_root(&stream) {
            continue;
        }
        let (answers, metrics) = (answers.clone(), metrics.clone());
        let place = places.clone().try_acquire_owned();
        tokio::spawn(async move {
            let outcome = match place {
                Ok(_place) => converse(stream, &*answers, &metrics).await,
                Err(_) => {
                    let message = format!("the agent has {CONNECTIONS} questions to answer");
                    send(stream, &refusal(LATER, message)).await
                }
            };
            if let Err(error) = outcome {
                tracing::debug!("a connection of plumb: {error}");
            }
        });
    }
}

/// The permissions of the socket say so already; a descriptor may have been handed on.
fn is_root(stream: &UnixStream) -> bool {
    match stream.peer_cred() {
        Ok(peer) if peer.uid() == nix::unistd::geteuid().as_raw() => true,
        Ok(peer) => {
            tracing::warn!(
                "user {} connected to the agent's socket and was refused",
                peer.uid()
            );
            false
        }
        Err(error) => {
            tracing::warn!("who connected to the agent's socket: {error}");
            false
        }
    }
}

async fn converse(
    mut stream: UnixStream,
    answers: &impl Answers,
    metrics: &Metrics,
) -> io::Result<()> {
    let begin = Instant::now();
    let line = tokio::time::timeout(READING, read(&mut stream)).await??;
    let (name, answer) = match serde_json::from_slice::<Question>(&line) {
        Err(error) => {
            let message = format!(
                "the agent does not understand the question, {error}: plumb and the agent are of different releases"
            );
            ("unknown", refusal(DECODING, message))
        }
        Ok(question) => {
            let name = match &question {
                Question::Take(_) => "take",
                Question::Pod(_) => "pod",
            };
            let answer = tokio::time::timeout(ANSWERING, answers.answer(question)).await;
            let late = |_| {
                let message = format!("the agent found no answer within {} s", ANSWERING.as_secs());
                refusal(LATER, message)
            };
            (name, answer.unwrap_or_else(late))
        }
    };
    metrics.question(name, &outcome(&answer), begin.elapsed());
    send(stream, &answer).await
}

async fn read(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let limited = stream.take(LIMIT as u64 + 1);
    BufReader::new(limited).read_until(b'\n', &mut line).await?;
    match line.len() > LIMIT {
        true => Err(io::Error::other(format!(
            "a question of more than {LIMIT} bytes"
        ))),
        false => Ok(line),
    }
}

async fn send(mut stream: UnixStream, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    if line.len() > LIMIT {
        let message = format!(
            "the answer has {} bytes, {LIMIT} at most are sent",
            line.len()
        );
        line = serde_json::to_vec(&refusal(LATER, message))?;
        line.push(b'\n');
    }
    let write = async {
        stream.write_all(&line).await?;
        stream.shutdown().await
    };
    tokio::time::timeout(READING, write).await?
}

fn refusal(code: u32, message: String) -> Answer {
    Answer::Refused(Refusal { code, message })
}

fn outcome(answer: &Answer) -> String {
    match answer {
        Answer::Taken(_) | Answer::Pod(_) => "ok".to_owned(),
        Answer::Refused(refusal) => refusal.code.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileTypeExt;

    use plumb_protocol::{PodChoice, PodName};

    use super::*;

    struct Uids;

    impl Answers for Uids {
        async fn answer(&self, question: Question) -> Answer {
            match question {
                Question::Pod(pod) => Answer::Pod(PodChoice {
                    uid: pod.uid,
                    ..PodChoice::default()
                }),
                Question::Take(_) => refusal(101, "nothing is free".to_owned()),
            }
        }
    }

    async fn ask(path: &Path, question: &[u8]) -> Answer {
        let mut stream = UnixStream::connect(path).await.unwrap();
        // The agent may end the connection before it has read all.
        let _ = stream.write_all(question).await;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    #[tokio::test]
    async fn questions_are_answered_at_the_same_time_and_a_wrong_one_harms_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        fs::write(&path, "what an earlier agent left").unwrap();
        let listener = open(&path).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        tokio::spawn(serve(listener, Arc::new(Uids), Metrics::new()));

        // One that says nothing keeps nobody waiting.
        let _silent = UnixStream::connect(&path).await.unwrap();
        match ask(&path, b"{\"what\": 1}\n").await {
            Answer::Refused(refusal) => assert_eq!(refusal.code, DECODING),
            other => panic!("{other:?}"),
        }
        let asked: Vec<_> = (0..50)
            .map(|number| {
                let path = path.clone();
                tokio::spawn(async move {
                    let question = Question::Pod(PodName {
                        namespace: "a".to_owned(),
                        name: "b".to_owned(),
                        uid: number.to_string(),
                    });
                    let mut line = serde_json::to_vec(&question).unwrap();
                    line.push(b'\n');
                    ask(&path, &line).await
                })
            })
            .collect();
        for (number, answer) in asked.into_iter().enumerate() {
            match answer.await.unwrap() {
                Answer::Pod(choice) => assert_eq!(choice.uid, number.to_string()),
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_question_without_end_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        tokio::spawn(serve(open(&path).unwrap(), Arc::new(Uids), Metrics::new()));
        let mut stream = UnixStream::connect(&path).await.unwrap();
        let _ = stream.write_all(&vec![b' '; LIMIT + 2]).await;
        let mut rest = Vec::new();
        let read = tokio::time::timeout(READING, stream.read_to_end(&mut rest)).await;
        // Ended by the agent, whether with a reset or not, and without an answer.
        let _ = read.expect("the agent ends the connection");
        assert!(rest.is_empty());
    }
}
