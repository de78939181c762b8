"""What all other packages use: database, text, clock, encryption, tokens, languages, URLs, logs. Nothing about campaigns."""
