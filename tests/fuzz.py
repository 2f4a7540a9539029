"""`make fuzz`: looks for bytes that break what `hostile` says of each door, guided by the code that they reach.

    python tests/fuzz.py [TARGET] [SECONDS]     all targets unless told, for so many seconds in all
    python tests/fuzz.py TARGET FILE            the same bytes again

What was found lies in .fuzz/, the bytes that break something as .fuzz/TARGET/crash-…; the exit status is 1 then.
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
    path = FOLDER / "dictionary"
    spelled = ("".join(f"\\x{byte:02x}" for byte in token.encode()) for token in _TOKENS)
    path.write_text("".join(f'"{token}"\n' for token in spelled), "utf-8")
    return path


def _fuzz(name: str, what: str) -> None:
    """Doesn't return: libFuzzer ends the process."""
    with atheris.instrument_imports(include=["awstape"]):
        from support.hostile import TARGETS

    target, seeds = TARGETS[name]
    corpus = FOLDER / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds()):
        (corpus / f"seed-{i:03}").write_bytes(seed)
    places = [f"-dict={_dictionary()}", f"-artifact_prefix={FOLDER / name}/", str(corpus)]
    how = [f"-max_total_time={what}", *places] if what.isdigit() else [what]
    limits = ["-timeout=30", "-rss_limit_mb=3000", "-max_len=20000", "-verbosity=0", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *how], target)
    atheris.Fuzz()


def main(name: str = "all", what: str = "60") -> int:
    if name != "all":
        _fuzz(name, what)
    from support.hostile import TARGETS

    broken = []
    for each in TARGETS:
        print(f"--- {each}", flush=True)
        share = str(max(int(what) // len(TARGETS), 1))
        if subprocess.run([sys.executable, __file__, each, share], check=False).returncode:
            broken.append(each)
    for each in broken:
        print(f"broken: {each}; again: {sys.executable} {__file__} {each} {FOLDER / each}/crash-…")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
