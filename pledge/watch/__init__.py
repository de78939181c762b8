"""The watch over what came: clusters of sign-ups that look made by programs, and whether our mails arrive."""
