"""The video of a campaign: a file of our own with captions (W3C WebVTT, section 4.1), or on YouTube or Vimeo by its id.

Nothing is loaded before somebody presses play.
"""

import html
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from pledge.campaigns.models import Campaign, VideoFormat, VideoProvider
from pledge.core.languages import Texts

_MOMENT = r"(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}"
_TIMING = re.compile(rf"{_MOMENT}[ \t]+-->[ \t]+{_MOMENT}(?:[ \t].*)?")
_TAG = re.compile(r"<[^>]*>")


class BadCaptions(ValueError):
    """Not WebVTT, or a line with times that browsers would skip."""


def check_captions(text: str) -> None:
    """Raises BadCaptions unless every browser shows all of it: the first line, and times that are written correctly."""
    first, _, rest = text.partition("\n")
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", first):
        raise BadCaptions
    times = [line for line in rest.split("\n") if "-->" in line]
    if not times or not all(map(_TIMING.fullmatch, times)):
        raise BadCaptions


def caption_words(text: str) -> list[str]:
    """What is said or shown, one line for each caption, without markup: for people who read instead of watching."""
    cues = []
    for block in re.split(r"\n{2,}", text):
        lines = block.split("\n")
        timed = next((number for number, line in enumerate(lines) if "-->" in line), None)
        if timed is not None:
            cues.append(html.unescape(_TAG.sub("", " ".join(lines[timed + 1 :]))).strip())
    return [line for line in cues if line]


_YOUTUBE_HOSTS = frozenset({"youtube.com", "m.youtube.com", "youtube-nocookie.com", "music.youtube.com"})
_IDS = {
    VideoProvider.YOUTUBE: re.compile(r"[A-Za-z0-9_-]{11}"),
    VideoProvider.VIMEO: re.compile(r"[0-9]{5,12}"),
}
#: Paths under which YouTube shows one video: /embed/<id>, /shorts/<id>, /live/<id>, /v/<id>.
_YOUTUBE_FOLDERS = frozenset({"embed", "shorts", "live", "v"})

#: Where the player comes from. The page's Content-Security-Policy allows exactly the one it needs.
ORIGINS = {
    VideoProvider.YOUTUBE: "https://www.youtube-nocookie.com",
    VideoProvider.VIMEO: "https://player.vimeo.com",
}
NAMES = {VideoProvider.YOUTUBE: "YouTube", VideoProvider.VIMEO: "Vimeo"}


class BadVideo(ValueError):
    """Not the address of one video on YouTube or Vimeo."""


@dataclass(frozen=True)
class Video:
    provider: VideoProvider
    id: str
    still: str = ""  #: a picture in `files`, or "" for the drawn one

    @property
    def name(self) -> str:
        """The name of the video site."""
        return NAMES[self.provider]

    @property
    def origin(self) -> str:
        return ORIGINS[self.provider]

    @property
    def link(self) -> str:
        """The video's page there, for visitors without JavaScript and for the editor's field."""
        if self.provider is VideoProvider.YOUTUBE:
            return f"https://www.youtube.com/watch?v={self.id}"
        return f"https://vimeo.com/{self.id}"

    @property
    def player(self) -> str:
        """The address for the frame once play was pressed: without cookies (YouTube), without tracking (Vimeo)."""
        if self.provider is VideoProvider.YOUTUBE:
            return f"{self.origin}/embed/{self.id}?autoplay=1&rel=0"
        return f"{self.origin}/video/{self.id}?autoplay=1&dnt=1"


@dataclass(frozen=True)
class OwnVideo:
    """A video in `files`, with its captions."""

    file: str
    format: VideoFormat
    still: str = ""  #: a picture in `files`, or "" for the drawn one
    captions: Texts = field(default_factory=Texts)  #: WebVTT, by language

    @property
    def media_type(self) -> str:
        return f"video/{self.format}"

    def words(self, lang: str) -> list[str]:
        """Its captions to read, in this language or else in the first that they are in."""
        return caption_words(self.captions.in_language(lang))


def campaign_video(row: Campaign) -> Video | OwnVideo | None:
    if row.video_file:
        return OwnVideo(row.video_file, VideoFormat(row.video_format), row.video_still, row.video_captions)
    if row.video_provider:
        return Video(VideoProvider(row.video_provider), row.video_id, row.video_still)
    return None


def parse_video(text: str) -> Video | None:
    """The video of an address; None for "". Raises BadVideo."""
    text = text.strip()
    if not text:
        return None
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        raise BadVideo from None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc:
        raise BadVideo
    path = [part for part in parts.path.split("/") if part]
    if host in ("vimeo.com", "player.vimeo.com") and path:
        return _video(VideoProvider.VIMEO, path[-1])
    if host == "youtu.be":
        video_id = path[0] if len(path) == 1 else ""
    elif host in _YOUTUBE_HOSTS and path == ["watch"]:
        video_id = parse_qs(parts.query).get("v", [""])[0]
    elif host in _YOUTUBE_HOSTS and len(path) == 2 and path[0] in _YOUTUBE_FOLDERS:
        video_id = path[1]
    else:
        raise BadVideo
    return _video(VideoProvider.YOUTUBE, video_id)


def _video(provider: VideoProvider, video_id: str) -> Video:
    if not _IDS[provider].fullmatch(video_id):
        raise BadVideo
    return Video(provider, video_id)
