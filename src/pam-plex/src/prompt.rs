//! The conversation with the person: a prompt out, what was typed back.

use pam::constants::{PAM_ERROR_MSG, PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_ON};
use pam::conv::Conv;
use pam::items::AuthTok;
use pam::module::PamHandle;
use pam::secret::SecretBytes;
use protocol::{InvalidInput, Prompt, PromptReply, Secret};

/// An answer, and whether it came from a prompt of ours.
pub(crate) struct Typed {
    /// The answer.
    pub answer: PromptReply,
    /// Whether somebody typed it just now, so that no earlier module has it.
    pub fresh: bool,
}

/// The password that an earlier module of the stack asked for.
pub(crate) fn first_pass(pamh: &PamHandle) -> Option<Typed> {
    let token = pamh.get_item::<AuthTok>().ok().flatten()?;
    Some(Typed { answer: judged(&token.to_owned_secret()), fresh: false })
}

/// Shows a prompt. Whatever goes wrong with it, an error of the program, no answer or none that is text, is
/// [`PromptReply::Failed`].
pub(crate) fn converse(pamh: &PamHandle, ask: &Prompt) -> Typed {
    let style = if ask.echo { PAM_PROMPT_ECHO_ON } else { PAM_PROMPT_ECHO_OFF };
    let typed = pamh.get_item::<Conv>().ok().flatten().and_then(|conv| conv.send(style, &ask.text).ok().flatten());
    let answer = typed.as_ref().map_or(PromptReply::Failed, judged);
    Typed { answer, fresh: true }
}

/// Says something. Best effort: a program that cannot show it goes by the code.
pub(crate) fn tell(pamh: &PamHandle, text: &str) {
    if let Ok(Some(conv)) = pamh.get_item::<Conv>() {
        let _ = conv.send(PAM_ERROR_MSG, text);
    }
}

/// Nothing is ever cut to fit: what cannot be a password as it is, is said to be none.
fn judged(typed: &SecretBytes) -> PromptReply {
    if typed.len() > protocol::MAX_PASSWORD {
        return PromptReply::Invalid(InvalidInput::TooLong);
    }
    match typed.as_str() {
        Ok(text) => PromptReply::Text(Secret::from(text)),
        Err(_) => PromptReply::Invalid(InvalidInput::NotUtf8),
    }
}
