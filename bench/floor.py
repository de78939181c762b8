"""The floor: the least that a Flask application can do, on the same server and machine as ours.

F0 answers 204 and does nothing. F1 makes one INSERT and commits, through psycopg, one kept connection for each thread.
"""

import os
import threading

import psycopg
from flask import Flask

app = Flask("floor")
_thread = threading.local()

TABLE = """
    CREATE TABLE IF NOT EXISTS floor (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL, email text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())"""


@app.get("/204")
def f0():
    return "", 204


@app.post("/insert")
def f1():
    connection = _connection()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO floor (name, email) VALUES (%s, %s)", ("홍길동", "person@example.org"))
    connection.commit()
    return "", 204


def _connection():
    if not hasattr(_thread, "connection"):
        _thread.connection = psycopg.connect(os.environ["FLOOR_DATABASE_URL"])
    return _thread.connection
