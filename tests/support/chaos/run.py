"""One run: a site, people, a seeded storm, and the verdict."""

import random
import time
from contextlib import ExitStack
from pathlib import Path

from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.signatures.identifiers import read_confirm_token
from tests.support import apps
from tests.support.chaos.faults import Database, Nemesis, Surroundings
from tests.support.chaos.people import Crowd
from tests.support.chaos.verdict import Verdict, judge
from tests.support.redis import RedisServer
from tests.support.site import Site
from tests.support.smtp import SmtpServer

#: As in production: an acknowledged commit is on the disk.
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
#: Seconds that people go on asking after the storm.
PATIENCE = 60.0


class ChaosSite(Site):
    """A site whose web processes serve another application than `wsgi:app`, where a test wants to see it fail."""

    target = "wsgi:app"

    def _process(self, command: list[str]):  # type: ignore[no-untyped-def]
        return super()._process([self.target if word == "wsgi:app" else word for word in command])


def storm(
    folder: Path,
    *,
    seed: int,
    seconds: float,
    on: str,
    options: tuple[str, ...] = DURABLE,
    target: str = "wsgi:app",
) -> tuple[Verdict, list[str]]:
    """The verdict of one run, and what was done to the site. `on`: sqlite or postgresql."""
    with ExitStack() as stack:
        smtp = stack.enter_context(SmtpServer())
        settings = {
            "PLEDGE_SMTP_URL": smtp.url,
            "PLEDGE_TRUSTED_PROXIES": "1",
            "PLEDGE_FIRST_MAIL_PACE": "100000",
            # Who asks again and again until the site is back is not asked for more.
            "PLEDGE_STEP_UP_NETWORK": "1000 per minute",
        }
        redis = database = None
        if on == "postgresql":
            redis = RedisServer(folder / "redis").start()
            stack.callback(redis.stop)
            settings["PLEDGE_REDIS_URL"] = redis.url
            database = Database(folder, options)
            stack.callback(database.stop)
            url = database.server.create_database("chaos")
        else:
            url = f"sqlite:///{folder / 'chaos.sqlite3'}"
        apps.migrate(url, folder / "instance")
        site = ChaosSite(folder / "site", url, settings=settings)
        site.target = target
        stack.callback(site.stop)
        site.start()

        def own_page(token: str) -> str:
            with site.inside():
                signature_id, _expired = read_confirm_token(token)
                return f"/en/me/{tokens.mint(Purpose.MANAGE, [signature_id])}"

        crowd = Crowd(site.port, smtp, seed, own_page)
        around = Surroundings(site, smtp, redis, database, random.Random(seed))
        with Nemesis(around) as nemesis:
            crowd.start()
            time.sleep(seconds)
            nemesis.heal()
            crowd.stop(PATIENCE)
            verdict = judge(around, crowd.people)
        verdict.broken += crowd.refused
        return verdict, around.done
