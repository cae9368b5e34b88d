//! What can go wrong.

/// Why a replay refused something. After any error it holds what it held before the call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A setting that is impossible, alone or together with others.
    #[error("{key} = {value}: {reason}")]
    Setting {
        /// The setting's name, as in the experiment.
        key: &'static str,
        /// The value that was asked for.
        value: String,
        /// What is wrong with it and what is allowed.
        reason: String,
    },
    /// More memory than the machine's address space or the operating system allows.
    #[error("no memory for a replay of {bytes} bytes; choose a smaller capacity")]
    OutOfMemory {
        /// Bytes asked for; `u64::MAX` where the figure itself does not fit.
        bytes: u64,
    },
    /// A stream that this replay was not made for.
    #[error("stream {stream} does not exist: this replay has {streams}, numbered from 0")]
    Stream {
        /// The stream that was named.
        stream: usize,
        /// How many there are.
        streams: usize,
    },
    /// An observation of the wrong length.
    #[error("an observation of {found} elements, but this replay stores observations of {expected}")]
    ObservationLength {
        /// Elements expected.
        expected: usize,
        /// Elements given.
        found: usize,
    },
    /// A transition for a stream whose episode has not begun, or is over.
    #[error("stream {stream} has no running episode: its first observation must be given with begin()")]
    NoEpisode {
        /// The stream.
        stream: usize,
    },
    /// A new episode for a stream whose episode is not over.
    #[error("stream {stream} is in the middle of an episode: end it with a truncated transition before begin()")]
    EpisodeRunning {
        /// The stream.
        stream: usize,
    },
    /// A stacked observation that is not its predecessor moved on by one frame.
    #[error(
        "stream {stream}: the older frames of this observation are not the newer frames of the one before, so it is no \
         stack of frames (oldest first); use the uniform replay or give it stack = 1"
    )]
    NotAStack {
        /// The stream.
        stream: usize,
    },
    /// A sample from a replay that holds no complete transition yet.
    #[error("nothing to sample: no transition is complete yet")]
    Empty,
    /// The id of a transition that is not there: no longer, or not yet.
    #[error("no transition has the id {id}: it was overwritten, or never was")]
    Gone {
        /// The id.
        id: u64,
    },
    /// Priorities for another number of transitions.
    #[error("{priorities} priorities for {ids} transitions")]
    Priorities {
        /// How many ids were given.
        ids: usize,
        /// How many priorities.
        priorities: usize,
    },
    /// A priority that is none.
    #[error("{priority} is no priority: it must be 0 or more, and finite")]
    Priority {
        /// The first such number.
        priority: f32,
    },
    /// Reading or writing failed.
    #[error("the replay cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// Bytes that are no saved replay, or no longer one.
    #[error("this saved replay is damaged: {reason}")]
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// A saved replay of another version of the format.
    #[error("this saved replay has format {version}, this program reads formats up to {known}")]
    Version {
        /// The file's version.
        version: u32,
        /// The newest version that this crate reads.
        known: u32,
    },
    /// A saved replay with other settings.
    #[error("the saved replay has {key} = {found}, this one has {expected}")]
    Different {
        /// The first setting that differs.
        key: &'static str,
        /// This replay's value.
        expected: String,
        /// The saved replay's value.
        found: String,
    },
    /// Increments that do not make up a whole replay.
    #[error("a part of the saved replay is missing: {reason}")]
    Incomplete {
        /// What is missing.
        reason: String,
    },
    /// A mark that this replay cannot have given: it is of another replay, or of this one's future.
    #[error("this mark is not one of this replay's past")]
    ForeignMark,
}

impl ReplayError {
    pub(crate) fn setting(key: &'static str, value: &impl ToString, reason: impl Into<String>) -> Self {
        Self::Setting { key, value: value.to_string(), reason: reason.into() }
    }

    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged { reason: reason.into() }
    }
}
