"""`completion`: the script that completes commands in a shell."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the completion script for SHELL.

    It completes commands, options, files and the tracks of a cassette. Put it where the shell looks for completion
    scripts (zsh: into any folder of $fpath, before compinit), or try it: source <(awstape completion bash).

    \b
    awstape completion bash > ~/.local/share/bash-completion/completions/awstape
    awstape completion zsh > ~/.zfunc/_awstape
    awstape completion fish > ~/.config/fish/completions/awstape.fish
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made
    click.echo(made(ctx.find_root().command, {}, "awstape", "_AWSTAPE_COMPLETE").source())
    return 0
