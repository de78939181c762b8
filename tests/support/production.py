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
    "privacy_officer": (("", "Data protection office"), ("ko", "개인정보보호팀")),
    "postal_address": (("", "1 Sky Street, Seoul"), ("ko", "서울특별시 하늘로 1")),
    "telephone": "+82 2 123 4567",
    "press_contact": (("", "Press office, press@pledge.example"), ("ko", "홍보팀, press@pledge.example")),
}
