//! What a child says of calls that need no answer.

use std::io::Read;
use std::thread;

use super::channel::{HEAD, Message, encode};
use super::*;
use crate::components::end::Outcome;
use crate::components::session::{
    HostCall, IpvlanOptions, MacvlanOptions, PodLinkHandle, Recorded, authority,
};
use crate::facts::Place;
use crate::operations::{LinkNumber, Operation};

const POD_LINK: PodLinkHandle = PodLinkHandle {
    number: LinkNumber(0),
};

fn call(call: HostCall) -> Message {
    Message::Call(call)
}

fn note(call: HostCall) -> Message {
    Message::Note(call)
}

fn link() -> HostCall {
    HostCall::Link(Place::Host, "nic0".to_owned())
}

fn macvlan() -> HostCall {
    HostCall::CreateMacvlan(0, MacvlanOptions::default())
}

fn end() -> Message {
    Message::End(End {
        outcome: Outcome::Done,
        fuel: 0,
        load: 0,
    })
}

/// What came of pieces of messages, each of which is sent at once and followed by as many answers; the steps of the plan.
fn said(pieces: &[(&[Message], usize)]) -> Result<Vec<Recorded>, String> {
    let (plumb, child) = UnixStream::pair().unwrap();
    let mut authority = authority();
    let served = thread::scope(|scope| {
        scope.spawn(move || {
            let mut child = child;
            for (messages, answers) in pieces {
                let bytes: Vec<u8> = messages.iter().flat_map(encode).collect();
                if child.write_all(&bytes).is_err() {
                    return;
                }
                for _ in 0..*answers {
                    let mut head = [0; HEAD];
                    if child.read_exact(&mut head).is_err() {
                        return;
                    }
                    let mut content = vec![0; u32::from_le_bytes(head) as usize];
                    child.read_exact(&mut content).unwrap();
                }
            }
        });
        let served = Server::new(&plumb, &mut authority).unwrap().serve();
        let _ = plumb.shutdown(std::net::Shutdown::Both);
        served
    });
    match served {
        Ok(_) => Ok(authority.into_recorded()),
        Err(Broken::Gone) => Err("gone".to_owned()),
        Err(Broken::Failed(failure)) => Err(failure.into_error("acme", &[]).message),
    }
}

#[test]
fn notes_are_taken_in_their_order_with_the_message_behind_them() {
    let steps = said(&[
        (&[call(link())], 1),
        (&[call(macvlan())], 1),
        (
            &[
                note(HostCall::SetMac(POD_LINK, vec![2, 0, 0, 0, 0, 1])),
                note(HostCall::SetUp(POD_LINK)),
                end(),
            ],
            0,
        ),
    ]);
    let steps = steps.unwrap();
    let names: Vec<bool> = vec![
        matches!(steps[0], Recorded::Operation(Operation::CreateMacvlan(_))),
        matches!(steps[1], Recorded::Operation(Operation::SetMac(_))),
        matches!(steps[2], Recorded::Operation(Operation::SetUp(_))),
    ];
    assert_eq!((names, steps.len()), (vec![true; 3], 3));
}

/// They may come in whatever pieces a socket makes of them.
#[test]
fn a_note_before_a_call_is_taken_before_it() {
    let again = HostCall::CreateIpvlan(0, IpvlanOptions::default());
    let steps = said(&[
        (&[call(link())], 1),
        (&[call(macvlan())], 1),
        (&[note(HostCall::SetUp(POD_LINK)), call(again)], 1),
        (&[end()], 0),
    ]);
    // The second interface is refused, which the component was told.
    assert_eq!(steps.unwrap().len(), 2);
}

#[test]
fn what_needs_an_answer_is_no_note() {
    let refused = said(&[(&[note(link()), end()], 0)]).unwrap_err();
    assert!(refused.contains("is no message"), "{refused}");
}

/// An honest child asks its own copy of the authority first.
#[test]
fn a_note_that_is_refused_ends_the_component() {
    let refused = said(&[(&[note(HostCall::SetUp(POD_LINK)), end()], 0)]).unwrap_err();
    assert!(refused.contains("went on after a refusal"), "{refused}");
    assert!(refused.contains("interface of the pod"), "{refused}");
}

#[test]
fn nothing_may_lie_behind_a_call_before_its_answer() {
    let refused = said(&[(&[call(link()), end()], 0)]).unwrap_err();
    assert!(refused.contains("is no message"), "{refused}");
}
