//! One thing that is broken.

use crate::patient::Patient;

/// What makes a machine well again.
pub(crate) enum Mend {
    /// The command that the doctor names, word for word.
    AsTold,
    /// Something that no one command does; the doctor must say these words about it.
    Saying(&'static str, &'static str),
}

/// One thing that is broken.
pub(crate) struct Case {
    /// The shell that breaks it.
    pub breaking: String,
    /// The line that must be there: check, mark, and words of it.
    pub line: (&'static str, &'static str, &'static str),
    pub mend: Mend,
}

/// A case that the doctor's own command mends.
pub(crate) fn told(breaking: impl Into<String>, check: &'static str, mark: &'static str, words: &'static str) -> Case {
    Case { breaking: breaking.into(), line: (check, mark, words), mend: Mend::AsTold }
}

/// A case in which the doctor says these words, and then this shell does what they mean.
pub(crate) fn saying(
    breaking: impl Into<String>,
    (check, mark, words): (&'static str, &'static str, &'static str),
    advice: &'static str,
    mend: &'static str,
) -> Case {
    Case { breaking: breaking.into(), line: (check, mark, words), mend: Mend::Saying(advice, mend) }
}

/// Breaks one thing after the other on a healthy machine: the doctor sees it, and what it says mends it.
pub(crate) fn all(patient: &Patient, cases: Vec<Case>) {
    for Case { breaking, line: (check, mark, words), mend } in cases {
        patient.0.sh(&breaking);
        let verdict = patient.look();
        let Some(line) = verdict.find(check, mark, words) else { panic!("{breaking}: {verdict:#?}") };
        let code = if verdict.lines.iter().any(|line| line.mark == "bad") { 1 } else { 2 };
        assert_eq!(verdict.code, code, "{breaking}: {verdict:#?}");
        let told = line.mend.as_deref().unwrap_or_else(|| panic!("{breaking}: no way to mend it"));
        match mend {
            Mend::AsTold => {
                let command = told.strip_prefix("run: ").unwrap_or_else(|| panic!("{breaking}: no command: {told}"));
                patient.0.sh(command);
            }
            Mend::Saying(advice, mend) => {
                assert!(told.contains(advice), "{breaking}: {told}");
                patient.0.sh(mend);
            }
        }
        patient.until_well(&format!("{breaking}\nmended by {told}"));
    }
}
