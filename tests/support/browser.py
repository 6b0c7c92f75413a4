"""A real browser, without a window. Where there is none its tests are left out."""
import shutil
import subprocess

import pytest


def browser():
    for name in ("chromium-headless-shell", "chromium", "chromium-browser"):
        if shutil.which(name):
            return shutil.which(name)
    pytest.skip("no Chromium here")
    return None


def show(url, profile):
    """What the browser shows when it has done all that the page does."""
    return subprocess.run(
        [browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
         "--virtual-time-budget=20000", "--dump-dom", url], check=True, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
