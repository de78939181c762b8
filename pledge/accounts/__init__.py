"""Staff accounts: people, roles, passwords, second factors, sessions."""
