# SPDX-License-Identifier: MIT
"""A copy of the sources, for tests that build in another place."""

import shutil
import subprocess

from . import paths


def copy_sources(folder):
    """What git has of the tree, as it is in the working tree, with dates."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=paths.TOP,
                           check=True, capture_output=True,
                           text=True).stdout.split("\0")
    for name in filter(None, names):
        if (paths.TOP / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(paths.TOP / name, folder / name)
