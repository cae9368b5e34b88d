//! The tiles of CliffWalking.

use crate::sprite::Sprite;

/// Grass.
pub(crate) const GROUND: Sprite<16> = Sprite([
    "gggggggggggggggg",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
    "g---------------",
]);

/// The cliff's left end.
pub(crate) const CLIFF_LEFT: Sprite<16> = Sprite([
    "#ww#############",
    "#wwdeeeddeeeddee",
    "#wweeeeeeeeeeeee",
    "#wweeeeeeeeeeeee",
    "#wweeeeeeeeeeeee",
    "#wweeeeeeeeeedee",
    "#wweeeeeeeeeedee",
    "#wweeeeeeeeeedee",
    "#wweeeeeeeeeedee",
    "#wweeeeeeeeeedee",
    "#wweeeeeeeeeeeee",
    "#wwddddddddddddd",
    "#wwddddddddddddd",
    "#wwddddddddddddd",
    "#wwsssssssssssss",
    "#wwsssssssssssss",
]);

/// The cliff in columns of even number.
pub(crate) const CLIFF_MIDDLE_EVEN: Sprite<16> = Sprite([
    "################",
    "ddeeeddeeeddeeed",
    "eeeeeeeeeeeeeeee",
    "eeeeeeeeeeeeeeee",
    "eeedeeeeeeeeeeee",
    "eeedeeeeeeeeeeee",
    "eeedeeeeeeeeeeee",
    "eeedeeeeeeeeeeee",
    "eeedeeeeeeeeeeee",
    "eeedeeeeeeeeeeee",
    "eeeeeeeeeeeeeeee",
    "dddddddddddddddd",
    "dddddddddddddddd",
    "dddddddddddddddd",
    "ssssssssssssssss",
    "ssssssssssssssss",
]);

/// The cliff in columns of odd number.
pub(crate) const CLIFF_MIDDLE_ODD: Sprite<16> = Sprite([
    "################",
    "eeddeeeddeeeddee",
    "eeeeeeeeeeeeeeee",
    "eeeeeeeeeeeeeeee",
    "eeeeeeeeeeeeeeee",
    "eeeeeeeeeedeeeee",
    "eeeeeeeeeedeeeee",
    "eeeeeeeeeedeeeee",
    "eeeeeeeeeedeeeee",
    "eeeeeeeeeedeeeee",
    "eeeeeeeeeeeeeeee",
    "dddddddddddddddd",
    "dddddddddddddddd",
    "dddddddddddddddd",
    "ssssssssssssssss",
    "ssssssssssssssss",
]);

/// The cliff's right end.
pub(crate) const CLIFF_RIGHT: Sprite<16> = Sprite([
    "#############ww#",
    "eeddeeeddeeedww#",
    "eeeeeeeeeeeeeww#",
    "eeeeeeeeeeeeeww#",
    "eeeeeeeeeeeeeww#",
    "eedeeeeeeeeeeww#",
    "eedeeeeeeeeeeww#",
    "eedeeeeeeeeeeww#",
    "eedeeeeeeeeeeww#",
    "eedeeeeeeeeeeww#",
    "eeeeeeeeeeeeeww#",
    "dddddddddddddww#",
    "dddddddddddddww#",
    "dddddddddddddww#",
    "sssssssssssssww#",
    "sssssssssssssww#",
]);
