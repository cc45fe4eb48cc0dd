"""The server under load, beside the bare pipeline and other servers: `make bench-server`."""
