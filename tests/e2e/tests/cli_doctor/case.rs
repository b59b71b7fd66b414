//! A single fault, and how it is fixed.

use crate::patient::Patient;

/// Way to repair the machine.
pub(crate) enum Fix {
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
    pub fix: Fix,
}

/// A fault that doctor's own command fixes.
pub(crate) fn told(
    breaking: impl Into<String>,
    check: &'static str,
    status: &'static str,
    words: &'static str,
) -> Case {
    Case { breaking: breaking.into(), line: (check, status, words), fix: Fix::AsTold }
}

/// A fault whose hint contains `advice`; `fix` does what it says.
pub(crate) fn saying(
    breaking: impl Into<String>,
    (check, status, words): (&'static str, &'static str, &'static str),
    advice: &'static str,
    fix: &'static str,
) -> Case {
    Case { breaking: breaking.into(), line: (check, status, words), fix: Fix::Saying(advice, fix) }
}

/// Causes one fault after the other on a healthy machine: doctor must find each, and its hint must fix it.
pub(crate) fn all(patient: &Patient, cases: Vec<Case>) {
    for Case { breaking, line: (check, status, words), fix } in cases {
        patient.0.sh(&breaking);
        let verdict = patient.look();
        let Some(line) = verdict.find(check, status, words) else { panic!("{breaking}: {verdict:#?}") };
        let code = if verdict.lines.iter().any(|line| line.status == "error") { 1 } else { 3 };
        assert_eq!(verdict.code, code, "{breaking}: {verdict:#?}");
        let told = line.hint.as_deref().unwrap_or_else(|| panic!("{breaking}: no hint"));
        match fix {
            Fix::AsTold => {
                let command = told.strip_prefix("run: ").unwrap_or_else(|| panic!("{breaking}: no command: {told}"));
                let out = patient.0.sh(command);
                // Without a service manager, `setup` says how the daemon reads the new file.
                if let Some((_, reload)) = out.stdout.split_once("have it read the file: ") {
                    patient.0.sh(reload.lines().next().unwrap());
                }
            }
            Fix::Saying(advice, fix) => {
                assert!(told.contains(advice), "{breaking}: {told}");
                patient.0.sh(fix);
            }
        }
        patient.wait_until_healthy(&format!("{breaking}\nfixed by {told}"));
    }
}
