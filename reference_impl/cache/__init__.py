"""The reference cache: a worker that reads through to an object store, and a FUSE client that mounts it."""
