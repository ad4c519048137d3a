"""What readers get: immutable snapshots, one pointer, and never a file that changes under a reader."""
