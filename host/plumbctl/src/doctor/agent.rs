//! The agent of the node.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use plumb_protocol::{Answer, LIMIT, PodName, Question};

use super::finding::Finding;
use super::node::Node;

/// How long the agent may take to say anything. What it says without the API server it says at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether it answers. A question about a pod that nobody has is answered, or refused, by any agent that works.
pub fn look(node: &Node) -> Vec<Finding> {
    let socket = node.policy.agent_socket();
    let object = socket.display();
    let remedy = "look at its pod (`kubectl get pods -A -l app.kubernetes.io/component=agent`); until it answers, pods get \
                  addresses that the node holds already, and no others";
    vec![match ask(socket) {
        Ok(_) => Finding::ok(object, "the agent answers"),
        Err(error) if error.kind() == ErrorKind::NotFound && !node.policy.has_agent() => {
            Finding::ok(
                object,
                "there is no agent, so pools of files are this node's alone: no other node may give out their addresses",
            )
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Finding::unseen(object, error),
        Err(error) => Finding::wrong(
            object,
            format!("the agent does not answer: {error}"),
            remedy,
        ),
    }]
}

fn ask(socket: &Path) -> std::io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let nobody = PodName {
        namespace: "kube-system".to_owned(),
        name: "plumbctl-doctor".to_owned(),
        uid: String::new(),
    };
    let mut question = serde_json::to_vec(&Question::Pod(nobody))?;
    question.push(b'\n');
    stream.write_all(&question)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LIMIT as u64)).read_line(&mut answer)?;
    if answer.is_empty() {
        let reason = "it closed the connection without an answer";
        return Err(std::io::Error::new(ErrorKind::UnexpectedEof, reason));
    }
    Ok(serde_json::from_str(&answer)?)
}
