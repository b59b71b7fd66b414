//! Prompts through the program's conversation function.

use std::ffi::CStr;

use pam::constants::{PAM_ERROR_MSG, PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_ON};
use pam::conv::Conv;
use pam::items::{AuthTok, UserPrompt};
use pam::module::PamHandle;
use pam::secret::SecretBytes;
use protocol::{InvalidInput, Prompt, PromptReply, Secret};

use crate::ffi;

/// The prompt for the user's name where the program has set none: libpam's own.
const USER_PROMPT: &CStr = c"login:";

/// Typed text and its origin.
pub(crate) struct Typed {
    /// The text, or the reason why there is none.
    pub answer: PromptReply,
    /// The bytes typed at a prompt of this module, which no earlier module has.
    pub fresh: Option<SecretBytes>,
}

/// The password that an earlier module of the stack asked for.
pub(crate) fn first_pass(pamh: &PamHandle) -> Option<Typed> {
    let token = pamh.get_item::<AuthTok>().ok().flatten()?;
    Some(Typed { answer: checked(&token.to_owned_secret()), fresh: None })
}

/// Shows a prompt. An error of the program, a missing answer and one without text are all [`PromptReply::Failed`].
pub(crate) fn converse(pamh: &mut PamHandle, ask: &Prompt) -> Typed {
    // saslauthd compares each echoed prompt with this item, and crashes without one.
    if ask.echo && !matches!(pamh.get_item::<UserPrompt>(), Ok(Some(_))) {
        ffi::set_user_prompt(pamh, USER_PROMPT);
    }
    let style = if ask.echo { PAM_PROMPT_ECHO_ON } else { PAM_PROMPT_ECHO_OFF };
    let typed = pamh.get_item::<Conv>().ok().flatten().and_then(|conv| conv.send(style, &ask.text).ok().flatten());
    let answer = typed.as_ref().map_or(PromptReply::Failed, checked);
    Typed { answer, fresh: typed }
}

/// Shows an error message. Best effort: a program that cannot show it still gets the return code.
pub(crate) fn show_error(pamh: &PamHandle, text: &str) {
    if let Ok(Some(conv)) = pamh.get_item::<Conv>() {
        let _ = conv.send(PAM_ERROR_MSG, text);
    }
}

/// Checks a password without shortening it: one that is too long, or not UTF-8, is invalid.
fn checked(typed: &SecretBytes) -> PromptReply {
    if typed.len() > protocol::MAX_PASSWORD {
        return PromptReply::Invalid(InvalidInput::TooLong);
    }
    match typed.as_str() {
        Ok(text) => PromptReply::Text(Secret::from(text)),
        Err(_) => PromptReply::Invalid(InvalidInput::NotUtf8),
    }
}
