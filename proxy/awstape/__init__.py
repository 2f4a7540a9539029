"""awstape records paginated AWS IAM and IAM Access Analyzer traffic into redacted YAML cassettes and replays it."""

__version__ = "0.1.0"
