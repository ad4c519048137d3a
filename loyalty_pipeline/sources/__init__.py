"""What the source systems promise (their raw contracts) and the readers that fetch it."""
