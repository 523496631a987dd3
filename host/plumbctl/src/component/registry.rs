//! Registries, by the program beside plumbctl that speaks to them: plumbctl itself has no HTTP and no TLS.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::memfd::{MFdFlags, memfd_create};
use plumb_engine::limits::COMPONENT_BYTES;
use plumb_protocol::registry::{Credentials, Done, LINE_LIMIT, Order, PROGRAM, Reply, Task};

use crate::Failure;

/// Most bytes of a password.
const PASSWORD_BYTES: u64 = 64 << 10;

/// How a registry is spoken to, and by whom.
#[derive(Debug, clap::Args)]
pub struct Access {
    /// Speak HTTP without TLS, passwords too, as is done on the loopback unless there is a --certificate
    #[arg(long)]
    plain_http: bool,
    /// A file with certificates (PEM) of authorities to trust beside the system's
    #[arg(long, value_name = "FILE", conflicts_with = "plain_http")]
    certificate: Option<PathBuf>,
    /// Who asks; whom `docker login` or `podman login` remembered when left out
    #[arg(long, requires = "password_stdin")]
    username: Option<String>,
    /// Take the password from standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,
}

impl Access {
    fn credentials(&self) -> Result<Option<Credentials>, Failure> {
        let Some(username) = self.username.clone() else {
            return Ok(None);
        };
        let mut password = String::new();
        std::io::stdin()
            .take(PASSWORD_BYTES)
            .read_to_string(&mut password)
            .map_err(|error| format!("cannot read the password from standard input: {error}"))?;
        password.truncate(password.trim_end_matches(['\r', '\n']).len());
        Ok(Some(Credentials { username, password }))
    }
}

/// Has the program push `component`, or pull one; what it did, and what it pulled.
///
/// # Errors
///
/// Why not: its sentence, or that there is no such program.
pub fn carry_out(
    reference: &str,
    access: &Access,
    task: Task,
    component: &[u8],
) -> Result<(Done, Vec<u8>), Failure> {
    let order = Order {
        reference: reference.to_owned(),
        plain_http: access.plain_http,
        certificate: access.certificate.clone(),
        credentials: access.credentials()?,
        task,
    };
    let program = program()?;
    let shown = program.display();
    let mut child = Command::new(&program)
        .stdin(written(&order, component)?)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {shown}, which speaks to registries: {error}"))?;
    let output = child.stdout.take();
    let understood = output.map(|output| understand(BufReader::new(output)));
    let status = child.wait()?;
    match understood.transpose() {
        Ok(Some(Some((reply, pulled)))) => Ok((reply?, pulled)),
        Ok(_) => Err(format!("{shown} gave no answer: {status}").into()),
        Err(error) => Err(format!("{shown} gave no whole answer: {error}, {status}").into()),
    }
}

/// The program, beside plumbctl and nowhere else: who may write there may replace plumbctl, too.
fn program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?.with_file_name(PROGRAM);
    match program.is_file() {
        true => Ok(program),
        false => Err(format!(
            "there is no {}, the program that speaks to registries: put it there from plumb's release, or build it by `make \
             services`",
            program.display()
        )
        .into()),
    }
}

/// The program's standard input: a file that nobody else can open. Of a pipe that the program did not read to its end,
/// plumbctl would hear by the signal that ends it.
fn written(order: &Order, component: &[u8]) -> Result<File, Failure> {
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    let mut file = File::from(memfd_create("order", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(&line)?;
    file.write_all(component)?;
    file.rewind()?;
    Ok(file)
}

/// The reply, and what follows it; none where there is none.
fn understand(mut output: impl BufRead) -> std::io::Result<Option<(Reply, Vec<u8>)>> {
    let mut line = Vec::new();
    (&mut output)
        .take(LINE_LIMIT as u64)
        .read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let reply = serde_json::from_slice(&line)?;
    let mut pulled = Vec::new();
    output
        .take(COMPONENT_BYTES as u64)
        .read_to_end(&mut pulled)?;
    Ok(Some((reply, pulled)))
}
