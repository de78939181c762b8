"""Files that came from outside: pictures, made harmless, and documents; kept in a folder or in an S3 bucket."""
