"""`python -m deploy` is `yui`."""

from deploy.cli import app

app(prog_name="yui")
