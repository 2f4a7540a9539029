"""`python -m awstape`."""

import sys

from awstape.cli.main import main

sys.exit(main())
