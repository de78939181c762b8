"""Uploaded files: pictures, re-encoded, and documents, checked; stored in a folder or in an S3 bucket."""
