//! The return code of a stack, from those of its modules, by the rules of libpam's dispatcher.

use super::control::Action;
use super::include::{Content, Module, Step};
use super::return_code::Code;

/// libpam's return code where no module gave one.
const MUST_FAIL: Code = Code::PERM_DENIED;

/// libpam's `impression`: the codes so far, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Impression {
    None,
    Good,
    Bad,
}

/// Return code of a stack in which each module returns what `answer` gives for it.
pub fn evaluate(steps: &[Step], answer: &dyn Fn(&Module) -> Code) -> Code {
    let (mut impression, mut status) = (Impression::None, MUST_FAIL);
    // Impression and status at the entry of each substack, for `reset`.
    let mut entered = vec![(impression, status)];
    let mut level = 0;
    let mut at = 0;
    while let Some(step) = steps.get(at) {
        if step.level > level {
            entered.truncate(step.level);
            entered.resize(step.level + 1, (impression, status));
        }
        level = step.level;
        at += 1;
        let (code, action) = match &step.content {
            Content::Substack => continue,
            Content::Broken(_) => (MUST_FAIL, Action::Bad),
            Content::Module(control, module) => {
                let code = answer(module);
                (code, control.action(code))
            }
        };
        let over = match action {
            Action::Ignore => false,
            Action::Reset => {
                (impression, status) = entered.get(level).copied().unwrap_or((Impression::None, MUST_FAIL));
                false
            }
            Action::Ok | Action::Done => {
                if impression == Impression::None || (impression == Impression::Good && status == Code::SUCCESS) {
                    (impression, status) = (Impression::Good, code);
                }
                impression == Impression::Good && action == Action::Done
            }
            Action::Bad | Action::Die => {
                if impression != Impression::Bad {
                    impression = Impression::Bad;
                    status = if code == Code::IGNORE { MUST_FAIL } else { code };
                }
                action == Action::Die
            }
            Action::Jump(count) => {
                let left = skip(steps, &mut at, level, count);
                if left > 0 {
                    (impression, status) = (Impression::Bad, MUST_FAIL);
                }
                false
            }
        };
        if over {
            // Skips the rest of this stack; the stack around a substack goes on.
            while steps.get(at).is_some_and(|next| next.level >= level) {
                at += 1;
            }
        }
    }
    if status == Code::SUCCESS && impression != Impression::Good { MUST_FAIL } else { status }
}

/// Skips `count` steps of this level, a substack with its steps as one. Returns how many the stack has too few.
fn skip(steps: &[Step], at: &mut usize, level: usize, count: usize) -> usize {
    let mut left = count;
    while left > 0 && steps.get(*at).is_some_and(|next| next.level >= level) {
        *at += 1;
        while steps.get(*at).is_some_and(|next| next.level > level) {
            *at += 1;
        }
        left -= 1;
    }
    left
}
