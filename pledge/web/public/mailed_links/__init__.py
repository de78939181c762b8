"""The pages of a mailed link, the same for signatures and endorsements."""
