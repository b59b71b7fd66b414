//! The text of a configuration, in which mistakes are located.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use protocol::Secret;
use toml::Spanned;

use crate::mistake::Mistake;
use crate::problem::Problem;
use crate::values::{count, duration, local_name, token, token_start};

/// The text of a configuration, and its file.
pub(crate) struct Place<'a> {
    pub text: &'a str,
    pub file: &'a Path,
}

impl Place<'_> {
    /// A mistake in a value.
    pub fn problem<T>(&self, value: &Spanned<T>, mistake: Mistake) -> Problem {
        Problem::at(self.file, self.text, value.span().start, mistake)
    }

    /// Applies the reader of a key.
    pub fn key<R, T, S>(
        &self,
        value: Option<&Spanned<R>>,
        section: &S,
        read: impl FnOnce(&Self, Option<&Spanned<R>>, &S) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        read(self, value, section)
    }

    /// A value, if it is set.
    pub fn value<R, T>(
        &self,
        value: Option<&Spanned<R>>,
        read: impl FnOnce(&R) -> Result<T, Mistake>,
    ) -> Result<Option<T>, Problem> {
        value.map(|value| read(value.get_ref()).map_err(|mistake| self.problem(value, mistake))).transpose()
    }

    /// A token, if it is set. A mistake in it is located at the token itself, behind what was copied along with it.
    pub fn token(&self, value: Option<&Spanned<String>>) -> Result<Option<Secret>, Problem> {
        let Some(value) = value else { return Ok(None) };
        match token(value.get_ref()) {
            Ok(token) => Ok(Some(token)),
            Err(Mistake::Token) => Err(self.problem(value, Mistake::Token)),
            Err(mistake) => {
                let written = self.text.get(value.span()).unwrap_or_default();
                Err(Problem::at(self.file, self.text, value.span().start + token_start(written), mistake))
            }
        }
    }

    /// A time, if it is set.
    pub fn time(
        &self,
        value: Option<&Spanned<String>>,
        range: RangeInclusive<Duration>,
    ) -> Result<Option<Duration>, Problem> {
        self.value(value, |text| duration(text, *range.start(), *range.end()))
    }

    /// A number, if it is set.
    pub fn number(&self, value: Option<&Spanned<u64>>, range: RangeInclusive<u32>) -> Result<Option<u32>, Problem> {
        self.value(value, |number| count(*number, *range.start(), *range.end()))
    }

    /// Names of local users, or of services in /etc/pam.d, if they are set.
    pub fn names(&self, value: Option<&Spanned<Vec<Spanned<String>>>>) -> Result<Option<Vec<String>>, Problem> {
        let name = |name: &Spanned<String>| local_name(name.get_ref()).map_err(|mistake| self.problem(name, mistake));
        value.map(|names| names.get_ref().iter().map(name).collect()).transpose()
    }
}
