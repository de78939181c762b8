"""The storage that the settings choose: a bucket when PLEDGE_STORAGE_URL names one, else a folder."""

from functools import lru_cache

from config import Config, current_config
from pledge.files.bucket import Bucket
from pledge.files.storage import FOLDER, Folder, Storage


def current_storage() -> Storage:
    """The storage of the running application."""
    return _storage(current_config())


@lru_cache(maxsize=8)
def _storage(config: Config) -> Storage:
    return Bucket(config) if config.storage_url else Folder(config.instance_dir / FOLDER)
