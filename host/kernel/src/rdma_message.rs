//! Messages of the RDMA netlink family: a header and attributes, as netlink(7) lays them
//! out. No crate knows this family.

/// `RDMA_NL_NLDEV`: the client of the family that manages devices.
const NLDEV: u16 = 5;

/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Bytes of `struct nlattr`.
const ATTRIBUTE_HEADER: usize = 4;

/// `NLM_F_REQUEST`
const REQUEST: u16 = 0x1;
/// `NLM_F_ACK`
const ACKNOWLEDGE: u16 = 0x4;
/// `NLM_F_DUMP`
const DUMP: u16 = 0x300;

/// `NLMSG_ERROR`
const ERROR: u16 = 2;
/// `NLMSG_DONE`
const DONE: u16 = 3;

/// A request of the device client.
pub struct Request {
    command: u16,
    flags: u16,
    attributes: Vec<u8>,
}

impl Request {
    /// Asks for one object.
    pub fn get(command: u16) -> Self {
        Self {
            command,
            flags: REQUEST,
            attributes: Vec::new(),
        }
    }

    /// Asks for all objects.
    pub fn dump(command: u16) -> Self {
        Self {
            flags: REQUEST | DUMP,
            ..Self::get(command)
        }
    }

    /// Changes something.
    pub fn change(command: u16) -> Self {
        Self {
            flags: REQUEST | ACKNOWLEDGE,
            ..Self::get(command)
        }
    }

    /// Adds an attribute of four bytes.
    pub fn number(self, kind: u16, value: u32) -> Self {
        self.attribute(kind, &value.to_ne_bytes())
    }

    /// Adds an attribute of text.
    pub fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.attribute(kind, &bytes)
    }

    fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = ATTRIBUTE_HEADER + value.len();
        self.attributes.extend((length as u16).to_ne_bytes());
        self.attributes.extend(kind.to_ne_bytes());
        self.attributes.extend(value);
        let padded = self.attributes.len().next_multiple_of(4);
        self.attributes.resize(padded, 0);
        self
    }

    /// Whether the first object ends the answer.
    pub fn has_one_answer(&self) -> bool {
        self.flags == REQUEST
    }

    /// The message.
    pub fn bytes(&self, sequence: u32) -> Vec<u8> {
        let length = HEADER + self.attributes.len();
        let mut bytes = Vec::with_capacity(length);
        bytes.extend((length as u32).to_ne_bytes());
        bytes.extend(((NLDEV << 10) | self.command).to_ne_bytes());
        bytes.extend(self.flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend(0u32.to_ne_bytes());
        bytes.extend(&self.attributes);
        bytes
    }
}

/// One message of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// An object: the kinds and values of its attributes.
    Attributes(Vec<(u16, Vec<u8>)>),
    /// The end, with 0 or an errno.
    End(i32),
}

impl Answer {
    fn value(&self, kind: u16) -> Option<&[u8]> {
        match self {
            Self::Attributes(attributes) => attributes
                .iter()
                .find_map(|(found, value)| (*found == kind).then_some(value.as_slice())),
            Self::End(_) => None,
        }
    }

    /// An attribute of one byte.
    pub fn byte(&self, kind: u16) -> Option<u8> {
        self.value(kind)?.first().copied()
    }

    /// An attribute of four bytes.
    pub fn number(&self, kind: u16) -> Option<u32> {
        Some(u32::from_ne_bytes(
            self.value(kind)?.get(..4)?.try_into().ok()?,
        ))
    }

    /// An attribute of text.
    pub fn text(&self, kind: u16) -> Option<String> {
        let text = self.value(kind)?.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

/// The messages of a datagram that answer the request of this number; none when it is
/// malformed.
pub fn answers(mut bytes: &[u8], sequence: u32) -> Option<Vec<Answer>> {
    let mut answers = Vec::new();
    while bytes.len() >= HEADER {
        let length = u32::from_ne_bytes(bytes[..4].try_into().ok()?) as usize;
        let kind = u16::from_ne_bytes(bytes[4..6].try_into().ok()?);
        let answered = u32::from_ne_bytes(bytes[8..12].try_into().ok()?);
        let body = bytes.get(HEADER..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        if answered != sequence {
            continue;
        }
        answers.push(match kind {
            ERROR | DONE => {
                let code = body.get(..4).map_or(Some(0), |code| {
                    Some(i32::from_ne_bytes(code.try_into().ok()?))
                })?;
                Answer::End(-code)
            }
            _ => Answer::Attributes(attributes(body)?),
        });
    }
    Some(answers)
}

fn attributes(mut bytes: &[u8]) -> Option<Vec<(u16, Vec<u8>)>> {
    let mut attributes = Vec::new();
    while bytes.len() >= ATTRIBUTE_HEADER {
        let length = usize::from(u16::from_ne_bytes([bytes[0], bytes[1]]));
        let kind = u16::from_ne_bytes([bytes[2], bytes[3]]);
        attributes.push((kind, bytes.get(ATTRIBUTE_HEADER..length)?.to_vec()));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_laid_out_as_netlink_wants_it() {
        let bytes = Request::change(2).number(1, 7).text(2, "mlx5_0").bytes(9);
        assert_eq!(bytes.len(), 16 + 8 + 12);
        assert_eq!(bytes[..4], 36u32.to_ne_bytes());
        assert_eq!(bytes[4..6], ((5u16 << 10) | 2).to_ne_bytes());
        assert_eq!(bytes[6..8], 5u16.to_ne_bytes());
        assert_eq!(bytes[16..18], 8u16.to_ne_bytes());
        // Length 4 + 7, padded to 12.
        assert_eq!(bytes[24..26], 11u16.to_ne_bytes());
        assert_eq!(&bytes[28..36], b"mlx5_0\0\0");
    }

    #[test]
    fn answers_to_other_requests_are_passed_over() {
        let mut bytes = Request::change(1).number(1, 3).text(2, "mlx5_3").bytes(4);
        bytes.extend(Request::change(1).number(1, 5).bytes(8));
        let answers = answers(&bytes, 4).unwrap();
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].number(1), Some(3));
        assert_eq!(answers[0].text(2).as_deref(), Some("mlx5_3"));
    }

    #[test]
    fn what_is_cut_short_is_no_answer() {
        let bytes = Request::change(1).text(2, "mlx5_3").bytes(4);
        assert_eq!(answers(&bytes[..20], 4), None);
        let mut cut = bytes;
        cut[16] = 200;
        assert_eq!(answers(&cut, 4), None);
    }
}
