"""What the error numbers of MariaDB, MySQL and pymysql mean, in words that hold neither user nor password."""

DENIED = (1044, 1142, 1143, 1227, 1370)
NOT_THERE = (1049, 1102, 1103, 1146)
"""Also what cannot be a name."""

LOST = "the connection was cut. Nothing of this table was kept; the next run reads it anew"
NO_SERVER = "no server answers there"

REASONS = {
    **dict.fromkeys(DENIED, "the user of the address may not read it. Grant SELECT"),
    1040: "the server takes no more connections",
    1046: "the address names no database. Write it behind the host",
    1045: "the server refuses the user or the password",
    1049: "there is no such database",
    1054: "a column is gone: its definition changed while it was read",
    1130: "the server takes no connection from this machine",
    1146: "it is not there: it was dropped or renamed",
    1205: "it was locked for too long",
    1317: "the query was interrupted on the server",
    1356: "the view is broken, or its definer may not read what it is made of",
    1412: "its definition changed while it was read. The next run reads it anew",
    1698: "the server refuses the user or the password",
    1927: LOST,
    1969: "the query took longer than the server allows (`max_statement_time`)",
    2002: NO_SERVER,
    2003: NO_SERVER,
    2006: LOST,
    2013: LOST,
    2026: "the encrypted connection could not be made",
    3024: "the query took longer than the server allows (`max_execution_time`)",
    # pymysql says so of a connection that it closed itself.
    0: LOST,
}


def reason_of(error: BaseException) -> str:
    """The words for the number that the error comes with; empty where it has none that is known."""
    number = error.args[0] if error.args else None
    return REASONS.get(number, "") if isinstance(number, int) else ""
