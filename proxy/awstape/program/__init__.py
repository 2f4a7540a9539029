"""Runs a server for a program: the proxy or the endpoint, the environment variables, and the child process.

`servers` starts the server and runs the program with it; `environment` makes the variables, and `child_process`
forwards signals and passes on the exit status. Works without mitmproxy until the proxy is started.
Read first: servers.
May import: catalog, clock, core.aws, core.text, errors, files, proxying, serving, tape.
"""
