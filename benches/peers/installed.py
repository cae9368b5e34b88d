#!/usr/bin/env python3
"""Says which Python this is and which of the peers it has, as one line of JSON."""

import json
import platform
import sys
from importlib import metadata

# Some packages come under one name or another.
PEERS = {
    "torch": [],
    "numpy": [],
    "stable-baselines3": [],
    "gymnasium": [],
    "Box2D": ["box2d-py"],
    "ale-py": [],
    "opencv-python-headless": ["opencv-python"],
    "envpool": [],
}


def version(names):
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    return None


if __name__ == "__main__":
    found = {package: version([package, *others]) for package, others in PEERS.items()}
    packages = {package: version for package, version in found.items() if version}
    print(json.dumps({"executable": sys.executable, "version": platform.python_version(), "packages": packages}))
