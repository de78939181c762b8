"""Jobs: files that the worker makes, so that no request waits for them."""
