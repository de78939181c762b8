"""The fonts for Typst, which sets the letter of a delivery, the letter and the posters of a campaign."""

from functools import cache

import typst

from pledge.core.fonts.glyphs import FONTS


@cache
def typst_fonts() -> typst.Fonts:
    """The fonts, read once in each process; none of the system's."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
