//! fakeplex
