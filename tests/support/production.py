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

KEY, DATA_KEY, LOG_KEY = (
    "k3y-Yw0VqSx2pNfB7tLhRmZkJcUdEgAoI6",
    "d4ta-pNfB7tLhRmYw0VqSx2ZkJcUdEgAoI6",
    "l0g-mZkJcUdEgYw0VqSx2pNfB7tLhRAoI6",
)
#: The same for a process.
ENVIRONMENT = {
    "PLEDGE_ENV": "production",
    "PLEDGE_BASE_URL": "https://sky.example",
    "PLEDGE_SMTP_URL": "smtps://mailer:s3cretword@mail.example",
    "PLEDGE_SECRET_KEYS": KEY,
    "PLEDGE_DATA_KEYS": DATA_KEY,
    "PLEDGE_LOG_KEY": LOG_KEY,
    "PLEDGE_MAIL_FROM": "Sky <no-reply@sky.example>",
    "PLEDGE_CONTACT": "privacy@sky.example",
    "PLEDGE_PRIVACY_OFFICER": "Data protection office",
    "PLEDGE_POSTAL_ADDRESS": "1 Sky Street, Seoul",
    "PLEDGE_TELEPHONE": "+82 2 123 4567",
    "PLEDGE_PRESS_CONTACT": "Press office, press@sky.example",
}
