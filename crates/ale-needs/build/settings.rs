//! What is set so that ALE builds: asked for here, and set by xtask for whoever works in this workspace.

/// What ALE's zlib must be told where functions have to be declared.
pub(crate) const DECLARED: &str = "-DZ_HAVE_UNISTD_H=1";

/// The variable by which CMake takes older projects for newer ones, and the oldest version that ALE may be taken for.
pub(crate) const POLICY: &str = "CMAKE_POLICY_VERSION_MINIMUM";
pub(crate) const OLDEST: &str = "3.5";

/// A version of CMake.
pub(crate) type Version = (u32, u32);

/// Whether ALE builds with this value of [`POLICY`].
pub(crate) fn accepts(policy: &str) -> bool {
    version(policy) >= version(OLDEST)
}

/// The version in what `cmake --version` prints, or in a variable.
pub(crate) fn version(text: &str) -> Option<Version> {
    let number = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let mut parts = number.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
