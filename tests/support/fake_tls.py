"""A certificate that nobody signed but itself."""
import subprocess

import pytest


def make_certificate(directory, name="DNS:localhost"):
    """(certificate, key), files of the directory."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", directory / "key", "-out", directory / "cert",
                    "-subj", "/CN=localhost", "-addext", f"subjectAltName={name}"],
                   check=True, capture_output=True)
    return directory / "cert", directory / "key"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))
