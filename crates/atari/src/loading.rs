//! How a cartridge gets into ALE, which ends the process or throws where it is not given exactly what it wants.

use std::ffi::{CStr, CString, c_int};
use std::fs;
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Mutex, Once, PoisonError};

use ale_sys::ALEInterface;

use crate::emulator_error::EmulatorError;
use crate::roms::Rom;

// ale-sys builds a static C++ library and leaves it to its user to link C++'s own.
#[cfg_attr(target_os = "macos", link(name = "c++"))]
#[cfg_attr(not(target_os = "macos"), link(name = "stdc++"))]
unsafe extern "C" {}

/// Seed of what is random in the console itself: its memory and its timer at power-on. Later versions of ALE have this
/// constant for it, whatever an environment is seeded with (`system_random_seed`).
pub(crate) const CONSOLE_SEED: u32 = 4_753_849;

/// ALE reads this file in the working directory.
const CONFIGURATION: &str = "ale.cfg";

/// Settings in that file that no program can set back, and that change the console.
const CONSOLE_SETTINGS: [&str; 20] = [
    "bc",
    "channels",
    "config",
    "cp",
    "fast_tia_update",
    "format",
    "framerate",
    "freq",
    "height",
    "hmove",
    "lc",
    "ld",
    "pp",
    "ppblend",
    "rc",
    "rd",
    "rominfo",
    "tv",
    "type",
    "ystart",
];

/// Makes an ALE with this ROM in it, switched on. It is the caller's to delete.
///
/// # Errors
///
/// Where there is no place for a temporary file, or an `ale.cfg` in the way.
pub(crate) fn load(rom: &Rom) -> Result<NonNull<ALEInterface>, EmulatorError> {
    /// ALE sets process-wide things while it starts: its logger, the buffering of standard output.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static SILENCE: Once = Once::new();
    /// Only errors; the rest would land on standard error.
    const ERRORS: c_int = 2;

    if let Ok(configuration) = fs::read(CONFIGURATION) {
        check_configuration(&String::from_utf8_lossy(&configuration))?;
    }
    // ALE ends the process if it cannot read the file it is given, or if it does not know the file's name. So it gets
    // one with the verified content and the right name that nobody else knows of.
    let folder = tempfile::Builder::new().prefix("deepq-rom-").tempdir()?;
    let file = folder.path().join(rom.game().file());
    fs::write(&file, rom.content())?;
    let (file, nothing) = (c_path(&file)?, c_path(&folder.path().join("nothing"))?);

    let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: ALE_new gives a new object. Each key is one that ALE 0.6.0 knows for this type, so that it throws
    // nothing, and each string lives through its call. The file exists, and is the ROM of a game that ALE knows under
    // its name.
    unsafe {
        SILENCE.call_once(|| ale_sys::setLoggerMode(ERRORS));
        let ale = NonNull::new(ale_sys::ALE_new()).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let text = |key: &CStr, value: &CStr| ale_sys::setString(ale.as_ptr(), key.as_ptr(), value.as_ptr());
        let number = |key: &CStr, value: c_int| ale_sys::setInt(ale.as_ptr(), key.as_ptr(), value);
        let switch = |key: &CStr, value: bool| ale_sys::setBool(ale.as_ptr(), key.as_ptr(), value);
        // 0 would be the clock.
        number(c"random_seed", CONSOLE_SEED as c_int);
        // Repeated actions and the limit on frames are ours.
        ale_sys::setFloat(ale.as_ptr(), c"repeat_action_probability".as_ptr(), 0.0);
        number(c"max_num_frames_per_episode", 0);
        number(c"frame_skip", 1);
        // What is left alone otherwise, against the configuration file.
        number(c"paddle_min", -1);
        number(c"paddle_max", -1);
        switch(c"color_averaging", false);
        switch(c"display_screen", false);
        switch(c"showinfo", false);
        switch(c"sound", false);
        text(c"cpu", c"low");
        text(c"palette", c"standard");
        text(c"record_screen_dir", c"");
        text(c"record_sound_filename", c"");
        text(c"sp", c"NO");
        // Files that ALE would read from the working directory.
        for key in [c"cheatfile", c"palettefile", c"propsfile"] {
            text(key, &nothing);
        }
        ale_sys::loadROM(ale.as_ptr(), file.as_ptr());
        Ok(ale)
    }
}

fn c_path(path: &Path) -> Result<CString, io::Error> {
    Ok(CString::new(path.as_os_str().as_encoded_bytes())?)
}

/// Refuses a configuration that would change the console; the rest of it does nothing.
fn check_configuration(text: &str) -> Result<(), EmulatorError> {
    let keys = text.lines().filter(|line| !line.starts_with(';')).filter_map(|line| line.split_once('='));
    let mut keys = keys.map(|(key, _)| key.trim());
    match keys.find(|key| CONSOLE_SETTINGS.contains(key)) {
        Some(key) => Err(EmulatorError::ConfigurationFile { file: CONFIGURATION, key: key.into() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check_configuration;

    #[test]
    fn a_configuration_that_changes_the_console_is_refused() {
        assert!(check_configuration("; ystart = 30\nrandom_seed=123\n\n color_averaging =true").is_ok());
        let error = check_configuration("random_seed=123\n\t ystart\t= 30\n").unwrap_err().to_string();
        assert!(error.contains("ale.cfg") && error.contains("\"ystart\""), "{error}");
    }
}
