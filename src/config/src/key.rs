//! A key of the configuration, and the macro that makes everything of a section's table of keys.

use std::path::PathBuf;
use std::time::Duration;

use policy::PlexId;
use url::Url;

/// A key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The section that it is in, such as `cache`; empty for a key above all sections.
    pub section: &'static str,
    /// Its name within the section.
    pub name: &'static str,
    /// Its value is never shown.
    pub secret: bool,
    /// Its value says nothing about anybody: no name, address, path or id.
    pub public: bool,
    /// Its description in plex-auth.toml(5), as lines of Markdown. The first sentence gives type, range and default.
    pub about: &'static [&'static str],
}

impl Key {
    /// Section and name as `config show` writes them: `cache.remember`.
    #[must_use]
    pub fn path(&self) -> String {
        if self.section.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.section, self.name) }
    }
}

/// A value as `config show` and the manual page write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Not set, and without a default.
    Unset,
    /// Not set, and off without it.
    Off,
    /// A text; a time is one as well.
    Text(String),
    /// A count, or a Plex id.
    Number(u64),
    /// On or off.
    Boolean(bool),
    /// Several texts.
    List(Vec<String>),
}

/// A type of a key's value.
pub(crate) trait Show {
    /// Shown for an `Option` that is `None`.
    const ABSENT: Value = Value::Unset;
    /// No value of the type says anything about anybody.
    const PUBLIC: bool = false;
    /// The value as the user would write it in the file.
    fn show(&self) -> Value;
}

impl<T: Show> Show for Option<T> {
    const PUBLIC: bool = T::PUBLIC;
    fn show(&self) -> Value {
        self.as_ref().map_or(T::ABSENT, T::show)
    }
}

impl Show for Duration {
    const ABSENT: Value = Value::Off;
    const PUBLIC: bool = true;
    fn show(&self) -> Value {
        Value::Text(humantime::format_duration(*self).to_string())
    }
}

impl Show for String {
    fn show(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl Show for Vec<String> {
    fn show(&self) -> Value {
        Value::List(self.clone())
    }
}

impl Show for PathBuf {
    fn show(&self) -> Value {
        Value::Text(self.to_string_lossy().into())
    }
}

impl Show for Url {
    fn show(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl Show for PlexId {
    fn show(&self) -> Value {
        Value::Number(self.0)
    }
}

impl Show for u32 {
    const PUBLIC: bool = true;
    fn show(&self) -> Value {
        Value::Number(u64::from(*self))
    }
}

impl Show for bool {
    const PUBLIC: bool = true;
    fn show(&self) -> Value {
        Value::Boolean(*self)
    }
}

/// Makes of one table of keys: the struct that serde reads (`$Raw`, every value with its place in the text), a method of
/// it for each key (the value, checked), the struct of the values (`$Section`), and the list of [`Key`]s.
///
/// A key is written as `/// description`, then `name: Type = RawType, |place, raw value, raw section| value or Problem`.
/// One key's reader can use another's value: `section.login(place)?`. The keys of a `secret { }` block have no field in
/// `$Section`. `sections { }` lists the fields that are no keys: with what serde reads, and with the type in `$Section`.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $Section:ident, $Raw:ident = $section:literal;
        $(secret { $($secret:tt)* })?
        $(sections { $($(#[$part_doc:meta])* $part:ident: $Part:ty $(= $RawPart:ty)?;)* })?
        $(
            $(#[doc = $about:literal])+
            $name:ident: $Type:ty = $RawType:ty, $read:expr;
        )*
    ) => {
        $(#[$meta])*
        pub struct $Section {
            $($($(#[$part_doc])* pub $part: $Part,)*)?
            $($(#[doc = $about])+ pub $name: $Type,)*
        }

        section! {
            raw $Section, $Raw = $section;
            $(secret { $($secret)* })?
            $(sections { $($part: $Part $(= $RawPart)?;)* })?
            $($(#[doc = $about])+ $name: $Type = $RawType, $read;)*
        }
    };
    (
        raw $Section:ident, $Raw:ident = $section:literal;
        $(secret { $($(#[doc = $secret_about:literal])+ $secret:ident: $Secret:ty = $RawSecret:ty, $read_secret:expr;)* })?
        $(sections { $($part:ident: $Part:ty $(= $RawPart:ty)?;)* })?
        $(
            $(#[doc = $about:literal])+
            $name:ident: $Type:ty = $RawType:ty, $read:expr;
        )*
    ) => {
        #[derive(Default, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $Raw {
            $($(pub $secret: Option<toml::Spanned<$RawSecret>>,)*)?
            $(pub $name: Option<toml::Spanned<$RawType>>,)*
            $($($(#[serde(default)] pub $part: $RawPart,)?)*)?
        }

        impl $Raw {
            /// The section's keys, in the manual page's order.
            pub const KEYS: &[$crate::key::Key] = &[
                $($($crate::key::Key {
                    section: $section, name: stringify!($secret), secret: true, public: false, about: &[$($secret_about),+]
                },)*)?
                $($crate::key::Key {
                    section: $section, name: stringify!($name), secret: false,
                    public: <$Type as $crate::key::Show>::PUBLIC, about: &[$($about),+]
                },)*
            ];

            $($(
                pub fn $secret(&self, place: &$crate::place::Place) -> Result<$Secret, $crate::problem::Problem> {
                    place.key(self.$secret.as_ref(), self, $read_secret)
                }
            )*)?
            $(
                pub fn $name(&self, place: &$crate::place::Place) -> Result<$Type, $crate::problem::Problem> {
                    place.key(self.$name.as_ref(), self, $read)
                }
            )*

            /// The section with all values checked.
            pub fn build(
                &self, place: &$crate::place::Place, ($($($part),*)?): ($($($Part),*)?)
            ) -> Result<$Section, $crate::problem::Problem> {
                Ok($Section { $($($part,)*)? $($name: self.$name(place)?),* })
            }

            /// The keys that are not secret, with their values.
            pub fn values(section: &$Section) -> Vec<$crate::key::Value> {
                vec![$($crate::key::Show::show(&section.$name)),*]
            }
        }
    };
}
pub(crate) use section;
