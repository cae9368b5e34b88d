//! Which device a network lives on.

use std::str::FromStr;

use candle_core::Device;

use crate::NetError;

/// A device as the command line names it: `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU where this build has CUDA and the machine a GPU, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The NVIDIA GPU of this index. Untested: no GPU was at hand.
    Cuda(usize),
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    ///
    /// If a GPU is asked for that does not exist, or this build has no CUDA.
    pub fn open(self) -> Result<Device, NetError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto if candle_core::utils::cuda_is_available() => Ok(gpu(0).unwrap_or(Device::Cpu)),
            Self::Auto => Ok(Device::Cpu),
            Self::Cuda(index) => {
                let name = format!("cuda:{index}");
                if !candle_core::utils::cuda_is_available() {
                    let reason = "this program was built without CUDA (the cargo feature `cuda`)".to_owned();
                    return Err(NetError::Device { name, reason });
                }
                gpu(index).map_err(|error| NetError::Device { name, reason: error.to_string() })
            }
        }
    }
}

/// One stream for all threads. On Candle's usual one, which each thread has its own of, an actor's copy of the weights and
/// the learner's next update would race.
fn gpu(index: usize) -> candle_core::Result<Device> {
    Device::new_cuda_with_stream(index)
}

impl FromStr for DeviceChoice {
    type Err = NetError;

    fn from_str(name: &str) -> Result<Self, NetError> {
        let unknown = || NetError::Device {
            name: name.to_owned(),
            reason: "the devices are auto, cpu, cuda and cuda:N".to_owned(),
        };
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let index = name.strip_prefix("cuda:").ok_or_else(unknown)?;
                Ok(Self::Cuda(index.parse().map_err(|_| unknown())?))
            }
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}
