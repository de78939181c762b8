"""How it is shown that somebody speaks for an organisation."""
