"""Mail: the outbox, the caps on mails to one address, and sending by SMTP."""
