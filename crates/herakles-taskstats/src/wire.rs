//! Generic netlink as bytes: requests with one attribute, answers with nested ones
//! (`include/uapi/linux/netlink.h`, `genetlink.h`). Numbers are in the machine's byte order.

/// `NLM_F_REQUEST`
const REQUEST: u16 = 1;
/// `NLM_F_ACK`: answer also where there is nothing to say.
const ACK: u16 = 4;
/// `NLMSG_ERROR`
const ERROR: u16 = 2;
/// `NLA_TYPE_MASK`: the flags above it say how to read an attribute, not which it is.
const TYPE_MASK: u16 = 0x3fff;

/// `struct nlmsghdr`
const MESSAGE_HEADER: usize = 16;
/// `struct nlattr`
const ATTRIBUTE_HEADER: usize = 4;
/// `struct genlmsghdr`
const COMMAND_HEADER: usize = 4;

/// A question to the kernel.
pub(crate) struct Request<'a> {
    /// The family that is asked.
    pub(crate) family: u16,
    /// What it is asked to do.
    pub(crate) command: u8,
    /// Comes back with the answer.
    pub(crate) sequence: u32,
    /// Whether success is to be acknowledged, where it has no answer of its own.
    pub(crate) acknowledge: bool,
    pub(crate) attribute: u16,
    pub(crate) value: &'a [u8],
}

impl Request<'_> {
    /// Appends the message, padded so that another may follow.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let attribute_length = ATTRIBUTE_HEADER + self.value.len();
        let length = MESSAGE_HEADER + COMMAND_HEADER + attribute_length;
        let start = out.len();
        // What is asked is a number or a short name, so the lengths fit.
        out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
        out.extend_from_slice(&self.family.to_ne_bytes());
        let flags = if self.acknowledge {
            REQUEST | ACK
        } else {
            REQUEST
        };
        out.extend_from_slice(&flags.to_ne_bytes());
        out.extend_from_slice(&self.sequence.to_ne_bytes());
        out.extend_from_slice(&[0; 4]); // the kernel knows who we are
        out.extend_from_slice(&[self.command, 1, 0, 0]); // version 1 of the family's protocol
        out.extend_from_slice(
            &u16::try_from(attribute_length)
                .unwrap_or(u16::MAX)
                .to_ne_bytes(),
        );
        out.extend_from_slice(&self.attribute.to_ne_bytes());
        out.extend_from_slice(self.value);
        out.resize(start + aligned(length), 0);
    }
}

/// An answer of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// That of the request.
    pub(crate) sequence: u32,
    /// The attributes, none if it is only an acknowledgement; or the errno.
    pub(crate) result: Result<Attributes<'a>, i32>,
}

/// The answers in a datagram, up to the first that is not whole.
pub(crate) fn answers(datagram: &[u8]) -> impl Iterator<Item = Answer<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(rest, 0)?).ok()?;
        let message = rest.get(..length)?;
        let payload = message.get(MESSAGE_HEADER..)?;
        rest = rest.get(aligned(length)..).unwrap_or_default();
        let result = if u16_at(message, 4)? == ERROR {
            match i32::from_ne_bytes(chunk(payload, 0)?) {
                0 => Ok(Attributes { rest: &[] }),
                negative => Err(negative.saturating_neg()),
            }
        } else {
            Ok(Attributes {
                rest: payload.get(COMMAND_HEADER..)?,
            })
        };
        Some(Answer {
            sequence: u32_at(message, 8)?,
            result,
        })
    })
}

/// A list of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// The value of the first attribute of this type.
    pub(crate) fn find(mut self, wanted: u16) -> Option<&'a [u8]> {
        loop {
            let length = usize::from(u16_at(self.rest, 0)?);
            let value = self.rest.get(ATTRIBUTE_HEADER..length)?;
            if u16_at(self.rest, 2)? & TYPE_MASK == wanted {
                return Some(value);
            }
            self.rest = self.rest.get(aligned(length)..)?;
        }
    }

    /// The list inside the first attribute of this type.
    pub(crate) fn nested(self, wanted: u16) -> Option<Self> {
        self.find(wanted).map(|rest| Self { rest })
    }
}

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    chunk(bytes, offset).map(u16::from_ne_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    chunk(bytes, offset).map(u32::from_ne_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    chunk(bytes, offset).map(u64::from_ne_bytes)
}

fn chunk<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// Messages and attributes begin at multiples of four.
const fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Answer, Request, answers};

    fn request(sequence: u32, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Request {
            family: 31,
            command: 1,
            sequence,
            acknowledge: false,
            attribute: 2,
            value,
        }
        .write(&mut out);
        out
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            first in prop::collection::vec(any::<u8>(), 0..20), second: [u8; 4], sequence: u32,
        ) {
            // Requests and answers have the same form.
            let both = [request(sequence, &first), request(7, &second)].concat();
            let read: Vec<Answer<'_>> = answers(&both).collect();
            prop_assert_eq!([read[0].sequence, read[1].sequence], [sequence, 7]);
            prop_assert_eq!(read[0].result.ok().and_then(|list| list.find(2)), Some(&first[..]));
            prop_assert_eq!(read[1].result.ok().and_then(|list| list.find(2)), Some(&second[..]));
            prop_assert_eq!(read[1].result.ok().and_then(|list| list.find(3)), None);
            prop_assert_eq!(read.len(), 2);
        }

        #[test]
        fn anything_comes_to_an_end(datagram in prop::collection::vec(0..40_u8, 0..200)) {
            for answer in answers(&datagram).take(1000) {
                if let Ok(list) = answer.result {
                    list.nested(4).and_then(|nested| nested.find(3));
                }
            }
            prop_assert!(answers(&datagram).count() <= datagram.len() / 16);
        }
    }

    #[test]
    fn errno_0_is_an_acknowledgement() {
        let datagram = [
            20_u32.to_ne_bytes(),
            [2, 0, 0, 0],
            9_u32.to_ne_bytes(),
            [0; 4],
            [0; 4],
        ]
        .concat();
        let read: Vec<Answer<'_>> = answers(&datagram).collect();
        assert_eq!(read.len(), 1);
        assert!(read[0].result.is_ok_and(|list| list.find(0).is_none()));
    }

    #[test]
    fn an_error_is_its_errno() {
        let mut datagram = [
            36_u32.to_ne_bytes(),
            [2, 0, 0, 0],
            9_u32.to_ne_bytes(),
            [0; 4],
        ]
        .concat();
        datagram.extend_from_slice(&(-3_i32).to_ne_bytes());
        datagram.extend_from_slice(&[0; 16]);
        let read: Vec<Answer<'_>> = answers(&datagram).collect();
        assert_eq!(
            read,
            [Answer {
                sequence: 9,
                result: Err(3)
            }]
        );
    }
}
