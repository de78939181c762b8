"""What runs behind the web server, and the site on SQLite: mails, fold, signing on one machine."""
