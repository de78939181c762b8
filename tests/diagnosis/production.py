"""Settings that production starts with."""

PRODUCTION = {
    "env": "production",
    "base_url": "https://pledge.example",
    "secret_keys": ("s" * 40,),
    "data_keys": ("d" * 40,),
    "log_key": ("l" * 40,),
    "smtp_url": "smtp+starttls://mail.example",
    "mail_from": "no-reply@pledge.example",
    "contact": "privacy@pledge.example",
}
