"""Certificates of our own for TLS on loopback: fixtures to import."""

import ssl

import pytest


@pytest.fixture(scope="session")
def authority():
    trustme = pytest.importorskip(
        "trustme",
        reason="TLS is tested with a certificate of our own; in the folder of the source: pip install '.[test]'",
    )
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def client_tls(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
