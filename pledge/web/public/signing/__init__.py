"""A person signs; what is a signature's own on the pages of its mailed links."""
