//! A single fault, and how it is fixed.

use crate::patient::Patient;

/// Way to repair the machine.
pub(crate) enum Mend {
    /// The command that doctor names, word for word.
    AsTold,
    /// The hint must contain the first string; the second is shell that does what the hint says.
    Saying(&'static str, &'static str),
}

/// A single fault.
pub(crate) struct Case {
    /// Shell that causes the fault.
    pub breaking: String,
    /// The expected check: its name, its status, and a part of its text.
    pub line: (&'static str, &'static str, &'static str),
    pub mend: Mend,
}

/// A fault that doctor's own command fixes.
pub(crate) fn told(breaking: impl Into<String>, check: &'static str, mark: &'static str, words: &'static str) -> Case {
    Case { breaking: breaking.into(), line: (check, mark, words), mend: Mend::AsTold }
}

/// A fault whose hint contains `advice`; `mend` does what it says.
pub(crate) fn saying(
    breaking: impl Into<String>,
    (check, mark, words): (&'static str, &'static str, &'static str),
    advice: &'static str,
    mend: &'static str,
) -> Case {
    Case { breaking: breaking.into(), line: (check, mark, words), mend: Mend::Saying(advice, mend) }
}

/// Causes one fault after the other on a healthy machine: doctor must find each, and its hint must fix it.
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
        patient.wait_until_healthy(&format!("{breaking}\nmended by {told}"));
    }
}
