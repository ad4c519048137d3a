"""Whether this process has what a scheduler's address asks for: Dask says it in a type error, or not at all."""

from distributed.security import Security

from loyalty_pipeline.cluster.workers import ClusterError

VARIABLES = "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ..._CLIENT__CERT and ..._CLIENT__KEY"


def refuse_without_certificates(address: str) -> None:
    """Raise `ClusterError` where the address is of another kind than the certificates that Dask's settings name."""
    try:
        told = Security().get_connection_args("client")
    except OSError as fault:
        message = f"{address}: the certificates of this process cannot be read ({fault}). Check {VARIABLES}"
        raise ClusterError(message) from None
    is_encrypted = address.startswith("tls://")
    if is_encrypted and told["ssl_context"] is None:
        message = f"{address} asks for certificates, and this process has none. Set {VARIABLES}"
        raise ClusterError(message)
    if told["require_encryption"] and not is_encrypted:
        message = f"{address} is not encrypted, and DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION asks for that: set `cluster` to tls://..."
        raise ClusterError(message)
