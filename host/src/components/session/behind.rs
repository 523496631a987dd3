//! The host as a component behind the wall has it: the process before the wall, and a copy of its authority.
//!
//! Each message to that process and back takes longer than most calls. What the grants and the plan so far decide, the copy
//! answers, and the authority hears of it with the next call that it must answer itself. It decides once more then: a
//! component that has become something else gains nothing by what it says that its copy allowed.

use super::{Authority, HostAnswer, HostCall};
use crate::components::end::End;
use crate::components::refusal::Refusal;
use crate::components::wall::Channel;

/// Both of them.
pub struct Behind {
    channel: Channel,
    copy: Box<Authority>,
}

impl Behind {
    /// With the authority as it was when the processes parted.
    pub fn new(channel: Channel, copy: Authority) -> Self {
        Self {
            channel,
            copy: Box::new(copy),
        }
    }

    /// Answers a call.
    ///
    /// # Errors
    ///
    /// What the host refuses.
    pub fn ask(&mut self, call: HostCall) -> Result<HostAnswer, Refusal> {
        if call.is_known() {
            return self.copy.answer(call);
        }
        if call.needs_no_answer() {
            // What is refused here changes nothing there.
            let answer = self.copy.answer(call.clone())?;
            self.channel.note(call);
            return Ok(answer);
        }
        let answer = self.channel.ask(call)?;
        self.copy.follow(&answer);
        Ok(answer)
    }

    /// Says how the component ended.
    pub fn tell(&mut self, end: End) {
        self.channel.tell(end);
    }
}
