"""Tests of the training, which need its extra: `make test-train`."""
