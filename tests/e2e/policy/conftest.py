import os
import pathlib
import subprocess

import pytest

BIN = pathlib.Path(os.environ["TOCSIN_BIN"])
PATIENCE_S = 60


def run(*arguments, **words):
    """`tocsin policy ...`, done."""
    return subprocess.run([BIN / "tocsin", "policy", *map(str, arguments)], capture_output=True,
                          text=True, timeout=PATIENCE_S, **words)


@pytest.fixture(scope="session")
def tocsin():
    return run


@pytest.fixture(scope="session")
def up(tmp_path_factory):
    """A directory on which all services run, with the sample policy."""
    directory = tmp_path_factory.mktemp("up") / "d"
    process = subprocess.Popen([BIN / "tocsin", "up", "--data", directory], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in process.stdout:
        if line.startswith("ready"):
            break
    yield directory
    process.terminate()
    assert process.wait(PATIENCE_S) == 0
