"""The words of every language: gettext catalogues as `.po` files, read at run time (no compile step)."""

from locales.load import LANGUAGES, translations

__all__ = ["LANGUAGES", "translations"]
