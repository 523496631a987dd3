//! By bytes, as the kernel sends them.

use super::*;
use crate::nldev::Message;

/// `NLMSG_ERROR`, `NLMSG_DONE`
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_MULTI`, `NLM_F_CAPPED`, `NLM_F_ACK_TLVS`
const MULTI: u16 = 0x2;
const CAPPED: u16 = 0x100;
const TLVS: u16 = 0x200;
/// An `RDMA_NLDEV_CMD_GET` of the client `RDMA_NL_NLDEV`.
const DEVICE: u16 = (5 << 10) | 1;
const SEQUENCE: u32 = 7;

fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((16 + body.len() as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0u32.to_ne_bytes());
    bytes.extend(body);
    bytes
}

/// `NLMSGERR_ATTR_MSG`
fn words(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((4 + text.len() as u16 + 1).to_ne_bytes());
    bytes.extend(1u16.to_ne_bytes());
    bytes.extend(text.as_bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn code(errno: Errno) -> Vec<u8> {
    (-(errno as i32)).to_ne_bytes().to_vec()
}

fn refused(errno: Errno, explanation: Option<&str>) -> Result<bool, Refusal> {
    Err(Refusal::Kernel {
        errno,
        explanation: explanation.map(str::to_owned),
    })
}

fn take(datagrams: &[&[u8]]) -> (Result<bool, Refusal>, Answers<Message>) {
    let mut answers = Answers::new(SEQUENCE, false);
    let mut taken = Ok(false);
    for datagram in datagrams {
        taken = answers.take(datagram);
    }
    (taken, answers)
}

#[test]
fn a_dump_ends_with_its_end_over_several_datagrams() {
    let device = message(DEVICE, MULTI, SEQUENCE, &[]);
    let (taken, answers) = take(&[&device, &[device.clone(), device.clone()].concat()]);
    assert_eq!((taken, answers.messages.len()), (Ok(false), 3));
    let end = message(DONE, MULTI, SEQUENCE, &[0; 4]);
    let (taken, answers) = take(&[&device, &end]);
    assert_eq!((taken, answers.messages.len()), (Ok(true), 1));
    assert!(!answers.is_interrupted);
}

#[test]
fn a_change_while_it_is_read_is_noticed() {
    let device = message(DEVICE, MULTI | 0x10, SEQUENCE, &[]);
    let end = message(DONE, MULTI, SEQUENCE, &[0; 4]);
    let (taken, answers) = take(&[&device, &end]);
    assert_eq!(taken, Ok(true));
    assert!(answers.is_interrupted);
}

#[test]
fn one_object_is_all_where_one_was_asked_for() {
    let mut answers = Answers::<Message>::new(SEQUENCE, true);
    let device = message(DEVICE, 0, SEQUENCE, &[]);
    assert_eq!(answers.take(&device), Ok(true));
}

#[test]
fn answers_to_other_requests_are_passed_over() {
    let stale = message(
        ERROR,
        0,
        SEQUENCE - 1,
        &[code(Errno::EPERM), vec![0; 16]].concat(),
    );
    let ours = message(ERROR, 0, SEQUENCE, &[0; 20]);
    let (taken, _) = take(&[&[stale.clone(), ours].concat()]);
    assert_eq!(taken, Ok(true));
    assert_eq!(take(&[&stale]).0, Ok(false));
}

#[test]
fn a_refusal_has_the_kernels_own_words() {
    let request = message(DEVICE, 5, SEQUENCE, &[1, 2, 3, 4]);
    let whole = [code(Errno::EINVAL), request.clone(), words("Name too long")].concat();
    let capped = [
        code(Errno::EINVAL),
        request[..16].to_vec(),
        words("Name too long"),
    ]
    .concat();
    for (flags, body) in [(TLVS, whole), (TLVS | CAPPED, capped)] {
        let error = message(ERROR, flags, SEQUENCE, &body);
        assert_eq!(
            take(&[&error]).0,
            refused(Errno::EINVAL, Some("Name too long"))
        );
    }
    let bare = message(ERROR, 0, SEQUENCE, &[code(Errno::EPERM), request].concat());
    assert_eq!(take(&[&bare]).0, refused(Errno::EPERM, None));
}

#[test]
fn a_dump_that_fails_at_its_end_is_a_refusal() {
    let body = [code(Errno::EMSGSIZE), words("no room")].concat();
    let end = message(DONE, MULTI | TLVS, SEQUENCE, &body);
    assert_eq!(take(&[&end]).0, refused(Errno::EMSGSIZE, Some("no room")));
}

#[test]
fn what_is_cut_short_is_no_answer() {
    let device = message(DEVICE, 0, SEQUENCE, &[8, 0, 1, 0, 3, 0, 0, 0]);
    let (taken, _) = take(&[&device[..20]]);
    assert!(matches!(taken, Err(Refusal::Undecodable(_))), "{taken:?}");
    // An attribute that claims more bytes than the message has.
    let mut cut = device.clone();
    cut[16] = 200;
    let (taken, _) = take(&[&cut]);
    assert!(matches!(taken, Err(Refusal::Undecodable(_))), "{taken:?}");
    // A refusal whose attributes are cut keeps its errno.
    let error = [code(Errno::EINVAL), vec![0; 16], vec![200, 0, 1, 0]].concat();
    let error = message(ERROR, TLVS | CAPPED, SEQUENCE, &error);
    assert_eq!(take(&[&error]).0, refused(Errno::EINVAL, None));
}
