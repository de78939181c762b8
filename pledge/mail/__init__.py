"""Mail: the outbox, the caps on how often one address is written to, and the way from the outbox to SMTP."""
