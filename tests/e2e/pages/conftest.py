import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "tests/support"))

from fake_tls import certificate  # noqa: E402, F401: a fixture
from paging import provider  # noqa: E402, F401: a fixture
