"""`make fuzz`: coverage-guided search for bytes that violate a property in `support.hostile`.

    python tests/fuzz.py [TARGET] [SECONDS]     runs one target or all; SECONDS is the total time
    python tests/fuzz.py TARGET FILE            runs the bytes of a file again

The corpora are kept in .fuzz/. Bytes that violate a property are written to .fuzz/TARGET/crash-…, and the exit status
is 1.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import atheris

FOLDER = Path(__file__).parent.parent / ".fuzz"
_TOKENS = """
    Action= Version=2010-05-08 &Tags.member.1.Key= .member. %00 %ff %25 <!DOCTYPE <!ENTITY &#27; <![CDATA[ ]]> <member>
    </member> xmlns= <Error> <Code> <Message> IsTruncated Marker nextToken arn:aws:iam::111122223333:role/x NaN 1e999
    \\ud800 "__type": !!binary !!python/object/apply: &a *a <<: --- ... |- >2 pages: - output: error: status: identity:
    unmodelled: Transfer-Encoding: chunked Content-Length: Expect: 100-continue HTTP/1.1 /~/health /~/reset 111122223333
""".split()


def _dictionary() -> Path:
    """Writes libFuzzer's dictionary file; returns its path."""
    path = FOLDER / "dictionary"
    escaped = ("".join(f"\\x{byte:02x}" for byte in token.encode()) for token in _TOKENS)
    path.write_text("".join(f'"{token}"\n' for token in escaped), "utf-8")
    return path


def _fuzz(name: str, seconds_or_file: str) -> None:
    """Runs one target. Doesn't return: libFuzzer ends the process."""
    with atheris.instrument_imports(include=["awstape"]):
        from support.hostile import TARGETS

    target, seeds = TARGETS[name]
    corpus = FOLDER / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds()):
        (corpus / f"seed-{i:03}").write_bytes(seed)
    paths = [f"-dict={_dictionary()}", f"-artifact_prefix={FOLDER / name}/", str(corpus)]
    inputs = [f"-max_total_time={seconds_or_file}", *paths] if seconds_or_file.isdigit() else [seconds_or_file]
    limits = ["-timeout=30", "-rss_limit_mb=3000", "-max_len=20000", "-verbosity=0", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *inputs], target)
    atheris.Fuzz()


def main(name: str = "all", seconds_or_file: str = "60") -> int:
    if name != "all":
        _fuzz(name, seconds_or_file)
    from support.hostile import TARGETS

    failed = []
    for target in TARGETS:
        print(f"--- {target}", flush=True)
        share = str(max(int(seconds_or_file) // len(TARGETS), 1))
        if subprocess.run([sys.executable, __file__, target, share], check=False).returncode:
            failed.append(target)
    for target in failed:
        print(f"failed: {target}; to reproduce: {sys.executable} {__file__} {target} {FOLDER / target}/crash-…")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
