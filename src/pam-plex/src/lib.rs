//! pam
