"""Text: lines that people type, Markdown, plain text for mails, cells of spreadsheets."""
