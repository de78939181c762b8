"""The yardstick: the plain way to write the same sign-up, as the documentation of each library shows it.

FlaskForm, email-validator, a limit by Flask-Limiter on Redis, an ORM signature and outbox row in one transaction.
"""

import os
from datetime import UTC, datetime

from email_validator import EmailNotValidError, validate_email
from flask import Flask, redirect
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length, ValidationError


class Base(DeclarativeBase):
    pass


app = Flask("yardstick")
app.config.update(
    SECRET_KEY="yardstick",
    WTF_CSRF_ENABLED=False,
    SQLALCHEMY_DATABASE_URI=os.environ["YARDSTICK_DATABASE_URL"],
    RATELIMIT_STORAGE_URI=os.environ["YARDSTICK_REDIS_URL"],
    RATELIMIT_STRATEGY="sliding-window-counter",
    RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
)
db = SQLAlchemy(app, model_class=Base)
limiter = Limiter(get_remote_address, app=app)


class Signature(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text, unique=True)
    country: Mapped[str] = mapped_column(Text)
    region: Mapped[str | None] = mapped_column(Text)
    public_name: Mapped[bool]
    updates: Mapped[bool]
    state: Mapped[str] = mapped_column(Text, default="pending")
    submitted_at: Mapped[datetime]


class OutboxMail(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    signature_id: Mapped[int] = mapped_column(ForeignKey(Signature.id))
    kind: Mapped[str] = mapped_column(Text)


class SignForm(FlaskForm):
    name = StringField(validators=[DataRequired(), Length(max=80)])
    email = StringField(validators=[DataRequired()])
    country = StringField(validators=[DataRequired(), Length(2, 2)])
    region = StringField()
    age_ok = BooleanField(validators=[DataRequired()])
    consent_privacy = BooleanField(validators=[DataRequired()])
    public_name = BooleanField()
    updates = BooleanField()

    def validate_email(self, field):
        try:
            field.data = validate_email(field.data, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise ValidationError(str(error)) from error


@app.post("/sign")
@limiter.limit("100000000 per 10 minutes")
def sign():
    form = SignForm()
    if not form.validate_on_submit():
        return {"errors": form.errors}, 422
    signature = Signature(submitted_at=datetime.now(UTC).replace(tzinfo=None))
    form.populate_obj(signature)
    db.session.add(signature)
    db.session.flush()
    db.session.add(OutboxMail(signature_id=signature.id, kind="confirm"))
    db.session.commit()
    return redirect("/check", 303)


@app.get("/204")
def nothing():
    return "", 204
