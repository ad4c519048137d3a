"""An address that asks for certificates is refused in a sentence where there are none, and the other way round."""

from pathlib import Path

import dask
import pytest

from loyalty_pipeline.cluster.certificates import refuse_without_certificates
from loyalty_pipeline.cluster.workers import ClusterError

TLS = "distributed.comm.tls"


def test_tls_without_certificates_says_which_variables_are_missing() -> None:
    with pytest.raises(ClusterError, match=r"tls://scheduler:8786 asks for certificates.*TLS__CA_FILE"):
        refuse_without_certificates("tls://scheduler:8786")


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    files = {f"{TLS}.ca-file": str(tmp_path / "ca.pem"), f"{TLS}.client.cert": str(tmp_path / "cert.pem")}
    with dask.config.set(files), pytest.raises(ClusterError, match="cannot be read"):
        refuse_without_certificates("tls://scheduler:8786")


def test_where_encryption_is_asked_for_tcp_is_refused() -> None:
    encrypted = {"distributed.comm.require-encryption": True}
    with dask.config.set(encrypted), pytest.raises(ClusterError, match="is not encrypted"):
        refuse_without_certificates("tcp://scheduler:8786")


def test_tcp_needs_nothing() -> None:
    refuse_without_certificates("tcp://scheduler:8786")
