"""`python -m awstape`."""

import sys

from awstape.cli import main

sys.exit(main())
