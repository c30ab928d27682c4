"""What every test in a browser is marked with: its name, and skipped visibly where no Chromium is."""

import pytest

from tests.browser.conftest import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the pages were not opened"),
]
