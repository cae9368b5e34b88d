//! Seeds on the command line.

use std::str::FromStr;

/// More seeds are taken for a slip of the hand.
const MOST: usize = 1000;

/// Seeds, as `1..5` (both ends included) or `3,7,11`: at least one, at most a thousand, none of them twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedList(Vec<u64>);

impl SeedList {
    /// The seeds, as they were written.
    pub fn seeds(&self) -> &[u64] {
        &self.0
    }
}

impl FromStr for SeedList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.trim().parse::<u64>().map_err(|_| format!("{text:?} is no seed; seeds look like 1..5 or 3,7,11"))
        };
        let seeds: Vec<u64> = match text.split_once("..") {
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last.trim_start_matches('='))?);
                if first > last {
                    return Err(format!("{first}..{last} holds no seed"));
                }
                (first..=last).take(MOST + 1).collect()
            }
            None => text.split(',').map(number).collect::<Result<_, _>>()?,
        };
        if seeds.len() > MOST {
            return Err(format!("at most {MOST} seeds"));
        }
        match seeds.iter().enumerate().find(|(i, seed)| seeds[..*i].contains(seed)) {
            Some((_, twice)) => Err(format!("seed {twice} is named twice")),
            None => Ok(Self(seeds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_as_they_are_written() {
        let read = |text: &str| text.parse::<SeedList>().map(|SeedList(seeds)| seeds);
        assert_eq!(read("1..5"), Ok(vec![1, 2, 3, 4, 5]));
        assert_eq!(read("3..=4"), Ok(vec![3, 4]));
        assert_eq!(read("7"), Ok(vec![7]));
        assert_eq!(read("3, 7,11"), Ok(vec![3, 7, 11]));
        for wrong in ["", "1..", "5..1", "1,1", "a..b", "-1", "0..18446744073709551615"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
