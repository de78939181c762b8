"""Settings that production starts with."""

PRODUCTION = {
    "env": "production",
    "base_url": "https://pledge.example",
    "secret_keys": ("Q7f0-a secret key of forty characters.",),
    "data_keys": ("hW3x-another one, for data, of forty ch",),
    "log_key": ("zR9k-and a third for the log, as long.",),
    "smtp_url": "smtp+starttls://mail.example",
    "mail_from": "no-reply@pledge.example",
    "contact": "privacy@pledge.example",
}
